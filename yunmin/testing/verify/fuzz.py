"""Any bytes, thrown at every reader of what others write: a documented error or a value, never anything else.

Where atheris is installed, its coverage leads the way, in a process of its own; else examples are mutated from a seed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import traceback
from base64 import b64decode, b64encode
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

from yunmin.clock import Clock, SystemClock, seeded
from yunmin.errors import ConfigurationError
from yunmin.exchange import AdapterPlugin, FuzzTarget
from yunmin.testing.verify.mutation import mutated
from yunmin.testing.verify.own_readers import own_targets

__all__ = ["Finding", "FuzzReport", "fuzz", "fuzz_guided", "guide_is_there", "targets_of", "try_one"]

_LOOKS_EVERY: Final = 64
_STARTS_WITHIN: Final = 120.0
"""Seconds that a guided process may take to begin and to end beside those that were asked for."""


class Finding(NamedTuple):
    """An error that no document names: what and where it was, and the bytes that bring it about, in base64."""

    what: str
    where: str
    data: str


class FuzzReport(NamedTuple):
    """What one target came to. The same seed without a guide makes the same bytes, in the same order."""

    target: str
    seed: int
    executions: int
    taken: int
    seconds: float
    findings: tuple[Finding, ...]
    guided: bool = False


def targets_of(plugin: AdapterPlugin, names: Sequence[str] = ()) -> tuple[FuzzTarget, ...]:
    """The library's targets and those of the adapter, or those of them that are named. Raises ConfigurationError."""
    every = {one.name: one for one in (*own_targets(), *(plugin.fuzz_targets() if plugin.fuzz_targets else ()))}
    unknown = [name for name in names if name not in every]
    if unknown:
        raise ConfigurationError(f"no such target: {', '.join(unknown)}; there are {', '.join(every)}")
    return tuple(every[name] for name in names or every)


def guide_is_there() -> bool:
    """Whether atheris can be imported."""
    return find_spec("atheris") is not None


class Tally:
    """Runs one target on one input after the other, and keeps of each kind of finding the first."""

    def __init__(self, target: FuzzTarget) -> None:
        self._target = target
        self.executions = self.taken = 0
        self.findings: dict[tuple[str, str], Finding] = {}

    def run(self, data: bytes) -> Finding | None:
        """One execution; a finding only if there was none of its kind before."""
        self.executions += 1
        found = try_one(self._target, data)
        self.taken += found is None
        if not isinstance(found, Finding) or (found.what.partition(":")[0], found.where) in self.findings:
            return None
        self.findings[found.what.partition(":")[0], found.where] = found
        return found


def try_one(target: FuzzTarget, data: bytes) -> Finding | Exception | None:
    """None where the bytes were taken, the error where it is a documented one, else a Finding."""
    try:
        target.read(data)
    except target.documented as error:
        return error
    except Exception as error:  # noqa: BLE001  any other is what is looked for
        frame = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__}: {str(error)[:200]}"
        return Finding(what, f"{Path(frame.filename).name}:{frame.lineno}", b64encode(data).decode())
    return None


def fuzz(
    target: FuzzTarget,
    *,
    seconds: float,
    seed: int = 0,
    most: int | None = None,
    clock: Clock | None = None,
) -> FuzzReport:
    """Mutate the target's examples for `seconds`, at most `most` times."""
    clock = clock or SystemClock()
    chance, tally, begun = seeded(f"fuzz-{target.name}-{seed}"), Tally(target), clock.monotonic()
    for data in target.examples:
        tally.run(data)
    while most is None or tally.executions < most:
        if tally.executions % _LOOKS_EVERY == 0 and clock.monotonic() - begun >= seconds:
            break
        tally.run(mutated(target.examples, chance))
    took = round(clock.monotonic() - begun, 1)
    return FuzzReport(target.name, seed, tally.executions, tally.taken, took, tuple(tally.findings.values()))


def fuzz_guided(plugin: AdapterPlugin, target: FuzzTarget, *, seconds: float, seed: int = 0) -> FuzzReport:
    """The same, led by atheris. Raises ConfigurationError where its process does not do as it should."""
    words = [plugin.name, target.name, str(seconds), str(seed)]
    done = subprocess.run(  # noqa: S603  this interpreter, and a module of ours
        [sys.executable, "-m", "yunmin.testing.verify.guided", *words],
        capture_output=True,
        text=True,
        timeout=seconds + _STARTS_WITHIN,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    counts: dict[str, Any] = next((line for line in reversed(lines) if "executions" in line), {})
    if not counts:
        raise ConfigurationError(f"atheris did not run: {done.stderr[-300:]}")
    findings = tuple(Finding(**line) for line in lines if "data" in line)
    return FuzzReport(
        target.name, seed, counts["executions"], counts["taken"], counts["seconds"], findings, guided=True
    )


def again(target: FuzzTarget, data: str) -> Finding | Exception | None:
    """What comes of a finding's bytes."""
    return try_one(target, b64decode(data))
