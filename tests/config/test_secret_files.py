"""S3: what is said of a file with a secret in it that others can open."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from yunmin.config.secret_files import require_private
from yunmin.errors import ConfigurationError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="files have no such rights here")


def test_S3_a_path_that_a_shell_would_take_apart_is_quoted(tmp_path: Path) -> None:
    path = tmp_path / "my keys; rm -rf" / "keys"
    path.parent.mkdir()
    path.write_text("API_KEY=k\nAPI_SECRET=hidden\n")
    path.chmod(0o644)
    with pytest.raises(ConfigurationError) as refused:
        require_private(path, "API_SECRET")
    assert f"chmod 600 '{path}'" in str(refused.value)
    assert "hidden" not in str(refused.value)


def test_S3_no_file_is_no_matter(tmp_path: Path) -> None:
    require_private(tmp_path / ".env", "API_SECRET")
