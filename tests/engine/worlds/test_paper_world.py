"""Paper at the prices of now: whose books a run at it opens."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.still_world import configured
from yunmin.engine.assembly import Mode, assemble
from yunmin.engine.running import open_run
from yunmin.engine.worlds.books import WorldOf
from yunmin.errors import ConfigurationError
from yunmin.execution.state_file import StateFile


async def test_M1_a_run_on_paper_whose_folder_another_world_claimed_meanwhile_opens_no_account(
    tmp_path: Path, venue_url: str
) -> None:
    loaded = configured(
        tmp_path,
        f"account: {{adapter: binance, base_url: '{venue_url}'}}\n"
        "routes:\n  - {symbol: BTC/USDT, timeframe: 1m, strategy: ema_crossover}\n",
    )
    async with assemble(loaded, Mode.PAPER) as world:
        # as one that looked before paper had a file there
        StateFile(world.folder / "world.json").save(WorldOf(adapter="binance", environment="live").model_dump())
        with pytest.raises(ConfigurationError, match="claimed by another run"):
            async with open_run(world, loaded):
                raise AssertionError("it opened")
