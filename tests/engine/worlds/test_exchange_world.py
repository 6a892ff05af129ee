"""A world that is there anyway: whose books a run at it opens."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.still_world import configured
from yunmin.engine.assembly import Mode, assemble
from yunmin.engine.running import open_run
from yunmin.engine.worlds.books import WorldOf, claim_books
from yunmin.errors import ConfigurationError


async def test_M1_a_run_whose_folder_another_world_claimed_meanwhile_ends_before_it_connects(tmp_path: Path) -> None:
    loaded = configured(
        tmp_path,
        "account: {adapter: binance, base_url: 'http://127.0.0.1:9'}\n"
        "routes:\n  - {symbol: BTC/USDT, timeframe: 1m, strategy: ema_crossover}\n",
    )
    async with assemble(loaded, Mode.LOCAL) as world:
        claim_books(world.folder, WorldOf(adapter="binance", environment="live"))
        with pytest.raises(ConfigurationError, match="claimed by another run"):
            async with open_run(world, loaded):
                raise AssertionError("it opened")
