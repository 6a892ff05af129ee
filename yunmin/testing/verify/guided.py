"""A process that atheris leads: `python -m yunmin.testing.verify.guided ADAPTER TARGET SECONDS SEED`.

It says its findings and its counts on stdout, one JSON object a line; the last counts are those that hold. Everything
of ours, and of the adapter, is imported under instrumentation, so nothing is imported before.
"""

from __future__ import annotations

import json
import sys
import tempfile
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from yunmin.testing.verify.fuzz import Tally

__all__ = ["main"]

_COUNTS_EVERY: Final = 500


def main(adapter: str, target_name: str, seconds: str, seed: str) -> None:
    """Never returns: libFuzzer ends the process."""
    atheris = import_module("atheris")  # optional, and without types
    with atheris.instrument_imports(include=["yunmin", *_packages_of(adapter)]):
        from yunmin.clock import SystemClock
        from yunmin.exchange import registry
        from yunmin.testing.verify.fuzz import Tally, targets_of

        (target,) = targets_of(registry.load(adapter), [target_name])
    clock = SystemClock()
    begun, tally = clock.monotonic(), Tally(target)

    def one_input(data: bytes) -> None:
        found = tally.run(bytes(data))
        if found is not None:
            _say(found._asdict())
        if tally.executions % _COUNTS_EVERY == 0 or clock.monotonic() - begun >= float(seconds) - 1:
            _say_counts(tally, clock.monotonic() - begun)

    with tempfile.TemporaryDirectory(prefix="yunmin-") as corpus:
        for number, example in enumerate(target.examples):
            (Path(corpus) / str(number)).write_bytes(example)
        limits = [
            f"-max_total_time={int(float(seconds))}",
            f"-seed={int(seed) + 1}",
            "-max_len=65536",
            "-rss_limit_mb=0",
        ]
        atheris.Setup([sys.argv[0], *limits, corpus], one_input)
        atheris.Fuzz()


def _packages_of(adapter: str) -> list[str]:
    """The packages that the adapter's entry point names, without importing anything of ours."""
    found = [point for point in entry_points(group="yunmin.adapters") if point.name == adapter]
    return sorted({point.module.partition(".")[0] for point in found})


def _say_counts(tally: Tally, seconds: float) -> None:
    _say({"executions": tally.executions, "taken": tally.taken, "seconds": round(seconds, 1)})


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
