"""The credentials of the local venue's default account: good there and nowhere else, so no secret at all."""

from __future__ import annotations

from typing import Final

from pydantic import SecretStr

from yunmin.exchange import Credentials

__all__ = ["LOCAL_API_KEY", "LOCAL_API_SECRET", "LOCAL_CREDENTIALS"]

LOCAL_API_KEY: Final = "yunminLocalKey".ljust(64, "0")
LOCAL_API_SECRET: Final = "yunminLocalSecret".ljust(64, "0")
LOCAL_CREDENTIALS: Final = Credentials(api_key=SecretStr(LOCAL_API_KEY), api_secret=SecretStr(LOCAL_API_SECRET))
