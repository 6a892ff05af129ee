"""Each command does what it says, says how it ended, and keeps stdout clean for --json."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_help_lists_the_commands_and_the_exit_codes(yunmin: Run) -> None:
    shown = yunmin("--help")
    assert shown.code == 0
    for command in ("demo", "doctor", "adapters", "markets", "balance", "order", "venue"):
        assert command in shown.out
    assert "6 outcome unknown" in " ".join(shown.out.split())


def test_version(yunmin: Run) -> None:
    assert yunmin("--version").out.startswith("yunmin 0.")


def test_adapters_lists_capabilities(yunmin: Run) -> None:
    found = yunmin("adapters", "--json").json
    assert found["binance"]["capabilities"]["LIMIT_ORDER"] == "FULL"
    assert found["binance"]["capabilities"]["STOP_ORDER"] == "FULL"
    assert "Binance spot" in yunmin("adapters").out


def test_markets_shows_rules_as_exact_text(yunmin: Run) -> None:
    found = {market["symbol"]: market for market in yunmin("markets", "--json").json}
    assert found["BTC/USDT"]["tick_size"].startswith("0.01")
    only = yunmin("markets", "--quote", "BTC", "--json").json
    assert only
    assert {market["quote_asset"] for market in only} == {"BTC"}
    assert "BTC/USDT" in yunmin("markets").out


def test_balance(yunmin: Run) -> None:
    assert yunmin("balance", "--json").json["LTC"]["free"] == "1000"  # the asset that no other test trades
    assert "USDT" in yunmin("balance").out


def test_an_order_is_placed_shown_listed_and_cancelled(yunmin: Run) -> None:
    place = ("order", "place", "BNB/USDT", "buy", "limit", "--qty", "0.1", "--price", "300")
    placed = yunmin(*place, "--client-order-id", "cli-test-1", "--json")
    assert placed.code == 0, placed.err
    assert (placed.json["state"], placed.json["qty"]) == ("OPEN", "0.10000000")
    assert yunmin("order", "status", "BNB/USDT", "--client-order-id", "cli-test-1", "--json").json["state"] == "OPEN"
    assert "cli-test-1" in [o["client_order_id"] for o in yunmin("order", "list", "--json").json]
    again = yunmin(*place, "--client-order-id", "cli-test-1", "--json")
    assert (again.code, again.error["error"]) == (4, "DuplicateOrder")
    ended = yunmin("order", "cancel", "BNB/USDT", "--order-id", placed.json["exchange_order_id"], "--json")
    assert ended.json["state"] == "CANCELLED"
    history = yunmin("order", "list", "--symbol", "BNB/USDT", "--history", "--json").json
    assert history[0]["client_order_id"] == "cli-test-1"


def test_a_market_order_by_quote_amount(yunmin: Run) -> None:
    filled = yunmin("order", "place", "BTC/USDT", "BUY", "MARKET", "--quote-qty", "100", "--json")
    assert filled.json["state"] == "FILLED"


def test_a_test_order_places_nothing(yunmin: Run) -> None:
    tested = yunmin("order", "place", "BNB/USDT", "BUY", "LIMIT", "--qty", "0.1", "--price", "300", "--test", "--json")
    assert tested.json == {"tested": True, "placed": False}
    assert yunmin("order", "list", "--symbol", "BNB/USDT", "--json").json == []


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (("order", "place", "BNB/USDT", "BUY", "LIMIT", "--qty", "nan", "--price", "300"), 2, "InvalidValue"),
        (("order", "place", "BNB/USDT", "BUY", "LIMIT", "--qty", "0.1"), 2, "InvalidValue"),
        (("order", "place", "BNB/USDT", "BUY", "LIMIT", "--qty", "0.1", "--price", "300.001"), 4, "InvalidOrder"),
        (("order", "place", "NO/SUCH", "BUY", "LIMIT", "--qty", "0.1", "--price", "300"), 4, "UnknownSymbol"),
        (("order", "place", "BTC/USDT", "BUY", "LIMIT", "--qty", "100", "--price", "60000"), 4, "InsufficientFunds"),
        (("order", "status", "BNB/USDT", "--client-order-id", "nobody"), 4, "OrderNotFound"),
        (("order", "cancel", "BNB/USDT"), 2, "InvalidValue"),
        (("order", "list", "--history"), 2, "InvalidValue"),
        (("balance", "--adapter", "nowhere"), 3, "ConfigurationError"),
        (("balance", "--environment", "live"), 3, "ConfigurationError"),
        (("balance", "--url", "http://10.1.2.3"), 3, "ConfigurationError"),
        (("balance", "--url", "http://127.0.0.1:9"), 5, "Unavailable"),
        (("demo", "--candles", "nowhere.parquet"), 3, "ConfigurationError"),
        (("demo", "--symbol", "NO/SUCH"), 4, "UnknownSymbol"),
        (("venue", "up", "--host", "0.0.0.0", "--port", "0"), 3, "ConfigurationError"),
    ],
)
def test_a_failure_has_its_code_and_says_what_is_safe(
    yunmin: Run, words: tuple[str, ...], code: int, error: str
) -> None:
    failed = yunmin(*words, "--json")
    assert (failed.code, failed.out) == (code, ""), failed
    assert failed.error["error"] == error
    assert failed.error["exit_code"] == code
    assert failed.error["advice"]
    assert "Traceback" not in yunmin(*words).err


def test_an_unknown_outcome_has_a_code_of_its_own_and_forbids_repeating() -> None:
    code = """
from yunmin.cli.outcome import fail
from yunmin.errors import OutcomeUnknown
fail(OutcomeUnknown("the outcome is not known", client_order_id="ym-1"), as_json=False)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 6
    assert "Do NOT repeat" in done.stderr


def test_the_doctor_finds_everything_in_order(yunmin: Run) -> None:
    report = yunmin("doctor", "--json")
    assert report.code == 0, report.out
    assert report.json["ok"]
    rights = next(check["found"] for check in report.json["checks"] if check["name"] == "key rights")
    assert rights == "may trade; may not withdraw; bound to network addresses"
    assert {"connection", "clock within 1 s", "credentials", "key rights"} <= {
        check["name"] for check in report.json["checks"]
    }


def test_the_doctor_fails_when_nobody_answers(yunmin: Run) -> None:
    report = yunmin("doctor", "--json", "--url", "http://127.0.0.1:9")
    assert report.code == 1
    assert not report.json["ok"]


def test_an_adapter_can_be_chosen_by_the_environment(yunmin: Run) -> None:
    assert yunmin("balance", "--json", YUNMIN_ADAPTER="nowhere").code == 3
    assert yunmin("balance", "--json", YUNMIN_ADAPTER="binance").code == 0


@pytest.mark.parametrize(
    ("error", "code", "advice"),
    [
        ("DuplicateOrder('x')", 4, "Do NOT place another"),
        ("OrderNotFound('x')", 4, "may be filled, cancelled or never placed"),
        ("Rejected('x', reason=RejectReason.RATE_LIMITED, retry_after=30.0)", 4, "Stop all requests for 30 s"),
        ("MalformedResponse('x')", 5, "Nothing was changed by asking"),
        ("Timeout('x')", 5, "Nothing was changed by asking"),
        ("LifecycleError('x')", 1, ""),
    ],
)
def test_the_advice_fits_what_is_known(error: str, code: int, advice: str) -> None:
    script = f"from yunmin.errors import *\nfrom yunmin.cli.outcome import fail\nfail({error}, as_json=False)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert advice in done.stderr


def test_ctrl_c_has_a_code_of_its_own() -> None:
    script = """
from yunmin.cli.outcome import run
async def work():
    raise KeyboardInterrupt
run(work, as_json=False)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert "ask for it" in done.stderr


def test_a_result_that_cannot_be_written_is_not_taken_for_a_failure(yunmin: Run, venue_url: str) -> None:
    command = f"{sys.executable} -m yunmin balance --url {venue_url} > /dev/full"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 7
    assert "WAS carried out" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_env_file_that_is_no_text_is_named(yunmin: Run, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\x00\xffrubbish\n")
    command = [sys.executable, "-m", "yunmin", "balance"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert ".env" in done.stderr


def test_history_is_no_longer_than_asked(yunmin: Run) -> None:
    for number in range(3):
        terms = ("--qty", "0.01", "--price", "1500", "--client-order-id", f"limit-{number}")
        assert yunmin("order", "place", "ETH/USDT", "BUY", "LIMIT", *terms).code == 0
        assert yunmin("order", "cancel", "ETH/USDT", "--client-order-id", f"limit-{number}").code == 0
    listed = yunmin("order", "list", "--symbol", "ETH/USDT", "--history", "--limit", "2", "--json").json
    assert [order["client_order_id"] for order in listed] == ["limit-2", "limit-1"]


def test_ids_are_not_broken_over_lines(yunmin: Run) -> None:
    name = "ym-" + "a" * 33
    placed = yunmin(
        "order", "place", "BNB/USDT", "BUY", "LIMIT", "--qty", "0.1", "--price", "300", "--client-order-id", name
    )
    assert name in placed.out
    assert name in yunmin("order", "list").out
    assert yunmin("order", "cancel", "BNB/USDT", "--client-order-id", name).code == 0


def test_of_a_command_that_was_cut_short_nothing_is_claimed() -> None:
    script = """
from yunmin.cli.outcome import run
async def work():
    raise BrokenPipeError(32, "Broken pipe")
run(work, as_json=False)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 6
    assert "Do NOT repeat" in done.stderr
