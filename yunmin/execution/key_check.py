"""What the API key may do, before the account begins: a key that can only trade cannot empty the account."""

from __future__ import annotations

from yunmin.errors import ConfigurationError, ExchangeError, NotSupported
from yunmin.exchange.config import Environment
from yunmin.exchange.connector import ExchangeConnector, ShowsKeyRights
from yunmin.execution.policy import AccountPolicy

__all__ = ["check_key"]

_WITHDRAWS = (
    "this API key may withdraw: whoever gets hold of it can empty the account. Take that right from it, "
    "or use a key without it"
)
_UNBOUND = (
    "this API key works from every network address: bind it to those of your own machines, so that a stolen key is "
    "worth nothing"
)


async def check_key(connector: ExchangeConnector, policy: AccountPolicy) -> tuple[str, ...]:
    """What a person should know of the key, in words; nothing where all is well.

    Raises ConfigurationError for one that may withdraw, where the money is real and the policy does not allow it; and
    ExchangeError where the money is real and there is no answer. Elsewhere what is not known is said, and no more.
    """
    if not isinstance(connector, ShowsKeyRights):
        return ()
    is_real = connector.environment is Environment.LIVE
    try:
        rights = await connector.fetch_key_rights()
    except NotSupported as error:
        return (f"what this API key may do is not known: {error}",)
    except ExchangeError as error:
        if is_real:
            raise
        return (f"what this API key may do is not known: {error}",)
    if rights.can_withdraw and is_real and not policy.allow_withdrawal_key:
        raise ConfigurationError(
            f"{_WITHDRAWS}. Nothing was sent. If you mean it: AccountPolicy(allow_withdrawal_key=True)"
        )
    found = ((rights.can_withdraw, _WITHDRAWS), (not rights.is_bound_to_address, _UNBOUND))
    return tuple(text for is_so, text in found if is_so)
