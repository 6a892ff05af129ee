"""Answers that serve several who want to know the same at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

__all__ = ["SharedAnswers"]

Answer = TypeVar("Answer")


@dataclass(slots=True)
class _Question:
    """One that is being asked, or was for somebody who is still here."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    wanted_by: int = 0
    asked_at: int = -1
    answer: Any = None


class SharedAnswers:
    """Whoever asks gets an answer to a question that left after the moment from which on it counts for them.

    Who asks while the same question is under way waits for its answer, and asks anew only where that one left too
    early. Nothing is kept for those who come later, and an error is nobody's but the one's who asked.
    """

    def __init__(self) -> None:
        self._questions: dict[Hashable, _Question] = {}
        self._moments = count()

    def moment(self) -> int:
        """Now: every question that leaves after this has a later moment."""
        return next(self._moments)

    async def ask(self, what: Hashable, question: Callable[[], Awaitable[Answer]], *, since: int) -> Answer:
        """The answer to `question`, which left after `since`; questions of the same `what` are the same."""
        asked = self._questions.setdefault(what, _Question())
        asked.wanted_by += 1
        try:
            async with asked.turn:
                if asked.asked_at < since:
                    asked_at = self.moment()
                    asked.answer = await question()
                    asked.asked_at = asked_at
                answer: Answer = asked.answer
                return answer
        finally:
            asked.wanted_by -= 1
            if not asked.wanted_by:
                del self._questions[what]
