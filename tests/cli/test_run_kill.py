"""`yunmin kill` and a run: orders are gone whatever the strategy is doing."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.cli.a_bot import RESTING, a_bot, a_moving_venue, command, open_orders, until, working_folder

STUCK = {
    "a loop of Python": "while True: pass",
    "a call into C that keeps Python's lock": 're.match(r"(a+)+$", "a" * 64 + "b")',
}


@pytest.mark.parametrize("how", STUCK)
def test_P18_a_kill_from_outside_leaves_nothing_open_while_the_strategy_never_returns(tmp_path: Path, how: str) -> None:
    lines = ("import re, sys", 'sys.stderr.write("stuck\\n")', "sys.stderr.flush()", STUCK[how])
    strategy = RESTING.replace("        pass\n", "".join(f"        {line}\n" for line in lines))
    with a_moving_venue() as url:
        folder = working_folder(tmp_path, url, strategy, "BTC/USDT")
        with a_bot(folder) as bot:
            bot.hear("stuck")
            assert len(open_orders(url)) == 1
            killed = command(folder, "kill", "--json")
            assert killed.code == 0, killed.err
            assert open_orders(url) == set()
            assert bot.process.poll() is None
    assert killed.json["is_flat"] is True
    assert killed.json["folder"] == str(folder / "accounts" / "main")
    assert killed.json["seconds"] < 30  # two on a machine that has nothing else to do


def test_P18_a_run_in_a_world_of_its_own_heeds_the_kill_itself_and_ends_in_order(tmp_path: Path) -> None:
    folder = working_folder(tmp_path, None, RESTING, "BTC/USDT")
    with a_bot(folder, "--local", "--json") as bot:
        resting = bot.hear("order_opened")["client_order_id"]
        until(lambda: resting in command(folder, "status", "--json").out, "the order is in the status")
        killed = command(folder, "kill", "--json", "--why", "the news")
        assert killed.code == 0, killed.err
        assert killed.json["is_flat"] is True
        assert killed.json["cancelled"] == [resting]
        assert killed.json["seconds"] < 30
        shown = command(folder, "status", "--json").json["status"]
        assert shown["pauses"] == {"KILLED": "the news"}
        bot.tell(signal.SIGTERM)
        ended = bot.end()
    assert ended.code == 0, ended.err
    assert ended.json["orders"] == {"CANCELLED": 1}
