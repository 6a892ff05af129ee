"""Binance's refusals: code, exact text, HTTP status (Binance spot errors.md and rest-api.md, 2026-07-21)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from yunmin.simulation.orders import Refusal

__all__ = [
    "ApiError",
    "filter_failure",
    "refused_amendment",
    "refused_cancel",
    "refused_order",
    "too_many_amendments",
    "wrong_prices",
]


class ApiError(Exception):
    """What the exchange answers instead of a result: `{"code": code, "msg": message}` with an HTTP status.

    `data` is what some errors hold beside code and message. `retry_at` is when to ask again, in microseconds, where
    there were too many requests.
    """

    def __init__(
        self,
        code: int,
        message: str,
        *,
        status: int = 400,
        data: Mapping[str, object] | None = None,
        retry_at: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.data = data
        self.retry_at = retry_at

    @property
    def body(self) -> dict[str, object]:
        """The JSON that is answered."""
        said: dict[str, object] = {"code": self.code, "msg": self.message}
        return said if self.data is None else {**said, "data": self.data}

    @classmethod
    def unknown_path(cls) -> ApiError:
        return cls(-1020, "This operation is not supported.", status=404)

    @classmethod
    def wrong_method(cls) -> ApiError:
        return cls(-1020, "This operation is not supported.", status=405)

    @classmethod
    def retired(cls) -> ApiError:
        return cls(-1020, "This operation is not supported.", status=410)

    @classmethod
    def outside_window(cls) -> ApiError:
        return cls(-1021, "Timestamp for this request is outside of the recvWindow.")

    @classmethod
    def ahead_of_server(cls) -> ApiError:
        return cls(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")

    @classmethod
    def bad_signature(cls) -> ApiError:
        return cls(-1022, "Signature for this request is not valid.")

    @classmethod
    def illegal_characters(cls, name: str, legal: str) -> ApiError:
        return cls(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")

    @classmethod
    def illegal_characters_somewhere(cls) -> ApiError:
        return cls(-1100, "Illegal characters found in a parameter.")

    @classmethod
    def duplicated_parameter(cls) -> ApiError:
        return cls(-1101, "Duplicate values for a parameter detected.")

    @classmethod
    def too_many_parameters(cls, most: int, sent: int) -> ApiError:
        return cls(-1101, f"Too many parameters; expected '{most}' and received '{sent}'.")

    @classmethod
    def missing(cls, name: str) -> ApiError:
        return cls(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")

    @classmethod
    def missing_both(cls, one: str, other: str) -> ApiError:
        return cls(-1102, f"Param '{one}' or '{other}' must be sent, but both were empty/null!")

    @classmethod
    def unread(cls, read: int, sent: int) -> ApiError:
        return cls(-1104, f"Not all sent parameters were read; read '{read}' parameter(s) but was sent '{sent}'.")

    @classmethod
    def empty(cls, name: str) -> ApiError:
        return cls(-1105, f"Parameter '{name}' was empty.")

    @classmethod
    def not_required(cls, name: str) -> ApiError:
        return cls(-1106, f"Parameter '{name}' sent when not required.")

    @classmethod
    def overflowed(cls, name: str) -> ApiError:
        return cls(-1108, f"Parameter '{name}' overflowed.")

    @classmethod
    def too_precise(cls, name: str) -> ApiError:
        return cls(-1111, f"Parameter '{name}' has too much precision.")

    @classmethod
    def bad_symbol_status(cls) -> ApiError:
        return cls(-1122, "Invalid symbolStatus.")

    @classmethod
    def bad_symbol(cls) -> ApiError:
        return cls(-1121, "Invalid symbol.")

    @classmethod
    def no_such_listen_key(cls) -> ApiError:
        return cls(-1125, "This listenKey does not exist.")

    @classmethod
    def more_than_hours(cls, hours: int) -> ApiError:
        return cls(-1127, f"More than {hours} hours between startTime and endTime.")

    @classmethod
    def bad_combination(cls) -> ApiError:
        return cls(-1128, "Combination of optional parameters invalid.")

    @classmethod
    def invalid(cls, name: str) -> ApiError:
        return cls(-1130, f"Data sent for parameter '{name}' is not valid.")

    @classmethod
    def window_too_wide(cls) -> ApiError:
        # not in errors.md; the words are those that ccxt's error table quotes (4.5.90)
        return cls(-1131, "recvWindow must be less than 60000")

    @classmethod
    def strategy_type_too_small(cls) -> ApiError:
        return cls(-1134, "`strategyType` was less than 1000000.")

    @classmethod
    def bad_json(cls, name: str) -> ApiError:
        return cls(-1135, f"JSON sent for parameter '{name}' is not valid")

    @classmethod
    def bad_cancel_restrictions(cls) -> ApiError:
        return cls(-1145, "Invalid cancelRestrictions")

    @classmethod
    def duplicated_symbol(cls) -> ApiError:
        return cls(-1151, "Symbol is present multiple times in the list.")

    @classmethod
    def bad_time_unit(cls) -> ApiError:
        return cls(-1194, "Invalid value for time unit; expected either MICROSECOND or MILLISECOND.")

    @classmethod
    def status_mismatch(cls) -> ApiError:
        return cls(-1220, "The symbol's status does not match the requested symbolStatus.")

    @classmethod
    def unknown_order(cls) -> ApiError:
        return cls(-2011, "Unknown order sent.")

    @classmethod
    def cancel_restricted(cls) -> ApiError:
        return cls(-2011, "Order was not canceled due to cancel restrictions.")

    @classmethod
    def no_such_order(cls) -> ApiError:
        return cls(-2013, "Order does not exist.")

    @classmethod
    def self_trade_mode_not_allowed(cls) -> ApiError:
        return cls(-1013, "This symbol does not allow the specified self-trade prevention mode.")

    @classmethod
    def bad_key_format(cls) -> ApiError:
        return cls(-2014, "API-key format invalid.", status=401)

    @classmethod
    def unknown_key(cls) -> ApiError:
        return cls(-2015, "Invalid API-key, IP, or permissions for action.", status=401)

    @classmethod
    def no_trading_window(cls) -> ApiError:
        return cls(-2016, "No trading window could be found for the symbol. Try ticker/24hrs instead.")

    @classmethod
    def no_reference_price(cls) -> ApiError:
        return cls(-2043, "This symbol doesn't have a reference price.")

    @classmethod
    def market_closed(cls) -> ApiError:
        # errors.md lists the text under the engine's codes; orders are seen to be refused with -1013 (ccxt #6570)
        return cls(-1013, "Market is closed.")

    @classmethod
    def closed_for_cancels(cls) -> ApiError:
        return cls(-2011, "Market is closed.")

    @classmethod
    def symbol_not_permitted(cls) -> ApiError:
        return cls(-2010, "This symbol is not permitted for this account.")

    @classmethod
    def trading_disabled(cls) -> ApiError:
        return cls(-2010, "This account may not place or cancel orders.")

    @classmethod
    def archived_order(cls) -> ApiError:
        return cls(-2026, "Order was canceled or expired with no executed qty over 90 days ago and has been archived.")

    @classmethod
    def sbe_disabled(cls) -> ApiError:
        # sbe_faq.md: 406 where nothing but SBE is accepted, and the exchange has none
        return cls(-1155, "SBE is not enabled.", status=406)

    @classmethod
    def ids_do_not_match(cls) -> ApiError:
        return cls(-2039, "Client order ID is not correct for this order ID.")


def wrong_prices() -> ApiError:
    """The prices of a list do not lie around the market."""
    return ApiError(-2010, "The relationship of the prices for the orders is not correct.")


def filter_failure(name: str) -> ApiError:
    """A broken trading rule (filters.md)."""
    return ApiError(-1013, f"Filter failure: {name}")


# errors.md, section "Messages for -1010, -2010, -2011 and -2038"
_REFUSED_ORDERS: Final[dict[Refusal, str]] = {
    Refusal.DUPLICATE_CLIENT_ID: "Duplicate order sent.",
    Refusal.WOULD_TAKE: "Order would immediately match and take.",
    Refusal.UNSUPPORTED_TYPE: "Unsupported order combination",
    Refusal.WOULD_TRIGGER: "Order would trigger immediately.",
    Refusal.INSUFFICIENT_FUNDS: "Account has insufficient balance for requested action.",
    Refusal.EMPTY_BOOK: "Order book liquidity is less than symbol minimum quantity.",
    Refusal.ICEBERG_TOO_LARGE: "IcebergQty exceeds QTY.",
    Refusal.NO_LEVEL_TO_PEG_TO: "Order book liquidity is too low for this pegged order.",
    Refusal.BELOW_ONE_STEP: "Order book liquidity is less than `LOT_SIZE` filter minimum quantity.",
}


def refused_order(refusal: Refusal) -> ApiError:
    """What the exchange says where its engine refuses a new order."""
    if refusal is Refusal.OFF_GRID:
        return filter_failure("LOT_SIZE")
    if refusal is Refusal.UNKNOWN_MARKET:
        return ApiError.bad_symbol()
    return ApiError(-2010, _REFUSED_ORDERS.get(refusal, "This action is disabled on this account."))


_REFUSED_AMENDMENTS: Final[dict[Refusal, str]] = {
    Refusal.UNKNOWN_ORDER: "Unknown order sent.",
    Refusal.DUPLICATE_CLIENT_ID: "Duplicate order sent.",
    Refusal.NOT_SIZED_YET: "Order amend (pending OPO order) is not supported.",
    Refusal.NO_CHANGE: "The requested action would change no state; rejecting",
    Refusal.WOULD_GROW: "Order amend (quantity increase) is not supported.",
}


def refused_amendment(refusal: Refusal) -> ApiError:
    """What the exchange says where its engine refuses to make an order smaller."""
    if refusal is Refusal.OFF_GRID:
        return ApiError.invalid("newQty")
    return ApiError(-2038, _REFUSED_AMENDMENTS[refusal])


def too_many_amendments() -> ApiError:
    """The filter that has the code of a refused amendment (filters.md, MAX_NUM_ORDER_AMENDS)."""
    return ApiError(-2038, "Filter failure: MAX_NUM_ORDER_AMENDS")


def refused_cancel() -> ApiError:
    """What the exchange says where its engine refuses a cancel."""
    return ApiError.unknown_order()
