"""Import one ccxt exchange without the other hundred.

Importing one module of `ccxt.async_support` runs `ccxt/__init__` and `ccxt/async_support/__init__`, which import every
exchange that ccxt has: about two seconds and 100 MB. Here both packages are put in place unexecuted; they run in full
the moment anybody asks them for a name, so a plain `import ccxt` still works afterwards as if nothing had happened.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
from types import ModuleType
from typing import Any

from yunmin.errors import ConfigurationError

__all__ = ["exchange_class"]

_PACKAGES = ("ccxt", "ccxt.async_support")

# ccxt's own websocket base takes its errors and the base class from the top package, which would run all of it
_SHOWN_BY_CCXT = ("ccxt.base.errors", "ccxt.base.exchange")


class _PackageOnDemand(ModuleType):
    """A package that runs its `__init__` when a name is first asked of it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self.__name__ == "ccxt":
            for module in _SHOWN_BY_CCXT:
                found = getattr(importlib.import_module(module), name, None)
                if isinstance(found, type) and found.__module__ == module:
                    return found
        self.__class__ = ModuleType  # type: ignore[assignment]  # from here on it is a module like any other
        assert self.__spec__ is not None  # noqa: S101  it was made from a spec
        assert self.__spec__.loader is not None  # noqa: S101  a package on disk has one
        self.__spec__.loader.exec_module(self)
        return getattr(self, name)


def exchange_class(exchange_id: str) -> type[Any]:
    """ccxt's asynchronous class for `exchange_id`, with ccxt's loggers kept from writing keys.

    Raises ConfigurationError when ccxt is not installed or has no such exchange.
    """
    if importlib.util.find_spec("ccxt") is None:
        raise ConfigurationError("ccxt is not installed; run: pip install 'yunmin[ccxt]'")
    for package in _PACKAGES:
        _put_in_place(package)
    try:
        module = importlib.import_module(f"ccxt.async_support.{exchange_id}")
    except ModuleNotFoundError:
        raise ConfigurationError(f"ccxt has no exchange named {exchange_id!r}") from None
    found = getattr(module, exchange_id, None)
    if not isinstance(found, type):
        raise ConfigurationError(f"ccxt has no exchange named {exchange_id!r}")
    _unbind(exchange_id)
    # At DEBUG, ccxt logs headers and signed URLs: the API key and the signature.
    logging.getLogger("ccxt").setLevel(logging.WARNING)
    return found


def _put_in_place(package: str) -> None:
    if package in sys.modules:
        return
    spec = importlib.util.find_spec(package)
    assert spec is not None  # noqa: S101  ccxt is installed
    module = importlib.util.module_from_spec(spec)
    module.__class__ = _PackageOnDemand
    sys.modules[package] = module
    parent, _, name = package.rpartition(".")
    if parent:
        setattr(sys.modules[parent], name, module)


def _unbind(exchange_id: str) -> None:
    """The import bound the module under the name that in the real package is the class; let go of it again."""
    package = sys.modules["ccxt.async_support"]
    if isinstance(package, _PackageOnDemand):
        package.__dict__.pop(exchange_id, None)
