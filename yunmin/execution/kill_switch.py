"""A file that stops an account, for whoever cannot or will not ask its program."""

from __future__ import annotations

from pathlib import Path

__all__ = ["KillSwitch"]


class KillSwitch:
    """While the file is there, no order is taken and ours are cancelled; also by a program that starts later."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "KILL"

    def pull(self, why: str) -> None:
        """Stop the account."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(why or "killed", encoding="utf-8")

    def lift(self) -> bool:
        """Let the account trade again; False where it was not stopped."""
        was_there = self.path.exists()
        self.path.unlink(missing_ok=True)
        return was_there

    def reason(self) -> str | None:
        """Why the account is stopped; None where it is not. A file that cannot be read stops it too."""
        try:
            return self.path.read_text(encoding="utf-8").strip() or "killed"
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            return f"{self.path.name} is there, and cannot be read"
