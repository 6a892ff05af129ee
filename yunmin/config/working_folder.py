"""A folder to trade from: settings, a strategy, sample candles, and what keeps secrets out of a repository."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Final

from yunmin.config.sample_candles import sample_candles
from yunmin.errors import ConfigurationError

__all__ = ["NEXT_COMMANDS", "WorkingFolder", "write_working_folder"]

NEXT_COMMANDS: Final = (
    "yunmin config check",
    "yunmin config show",
    "yunmin doctor",
    "yunmin run --local --for 2m --speed 60",
    "yunmin run --paper --candles candles --speed 600",
    "yunmin status",
)
"""What to type in a new folder."""

_FILES: Final[Mapping[str, str]] = {
    "yunmin.yaml": "yunmin.yaml",
    "strategies/example.py": "example.py",
    ".gitignore": "gitignore",
    "README.md": "README.md",
}
"""Name in the folder -> name of the template."""

_MARKETS: Final = {"BTC_USDT": Decimal(60_000), "ETH_USDT": Decimal(3_000), "BNB_USDT": Decimal(600)}
_CANDLES: Final = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkingFolder:
    """What a new folder is to be: for which adapter, whose variables hold keys, and the seed of its sample candles."""

    adapter: str
    variables: tuple[str, ...] = ()
    account: str = "main"
    seed: int = 7

    def contents(self) -> dict[str, str]:
        """Name -> text of every file."""
        templates = files("yunmin.config").joinpath("templates")
        made = {name: self._filled(templates.joinpath(template).read_text()) for name, template in _FILES.items()}
        candles = {
            f"candles/{market}_1m.csv": sample_candles(market, start, seed=self.seed, count=_CANDLES)
            for market, start in _MARKETS.items()
        }
        return made | candles

    def _filled(self, text: str) -> str:
        of_adapter = f" (or the adapter's own: {', '.join(self.variables)})" if self.variables else ""
        for mark, value in {
            "@NAME@": self.account,
            "@ADAPTER@": self.adapter,
            "@SEED@": str(self.seed),
            "@VARIABLES@": of_adapter,
            "@NEXT@": "\n".join(NEXT_COMMANDS[2:]),
        }.items():
            text = text.replace(mark, value)
        return text


def write_working_folder(folder: Path, wanted: WorkingFolder) -> tuple[Path, ...]:
    """Make the folder and everything in it; what was written, in order.

    Raises ConfigurationError, and then nothing was written, where one of the files is there already.
    """
    contents = wanted.contents()
    there = [name for name in contents if (folder / name).exists() or (folder / name).is_symlink()]
    if there:
        raise ConfigurationError(
            f"{folder} has {', '.join(there)} already, and nothing is overwritten. Nothing was written. "
            "Name a new folder, or move what is there"
        )
    written: list[Path] = []
    for name, text in contents.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="") as file:
                file.write(text)
        except OSError as error:
            raise ConfigurationError(
                f"cannot write {path}: {error.strerror or type(error).__name__}. Written so far: "
                f"{', '.join(map(str, written)) or 'nothing'}"
            ) from None
        written.append(path)
    return tuple(written)
