"""The table, the scripts and the pinned lists speak of the same steps and versions."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from tests.clients.table import CLIENTS, LIGHT, ROWS, SETTINGS, STEPS, Client

HERE = Path(__file__).parent
NAMES = [step.name for step in STEPS]
PACKAGES = {"npm-binance": "binance"}


def test_all_speak_of_the_same_steps() -> None:
    python = runpy.run_path(str(HERE / "scripts" / "day.py"))["STEPS"]
    (node,) = re.findall(r"const STEPS = \[(.*?)\]", (HERE / "scripts" / "day.cjs").read_text(), re.DOTALL)
    assert list(python) == NAMES
    assert re.findall(r"'(\w+)'", node) == NAMES


@pytest.mark.parametrize("client", CLIENTS.values(), ids=lambda client: client.name)
def test_a_client_runs_at_the_version_that_the_table_names(client: Client) -> None:
    package = PACKAGES.get(client.environment, client.environment)
    if client.script.endswith(".cjs"):
        pinned = (HERE / "requirements" / client.environment / "package.json").read_text()
        assert f'"{package}": "{client.version}"' in pinned
    else:
        pinned = (HERE / "requirements" / f"{client.environment}.txt").read_text().replace("_", "-")
        assert f"{package}=={client.version}\n" in pinned


@pytest.mark.parametrize("client", CLIENTS.values(), ids=lambda client: client.name)
def test_what_a_client_cannot_do_has_a_reason_and_is_a_step(client: Client) -> None:
    assert set(client.cannot) <= {SETTINGS.name, *NAMES}
    assert all(client.cannot.values())
    assert len(client.cannot) <= len(NAMES)
    assert (HERE / "scripts" / client.script).exists()


def test_every_line_of_a_pinned_list_is_pinned_and_names_no_place() -> None:
    lists = sorted((HERE / "requirements").glob("*.txt"))
    assert {one.stem for one in lists} == {c.environment for c in CLIENTS.values() if c.script.endswith(".py")}
    for one in lists:
        assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in one.read_text().splitlines()), one
    for lock in (HERE / "requirements").glob("*/package-lock.json"):
        assert '"resolved"' not in lock.read_text()


def test_the_light_ones_are_clients() -> None:
    assert set(LIGHT) < set(CLIENTS)


def test_the_page_tells_of_every_client_version_and_step() -> None:
    page = (HERE.parents[1] / "docs" / "local-venue.md").read_text()
    told = page.split("## What other people's clients did here")[1]
    (heads,) = re.findall(r"^\| step \| (.*) \|$", told, re.MULTILINE)
    assert heads.split(" | ") == list(CLIENTS)
    rows = re.findall(r"^\| ([^|]+) \| (.*) \|$", told, re.MULTILINE)[1:]
    assert [title for title, _ in rows] == [step.title for step in ROWS]
    cells = {
        (step.name, client.name): cell
        for step, (_, line) in zip(ROWS, rows, strict=True)
        for client, cell in zip(CLIENTS.values(), line.split(" | "), strict=True)
    }
    assert {cell for cell, said in cells.items() if said == "n/a"} == {
        (step, client.name) for client in CLIENTS.values() for step in client.cannot
    }
    assert all(client.version in told for client in CLIENTS.values())
