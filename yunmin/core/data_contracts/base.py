"""What every data contract shares: frozen, closed to unknown fields, silent about its input when it fails."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainValidator

__all__ = ["Contract", "UtcDatetime"]


def _aware_utc(value: object) -> datetime:
    if type(value) is datetime and value.tzinfo is UTC:
        return value
    try:
        moment = _from_iso(value) if isinstance(value, str) else value
        if not isinstance(moment, datetime):
            raise ValueError("not a datetime")  # pydantic turns ValueError, not TypeError, into its own
        if moment.utcoffset() is None:
            raise ValueError("a datetime without a time zone")
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a datetime beyond what UTC can show") from None


def _from_iso(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("not an ISO 8601 datetime") from None


UtcDatetime = Annotated[datetime, PlainValidator(_aware_utc)]
"""An aware datetime, always in UTC; a naive one is refused. A str is read as ISO 8601."""


class Contract(BaseModel):
    """A frozen value. Changing one means making a new one."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, ser_json_inf_nan="constants")
