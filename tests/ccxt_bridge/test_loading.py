"""One exchange is imported without the other hundred, and nobody notices afterwards."""

from __future__ import annotations

import subprocess
import sys

import pytest

from yunmin.ccxt_bridge.loading import exchange_class
from yunmin.errors import ConfigurationError

_LOAD = (
    "from yunmin.ccxt_bridge.loading import exchange_class; loaded = exchange_class('binance'); import sys, logging;"
)


def python(code: str) -> str:
    """What a fresh interpreter prints; its standard error must stay empty."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.strip()


def test_the_other_exchanges_are_not_imported() -> None:
    found = python(
        f"{_LOAD} print('ccxt.async_support.kraken' in sys.modules, 'ccxt.kraken' in sys.modules,"
        " len([name for name in sys.modules if name.startswith('ccxt.async_support.')]) < 20, loaded.__name__)"
    )
    assert found == "False False True binance"


def test_importing_ccxt_afterwards_gives_all_of_it() -> None:
    found = python(
        f"{_LOAD} import ccxt, ccxt.async_support as later; from ccxt import kraken as named;"
        " print(ccxt.kraken is named, isinstance(ccxt.binance, type), isinstance(later.binance, type),"
        " later.binance is loaded, isinstance(ccxt.async_support.kraken, type), 'kraken' in ccxt.exchanges,"
        " issubclass(ccxt.OrderNotFound, ccxt.InvalidOrder), bool(ccxt.__version__))"
    )
    assert found == " ".join(["True"] * 8)


def test_asking_for_the_class_before_anything_else_gives_the_class() -> None:
    assert python(f"{_LOAD} import ccxt.async_support; print(ccxt.async_support.binance is loaded)") == "True"


def test_ccxt_imported_before_is_left_as_it_is() -> None:
    found = python(
        "import ccxt.async_support as before; kept = before.binance;"
        f"{_LOAD} print(loaded is kept, before.kraken.__name__)"
    )
    assert found == "True kraken"


def test_a_second_exchange_and_a_second_time_load_as_well() -> None:
    found = python(
        f"{_LOAD} print(exchange_class('binance') is loaded, exchange_class('kraken').__name__,"
        " 'ccxt.async_support.okx' in sys.modules)"
    )
    assert found == "True kraken False"


def test_ccxts_loggers_stay_silent_at_debug() -> None:
    found = python(
        f"{_LOAD} logging.basicConfig(level=logging.DEBUG, stream=sys.stdout);"
        "logging.getLogger('ccxt.async_support.base.exchange').debug('key'); logging.getLogger('ccxt').info('key');"
        "print('end')"
    )
    assert found == "end"


@pytest.mark.parametrize("name", ["no_such_exchange", "kraken2", "base.nothing", ""])
def test_an_exchange_that_ccxt_does_not_have_is_a_configuration_error(name: str) -> None:
    with pytest.raises(ConfigurationError):
        exchange_class(name)


@pytest.mark.parametrize("name", ["base", "base.exchange", "abstract.binance"])
def test_a_module_of_ccxt_that_is_no_exchange_is_a_configuration_error(name: str) -> None:
    with pytest.raises(ConfigurationError):
        exchange_class(name)


def test_without_ccxt_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"pip install 'yunmin\[ccxt\]'"):
        exchange_class("binance")
