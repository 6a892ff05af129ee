"""The settings as a JSON schema, for editors that check a file while it is written."""

from __future__ import annotations

from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from yunmin.config.settings import Settings

__all__ = ["settings_schema"]

_NUMBER: Final = {"type": ["number", "string"]}


def settings_schema() -> dict[str, Any]:
    """What a settings file may say. A number may be written in quotes too; a length of time is `30s`, `5m`, `2h`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Settings.model_json_schema(schema_generator=_AsWritten),
        "title": "yunmin.yaml",
    }


class _AsWritten(GenerateJsonSchema):
    """What people write, where that is not what pydantic would take."""

    def function_plain_schema(self, schema: core_schema.PlainValidatorFunctionSchema) -> JsonSchemaValue:
        return dict(_NUMBER)  # of the settings only exact numbers have a reader of their own

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        return dict(_NUMBER)

    def timedelta_schema(self, schema: core_schema.TimedeltaSchema) -> JsonSchemaValue:
        return {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?(ms|s|m|h|d)$"}
