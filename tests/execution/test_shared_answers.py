"""One question for several who want to know the same."""

from __future__ import annotations

import asyncio

import pytest

from yunmin.execution.shared_answers import SharedAnswers


class Oracle:
    """Answers with the number of the question, when it is let."""

    def __init__(self) -> None:
        self.asked = 0
        self.answers: asyncio.Queue[Exception | None] = asyncio.Queue()

    async def __call__(self) -> int:
        self.asked += 1
        number = self.asked
        failure = await self.answers.get()
        if failure is not None:
            raise failure
        return number


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_who_asks_at_the_same_time_shares_the_answer_of_a_question_that_left_late_enough() -> None:
    shared, oracle = SharedAnswers(), Oracle()
    since = shared.moment()
    asking = [asyncio.create_task(shared.ask("time", oracle, since=since)) for _ in range(5)]
    await turns()
    too_late_for_it = [asyncio.create_task(shared.ask("time", oracle, since=shared.moment())) for _ in range(3)]
    await turns()
    assert oracle.asked == 1
    oracle.answers.put_nowait(None)
    assert await asyncio.gather(*asking) == [1] * 5
    oracle.answers.put_nowait(None)
    assert await asyncio.gather(*too_late_for_it) == [2] * 3


async def test_other_questions_do_not_wait_and_nothing_is_kept() -> None:
    shared, oracle = SharedAnswers(), Oracle()
    oracle.answers.put_nowait(None)
    oracle.answers.put_nowait(None)
    since = shared.moment()
    both = await asyncio.gather(
        shared.ask("this", oracle, since=since),
        shared.ask("that", oracle, since=since),
    )
    assert sorted(both) == [1, 2]
    oracle.answers.put_nowait(None)
    assert await shared.ask("this", oracle, since=since) == 3  # nobody was waiting, so it was let go
    assert shared._questions == {}


async def test_an_error_is_the_askers_own_and_the_next_one_asks_anew() -> None:
    shared, oracle = SharedAnswers(), Oracle()
    since = shared.moment()
    unlucky = asyncio.create_task(shared.ask("time", oracle, since=since))
    await turns()
    waiting = asyncio.create_task(shared.ask("time", oracle, since=since))
    await turns()
    oracle.answers.put_nowait(ValueError("no"))
    oracle.answers.put_nowait(None)
    with pytest.raises(ValueError, match="no"):
        await unlucky
    assert await waiting == 2


async def test_one_who_is_cancelled_while_asking_leaves_the_question_to_the_next() -> None:
    shared, oracle = SharedAnswers(), Oracle()
    since = shared.moment()
    asking = asyncio.create_task(shared.ask("time", oracle, since=since))
    await turns()
    waiting = asyncio.create_task(shared.ask("time", oracle, since=since))
    await turns()
    asking.cancel()
    oracle.answers.put_nowait(None)
    assert await waiting == 2
    assert asking.cancelled()
