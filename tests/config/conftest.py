"""A working folder, and settings read in it with nothing from outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from yunmin.config.configuration import Configuration, load_configuration
from yunmin.config.layers import Flag
from yunmin.errors import ConfigurationError

Load = Callable[..., Configuration]
Complain = Callable[..., str]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Read settings in a folder of their own: the text of its `yunmin.yaml`, variables, flags."""
    monkeypatch.chdir(tmp_path)

    def loaded(text: str | None = None, environ: Mapping[str, str] | None = None, flags: Sequence[Flag] = ()):  # type: ignore[no-untyped-def]
        if text is not None:
            (tmp_path / "yunmin.yaml").write_text(text)
        return load_configuration(environ=environ or {}, flags=flags)

    return loaded


@pytest.fixture
def complaint(load: Load) -> Complain:
    """What is said of such settings."""

    def said(*given: object, **more: object) -> str:
        with pytest.raises(ConfigurationError) as refused:
            load(*given, **more)
        return str(refused.value)

    return said
