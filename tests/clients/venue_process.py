"""One local venue in a process of its own, and its door: `python -m tests.clients.venue_process`.

Nobody trades there but the account of the client and, through the door, its counterparty. It prints one line of JSON
with its address and keys, and serves until its standard input ends, so it cannot outlive whoever started it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys

from yunmin_binance.venue import LOCAL_API_KEY, LOCAL_API_SECRET, Liquidity, LocalVenue, VenueConfig

__all__ = ["main"]

_SEED = 7


async def _serve(config: VenueConfig) -> None:
    async with LocalVenue(config) as venue:
        announced = {"url": venue.url, "api_key": LOCAL_API_KEY, "api_secret": LOCAL_API_SECRET}
        sys.stdout.write(json.dumps(announced) + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


def main(argv: list[str]) -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--liquidity", choices=[Liquidity.NONE, Liquidity.WALK], default=Liquidity.NONE)
    parser.add_argument("--step-interval", type=float, default=0.0)
    parser.add_argument("--legacy-listen-key", action="store_true")
    options = parser.parse_args(argv)
    config = VenueConfig(
        seed=_SEED,
        liquidity=Liquidity(options.liquidity),
        step_interval=options.step_interval,
        legacy_listen_key=options.legacy_listen_key,
    )
    asyncio.run(_serve(config))


if __name__ == "__main__":
    main(sys.argv[1:])
