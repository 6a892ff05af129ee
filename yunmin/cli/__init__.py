"""The `yunmin` command. Importing it imports neither ccxt nor any adapter."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command line and exit with its code."""
    from yunmin.cli.app import app

    app()
