"""What every data contract shares: frozen, closed to unknown fields, silent about its input when it fails."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import BaseModel, ConfigDict, PlainSerializer, PlainValidator

__all__ = ["CheckedContract", "Contract", "UtcDatetime"]

_set: Final = object.__setattr__


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


UtcDatetime = Annotated[
    datetime,
    PlainValidator(_aware_utc),
    PlainSerializer(lambda moment: moment.isoformat(), return_type=str, when_used="json"),
]
"""An aware datetime, always in UTC; a naive one is refused. A str is read as ISO 8601."""


class Contract(BaseModel):
    """A frozen value. Changing one means making a new one."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, ser_json_inf_nan="constants")

    _every_field: ClassVar[set[str]] = set()

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        cls._every_field = set(cls.model_fields)

    @classmethod
    def from_checked(cls, fields: dict[str, Any]) -> Self:
        """A value of fields that were each checked already, by the checks that the field itself names.

        For parsers that make thousands: three times as quick as validating again. `fields` must have every field, in
        the order of the class, and is kept as it is. Tests hold that validating the result changes nothing.
        """
        made = cls.__new__(cls)
        _set(made, "__dict__", fields)
        _set(made, "__pydantic_fields_set__", cls._every_field)
        _set(made, "__pydantic_extra__", None)
        _set(made, "__pydantic_private__", None)
        return made


class CheckedContract(Contract):
    """A contract of which no unchecked one is made, by a copy neither: pydantic's own ways would skip the checks."""

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with `update` in it, validated."""
        fields = {name: self.__dict__[name] for name in type(self).model_fields}
        return type(self).model_validate({**fields, **(update or {})})

    @classmethod
    def model_construct(cls, _fields_set: set[str] | None = None, **values: Any) -> Self:  # type: ignore[override]  # pydantic's plugin writes another
        """As making one."""
        return cls.model_validate(values)
