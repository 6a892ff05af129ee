"""The blocking front door over one background event loop."""

from __future__ import annotations

import asyncio
import gc
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from yunmin.connectors.binance_connector import BinanceConnector, BinanceConnectorError
from yunmin.connectors.sync import SyncConnector
from yunmin.errors import ConfigurationError, InvalidOrder, InvalidValue, Unavailable, UnknownSymbol, YunminError
from yunmin.exchange import Environment, LiveConsent


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.is_alive()}


def test_nothing_is_started_before_the_first_call() -> None:
    BinanceConnector()
    assert "yunmin-connector" not in threads()


def test_it_works_from_plain_code_and_leaves_no_thread_behind(venue_url: str) -> None:
    with BinanceConnector(base_url=venue_url) as connector:
        assert connector.ping() == {}
        assert "yunmin-connector" in threads()
    assert "yunmin-connector" not in threads()


async def test_it_works_inside_a_running_loop_as_in_a_notebook(venue_url: str) -> None:
    assert asyncio.get_running_loop().is_running()
    with BinanceConnector(base_url=venue_url) as connector:
        assert connector.get_server_time() > 0


def test_it_may_be_used_from_several_threads(venue_url: str) -> None:
    with BinanceConnector(base_url=venue_url) as connector, ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: connector.ping(), range(16))) == [{}] * 16


def test_close_may_be_called_twice_and_before_any_call(venue_url: str) -> None:
    connector = BinanceConnector(base_url=venue_url)
    connector.close()
    connector.close()
    with pytest.raises(ConfigurationError, match="closed"):
        connector.ping()


def test_a_failure_to_connect_is_told_and_the_next_call_tries_again() -> None:
    with BinanceConnector(base_url="http://127.0.0.1:9") as connector:
        for _ in range(2):
            with pytest.raises(Unavailable):
                connector.ping()


def test_the_old_name_of_the_errors_is_the_root_of_the_tree() -> None:
    assert BinanceConnectorError is YunminError


def test_without_a_word_it_is_the_local_venue() -> None:
    assert BinanceConnector().config.environment is Environment.LOCAL


def test_testnet_is_testnet() -> None:
    assert BinanceConnector("k", "s", testnet=True).config.environment is Environment.TESTNET


@pytest.mark.parametrize(("text", "environment"), [("true", Environment.TESTNET), ("1", Environment.TESTNET)])
def test_the_environment_variable_says_testnet(
    monkeypatch: pytest.MonkeyPatch, text: str, environment: Environment
) -> None:
    monkeypatch.setenv("BINANCE_TESTNET", text)
    monkeypatch.setenv("BINANCE_API_KEY", "from-env")
    monkeypatch.setenv("BINANCE_API_SECRET", "secret-env")
    config = BinanceConnector().config
    assert config.environment is environment
    assert config.credentials is not None
    assert config.credentials.api_key.get_secret_value() == "from-env"


def test_a_dotenv_file_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:  # type: ignore[no-untyped-def]  # pytest's own
    (tmp_path / ".env").write_text("BINANCE_API_KEY=from-file\nBINANCE_API_SECRET=s\nBINANCE_TESTNET=true\n")
    (tmp_path / ".env").chmod(0o600)
    monkeypatch.chdir(tmp_path)
    config = BinanceConnector().config
    assert config.environment is Environment.TESTNET
    assert config.credentials is not None
    assert config.credentials.api_key.get_secret_value() == "from-file"


def test_an_unreadable_setting_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_TESTNET", "canary-value")
    with pytest.raises(ConfigurationError, match="BINANCE_TESTNET") as caught:
        BinanceConnector()
    assert "canary" not in str(caught.value)


def test_real_money_is_refused_without_consent() -> None:
    for live in ({"testnet": False}, {"environment": "live"}):
        with pytest.raises(ConfigurationError, match="three consents"):
            BinanceConnector("k", "s", **live)


def test_real_money_with_consent_is_made_and_sends_nothing_yet() -> None:
    consent = LiveConsent(config_says_live=True, command_says_live=True, account="main")
    assert BinanceConnector("k", "s", environment="live", live_consent=consent).config.environment is Environment.LIVE


def test_half_a_pair_of_credentials_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="go together"):
        BinanceConnector(api_key="k")


def test_an_unknown_environment_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="local, testnet, demo, live"):
        BinanceConnector(environment="moon")


def test_its_repr_names_no_key() -> None:
    assert "canary" not in repr(BinanceConnector("canary", "canary", testnet=True))


@pytest.mark.parametrize(
    ("terms", "error"),
    [
        ({"qty": float("nan"), "price": 300}, InvalidOrder),
        ({"qty": float("inf"), "price": 300}, InvalidOrder),
        ({"qty": -1, "price": 300}, InvalidOrder),
        ({"qty": 0, "price": 300}, InvalidOrder),
        ({"qty": True, "price": 300}, InvalidOrder),
        ({"qty": "1_0", "price": 300}, InvalidOrder),
        ({"qty": 0.1}, InvalidOrder),
        ({"qty": 0.1, "price": 300.001}, InvalidOrder),
        ({"symbol": "bnbusdt", "qty": 0.1, "price": 300}, UnknownSymbol),
        ({"symbol": 7, "qty": 0.1, "price": 300}, UnknownSymbol),
        ({"side": "buy!", "qty": 0.1, "price": 300}, InvalidOrder),
    ],
)
def test_bad_input_is_a_clear_error(venue_url: str, terms: dict[str, object], error: type[Exception]) -> None:
    order = {"symbol": "BNBUSDT", "side": "BUY", "order_type": "LIMIT", **terms}
    with BinanceConnector(base_url=venue_url) as connector:
        with pytest.raises(error):
            connector.place_order(**order)  # type: ignore[arg-type]  # wrong on purpose
        assert connector.get_open_orders("BNBUSDT") == []


def test_an_order_must_be_named(venue_url: str) -> None:
    with BinanceConnector(base_url=venue_url) as connector, pytest.raises(InvalidValue, match="name the order"):
        connector.cancel_order("BNBUSDT")


def test_an_interrupt_cancels_the_work() -> None:
    """What is under way when the caller is interrupted is cancelled, not left behind."""
    cancelled = threading.Event()

    class Endless:
        async def connect(self) -> None:
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                cancelled.set()
                raise

        async def close(self) -> None:
            pass

    sync: SyncConnector[Endless] = SyncConnector(Endless)  # type: ignore[type-var]  # as much of a connector as is needed
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(sync.call, lambda connector: connector.connect())
        while sync._background._loop is None or not asyncio.all_tasks(sync._background._loop):
            pass
        for task in asyncio.all_tasks(sync._background._loop):
            sync._background._loop.call_soon_threadsafe(task.cancel)
        assert waiting.exception(10) is not None
    assert cancelled.wait(10)
    sync.close()


def test_closing_ends_the_calls_that_still_wait_and_no_new_connector_is_made(venue_url: str) -> None:
    made: list[Slow] = []

    class Slow:
        def __init__(self) -> None:
            made.append(self)

        async def connect(self) -> None:
            await asyncio.get_running_loop().create_future()

        async def close(self) -> None:
            pass

    sync: SyncConnector[Slow] = SyncConnector(Slow)  # type: ignore[type-var]  # as much of a connector as is needed
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(sync.call, lambda connector: connector.connect()) for _ in range(4)]
        while sync._background._loop is None or len(asyncio.all_tasks(sync._background._loop)) < 4:
            pass
        sync.close()
        assert all(isinstance(call.exception(10), ConfigurationError) for call in waiting)
    assert len(made) == 1


def test_it_closes_by_itself_when_it_is_let_go_of(venue_url: str) -> None:
    connector = BinanceConnector(base_url=venue_url)
    connector.ping()
    del connector
    gc.collect()
    assert "yunmin-connector" not in threads()


@pytest.mark.parametrize(
    "wrong", [{"client_order_id": 5}, {"client_order_id": ""}, {"order_id": "abc"}, {"order_id": True}]
)
def test_an_id_of_the_wrong_kind_is_refused_before_anything_is_sent(venue_url: str, wrong: dict[str, object]) -> None:
    with BinanceConnector(base_url=venue_url) as connector:
        for ask in (connector.cancel_order, connector.get_order_status):
            with pytest.raises(InvalidValue):
                ask("BNBUSDT", **wrong)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("limit", [0, -1, "5", True])
def test_a_limit_is_a_whole_number_from_one(venue_url: str, limit: object) -> None:
    with BinanceConnector(base_url=venue_url) as connector, pytest.raises(InvalidValue):
        connector.get_order_history("BNBUSDT", limit=limit)  # type: ignore[arg-type]  # wrong on purpose


def test_history_over_several_symbols_is_newest_first_and_no_longer_than_asked(venue_url: str) -> None:
    with BinanceConnector(base_url=venue_url) as connector:
        for symbol in ("BNBUSDT", "ETHUSDT", "BNBUSDT"):
            price = 300 if symbol == "BNBUSDT" else 1500
            placed = connector.place_order(symbol, "BUY", "LIMIT", qty=0.1, price=price)
            connector.cancel_order(symbol, order_id=placed["orderId"])
        found = connector.get_order_history(limit=2)
        assert len(found) == 2
        times = [order["time"] for order in connector.get_order_history(limit=50)]
        assert times == sorted(times, reverse=True)


def test_assets_with_nothing_free_are_left_out_of_the_balance(venue_url: str) -> None:
    with BinanceConnector(base_url=venue_url) as connector:
        free = connector.get_balance()["LTC"]
        price = 0.002  # far above the market, within its price band
        placed = connector.place_order("LTCBTC", "SELL", "LIMIT", qty=free, price=price)
        try:
            assert "LTC" not in connector.get_balance()
        finally:
            connector.cancel_order("LTCBTC", order_id=placed["orderId"])
