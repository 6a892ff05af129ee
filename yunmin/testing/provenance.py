"""Where a recording comes from: who answered, when, and what was asking."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Final, Self

from pydantic import ValidationError

from yunmin import __version__
from yunmin.core.data_contracts import Contract
from yunmin.errors import ConfigurationError
from yunmin.exchange import Environment

__all__ = ["Provenance", "served_by"]

_LOCAL: Final = "local venue of yunmin"


def served_by(environment: Environment) -> str:
    """Who answers in `environment`. What a local venue said is never called an exchange's word."""
    return f"{_LOCAL} {__version__}" if environment is Environment.LOCAL else environment.value


class Provenance(Contract):
    """The head of a cassette. `ids` is what made the client order ids of the recording differ from other recordings'.

    `skipped` says why the scenario could not be played where it was to be recorded; there is no exchange of words then.
    """

    adapter: str
    test: str
    served_by: str
    recorded_on: str
    yunmin: str
    ccxt: str
    ids: str
    skipped: str | None = None

    @classmethod
    def of(cls, *, adapter: str, test: str, environment: Environment, recorded_on: str, ids: str) -> Self:
        """That of a recording made by this installation."""
        return cls(
            adapter=adapter,
            test=test,
            served_by=served_by(environment),
            recorded_on=recorded_on,
            yunmin=__version__,
            ccxt=_version_of("ccxt"),
            ids=ids,
        )

    @classmethod
    def read(cls, head: object, *, where: str) -> Self:
        """From the head of a cassette. Raises ConfigurationError for one that does not say where it comes from."""
        try:
            if isinstance(head, Mapping):
                return cls.model_validate(dict(head))
        except ValidationError as error:
            names = ", ".join(str(problem["loc"][0]) for problem in error.errors(include_input=False))
            raise ConfigurationError(f"{where}: its provenance is not readable: {names}") from None
        raise ConfigurationError(f"{where} does not say where it comes from; record it again")

    @property
    def is_local(self) -> bool:
        """Whether a local venue answered."""
        return self.served_by.startswith(_LOCAL)


def _version_of(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"
