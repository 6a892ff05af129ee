"""What ships for testing: the conformance suite for adapters, recorded cassettes, builders of values.

    from yunmin.testing import AdapterConformance

    class TestMyExchangeOverCassettes(AdapterConformance):
        adapter = "myexchange"
        cassettes = "cassettes/myexchange"

It needs the extra `testing` (pytest, vcrpy, PyYAML). See docs/adapters.md.
"""

from importlib.util import find_spec

from yunmin.errors import ConfigurationError

_missing = [name for name in ("pytest", "vcr", "yaml") if find_spec(name) is None]
if _missing:
    raise ConfigurationError(
        f"yunmin.testing needs {', '.join(_missing)}, which this environment does not have; "
        "run: pip install 'yunmin[testing]'"
    )

import pytest  # noqa: E402  only after its absence would have been explained

pytest.register_assert_rewrite("yunmin.testing.conformance", "yunmin.testing.inspection")

from yunmin.testing.builders import (  # noqa: E402  rewriting has to be asked for before the import
    a_balance,
    a_fill,
    an_account,
    an_ack,
    an_instrument,
    an_order_request,
    an_order_update,
)
from yunmin.testing.cassettes import Scrubbing  # noqa: E402
from yunmin.testing.conformance import AdapterConformance, Need, requires  # noqa: E402
from yunmin.testing.inspection import assert_exact  # noqa: E402
from yunmin.testing.network import no_network  # noqa: E402
from yunmin.testing.playground import Playground  # noqa: E402
from yunmin.testing.provenance import Provenance  # noqa: E402

__all__ = [
    "AdapterConformance",
    "Need",
    "Playground",
    "Provenance",
    "Scrubbing",
    "a_balance",
    "a_fill",
    "an_account",
    "an_ack",
    "an_instrument",
    "an_order_request",
    "an_order_update",
    "assert_exact",
    "no_network",
    "requires",
]
