"""Every benchmark, one after the other: `make bench`. Options are handed on (`--quick`, `--json`)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def main(argv: list[str]) -> int:
    worst = 0
    for script in sorted(HERE.glob("bench_*.py")):
        sys.stdout.write(f"\n== {script.stem.removeprefix('bench_')}\n\n")
        sys.stdout.flush()
        done = subprocess.run([sys.executable, "-m", f"tests.benchmarks.{script.stem}", *argv], cwd=ROOT, check=False)
        worst = max(worst, done.returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
