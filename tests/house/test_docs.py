"""Every code block of the docs runs: Python in a namespace of its own, shell line by line, against a local venue."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from yunmin.cli.adapter_commands import capabilities_page
from yunmin.config.configuration import load_configuration
from yunmin.exchange import registry

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "adapters" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SHOWN_ONLY = {"text", "toml", "ini", "js"}
USUAL_HOST = "127.0.0.1:8390"
"""Where the pages say that the local venue is."""

OTHERS = {"binance", "binance_common", "binance_sdk_spot"}
"""Other people's packages that the pages may use; a block with one that is not installed is only compiled."""

BIN = Path(sys.executable).parent


def blocks(language_wanted: str) -> list[Any]:
    return list(_blocks(language_wanted))


def _blocks(language_wanted: str) -> Iterator[Any]:
    for page in PAGES:
        for number, (language, code) in enumerate(FENCE.findall(page.read_text()), start=1):
            if language == language_wanted:
                yield pytest.param(code, id=f"{page.relative_to(ROOT)}#{number}")


def test_every_block_is_in_a_language_that_is_run_or_only_shown() -> None:
    found = {(page.name, language) for page in PAGES for language, _ in FENCE.findall(page.read_text())}
    unknown = {
        (page, language) for page, language in found if language not in {"python", "bash", "json", "yaml", *SHOWN_ONLY}
    }
    assert not unknown


def test_fences_are_closed() -> None:
    for page in PAGES:
        assert len(re.findall(r"^```", page.read_text(), re.MULTILINE)) % 2 == 0, page


@pytest.mark.parametrize("code", blocks("python"))
def test_python_blocks_run(code: str, venue_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BINANCE_BASE_URL", venue_url)
    monkeypatch.chdir(tmp_path)
    compiled = compile(code.replace(USUAL_HOST, venue_url.removeprefix("http://")), "a code block", "exec")
    if all(find_spec(name) is not None for name in imported_by(code) & OTHERS):
        exec(compiled, {"__name__": "__main__"})


def imported_by(code: str) -> set[str]:
    """The top names of everything that is imported."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found.add(node.module.partition(".")[0])
    return found


def test_the_page_has_the_settings_of_every_client_as_the_command_prints_them() -> None:
    page = (ROOT / "docs" / "local-venue.md").read_text()
    adapter = registry.load("binance")
    assert adapter.client_settings is not None
    assert adapter.local_credentials is not None
    for name, text in adapter.client_settings(None, adapter.local_credentials()).items():
        assert f"\n{text}```\n" in page, name


@pytest.mark.parametrize("code", blocks("json"))
def test_json_blocks_are_json(code: str) -> None:
    json.loads(code)


@pytest.mark.parametrize("code", blocks("yaml"))
def test_yaml_blocks_are_settings(code: str, tmp_path: Path) -> None:
    (tmp_path / "yunmin.yaml").write_text(code)
    load_configuration(environ={}, folder=tmp_path)


@pytest.mark.parametrize("code", blocks("bash"))
def test_shell_blocks_run(code: str, venue_url: str, tmp_path: Path) -> None:
    lines = [line for line in code.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]
    assert lines
    folder = tmp_path  # what a command leaves behind is in nobody's way there
    for line in lines:
        if line.startswith("cd "):
            folder = folder / line.removeprefix("cd ")
        else:
            run_line(line, venue_url, folder)


def run_line(line: str, venue_url: str, folder: Path) -> None:
    words = shlex.split(line, comments=True)
    environment = {**os.environ, "BINANCE_BASE_URL": venue_url, "NO_COLOR": "1", "PATH": f"{BIN}:{os.environ['PATH']}"}
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        name, _, value = words.pop(0).partition("=")
        environment[name] = value
    if words[0] == "make":
        command = ["make", "--dry-run", *words[1:]]
    elif words[:2] == ["pip", "install"]:
        return
    elif words[:3] == ["yunmin", "venue", "up"]:
        come_up_and_go(words, environment, folder)
        return
    else:
        assert words[0] in {"yunmin", "python"}, f"a test does not know how to run: {line}"
        command = words
    place = folder if command[0] == "yunmin" else ROOT
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


def come_up_and_go(words: list[str], environment: dict[str, str], folder: Path) -> None:
    if "--port" not in words:
        words = [*words, "--port", "0"]
    process = subprocess.Popen(
        words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    process.terminate()
    _, errors = process.communicate(timeout=20)
    assert first
    assert process.returncode == 0, errors


def test_the_page_of_capabilities_is_what_the_adapters_say() -> None:
    assert (ROOT / "docs" / "capabilities.md").read_text() == capabilities_page()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    missing = [t for t in targets if "://" not in t and not (page.parent / t).exists()]
    assert not missing
