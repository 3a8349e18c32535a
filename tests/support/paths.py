"""Where the tests find the checkout, its fixtures, and the folder of real media."""

from __future__ import annotations

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
FIXTURES = CHECKOUT / "tests" / "fixtures"
REPORTED = FIXTURES / "reported"
SCRIPTS = CHECKOUT / "scripts"
BENCH = SCRIPTS / "bench"
SHARED = Path(os.environ.get("MEDIAINDEX_SHARED") or CHECKOUT.parent / "shared")
