"""The interface half starts light, and stays so: the libraries of the finder are never loaded in it."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.support.paths import CHECKOUT

HEAVY = {"PIL", "alembic", "av", "lancedb", "numpy", "pyarrow", "sqlalchemy", "torch", "transformers"}
PROGRAM = f"""
import asyncio, json, sys
sys.path[:0] = [{str(CHECKOUT)!r}, {str(CHECKOUT / "tui")!r}]
from pathlib import Path
import mediaindex_tui.start, mediaindex_tui.link, mediaindex_tui.plain
from mediaindex_tui.app import InterfaceApp, Setup
from tests.support.fake_finder import FakeFinder

async def main():
    app = InterfaceApp(Setup(library=Path("/nowhere")), FakeFinder())
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(*"dog", "escape", "j", "m", "f2", "escape", "f1", "escape", "ctrl+p", "escape")
        await pilot.pause(0.2)

asyncio.run(main())
print(json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""


def test_a_session_loads_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert "textual" in loaded
    assert sorted(loaded & HEAVY) == []
