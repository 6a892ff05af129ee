"""The clients' environments, one each, made from pinned lists and kept under `.venv-clients/`.

`python -m tests.clients.environments NAME…` makes those named; one that is there and made of the same list stays.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["Environment", "NoEnvironmentError", "environment", "main"]

_HERE: Final = Path(__file__).parent
_KEPT: Final = _HERE.parents[1] / ".venv-clients"
_GUARD: Final = _HERE / "guard"
_STAMP: Final = ".made-of"
_WORDS: Final = 600
_CLOSED_DOOR: Final = "http://127.0.0.1:9"


class NoEnvironmentError(Exception):
    """An environment could not be made; the text says what the installer said."""


class Environment:
    """One environment: a folder, a list of what is in it, and an interpreter that runs scripts."""

    def __init__(self, name: str, *, kept: Path = _KEPT, lists: Path = _HERE / "requirements") -> None:
        self.name = name
        self.folder = kept / name
        self._requirements = lists / f"{name}.txt"
        self._package = lists / name
        self.why_not_made = f"no environment: `python -m tests.clients.environments {name}` makes it"

    @property
    def is_of_node(self) -> bool:
        """Whether npm makes it."""
        return self._package.is_dir()

    @property
    def is_made(self) -> bool:
        """Whether it is there, made of the list as it stands."""
        stamp = self.folder / _STAMP
        return stamp.exists() and stamp.read_text() == self._fingerprint()

    def make(self) -> None:
        """Make it unless it is made. Raises NoEnvironmentError with the installer's words."""
        if self.is_made:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        try:
            if self.is_of_node:
                self._make_with_npm()
            else:
                self._make_with_pip()
        except NoEnvironmentError as error:
            self.why_not_made = f"no environment: {error}"
            raise
        (self.folder / _STAMP).write_text(self._fingerprint())

    @property
    def runtime(self) -> str:
        """What runs its scripts."""
        return _found("node") if self.is_of_node else str(self.folder / "bin" / "python")

    def variables(self, refused: Path) -> dict[str, str]:
        """The variables of its processes: two guards against leaving this machine, in the runtime and by proxy.

        The one in the runtime writes to the file `refused` whatever it refuses.
        """
        shut = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), _CLOSED_DOOR)
        open_ = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        of_node = _GUARD / "guard.cjs"
        guards = {"PYTHONPATH": str(_GUARD), "NODE_OPTIONS": f'--require "{of_node}"', "GUARD_LOG": str(refused)}
        return {**kept, **shut, **open_, **guards, "NODE_PATH": str(self.folder / "node_modules")}

    def _make_with_pip(self) -> None:
        python = str(self.folder / "bin" / "python")
        if shutil.which("uv"):
            _run(["uv", "venv", "--quiet", "--clear", "--python", sys.executable, str(self.folder)])
            _run(["uv", "pip", "install", "--quiet", "--python", python, "-r", str(self._requirements)])
            return
        _run([sys.executable, "-m", "venv", "--without-pip", "--clear", str(self.folder)])
        pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check", "--quiet"]
        _run([*pip, "install", "--requirement", str(self._requirements)])

    def _make_with_npm(self) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(self._package / name, self.folder / name)
        _run([_found("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=self.folder)

    def _fingerprint(self) -> str:
        lists = [self._package / "package-lock.json"] if self.is_of_node else [self._requirements]
        return hashlib.sha256(b"".join(one.read_bytes() for one in lists) + sys.version.encode()).hexdigest()


@cache
def environment(name: str) -> Environment:
    """The environment of that name; it need not be made yet."""
    return Environment(name)


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise NoEnvironmentError(f"{program} is not on this machine")
    return path


def _run(command: list[str], *, cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-_WORDS:]
        raise NoEnvironmentError(f"{Path(command[0]).name} ended with {done.returncode}: {said}")


def main(names: list[str]) -> int:
    """Make them all; 1 where one could not be made."""
    worst = 0
    for name in names:
        one = environment(name)
        if not one.is_made:
            sys.stderr.write(f"Making {_KEPT.name}/{name} …\n")
        try:
            one.make()
        except NoEnvironmentError as error:
            sys.stderr.write(f"{name}: {error}\n")
            worst = 1
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
