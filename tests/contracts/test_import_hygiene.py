"""What is light stays light: the command line starts without a network, a store or a decoder being loaded."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = frozenset(
    {
        "PIL",
        "alembic",
        "av",
        "lancedb",
        "numpy",
        "open_clip",
        "psutil",
        "pyarrow",
        "sqlalchemy",
        "textual",
        "torch",
        "transformers",
        "tzfpy",
    }
)
LIGHT = (
    "background.launchd",
    "background.log_file",
    "background.sd_notify",
    "background.systemd",
    "background.throttle",
    "background.unit_file",
    "config",
    "errors",
    "export.open_moment",
    "ingest.pools.rotational",
    "media",
    "safe_text",
    "search.query",
    "sources.content_hash",
    "sources.filetypes",
    "sources.places.volumes",
    "sources.watch.watcher",
)


def loaded_by(program: str) -> frozenset[str]:
    """Top-level packages that stand in sys.modules after a program ran in an interpreter of its own."""
    program += (
        "\nimport json, sys\nprint(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return frozenset(json.loads(done.stdout.splitlines()[-1]))


def test_the_probe_sees_a_heavy_module() -> None:
    assert "numpy" in loaded_by("import numpy")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["search", "--help"], ["index", "--help"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    program = f"""
from mediaindex.cli import main
try:
    main({arguments!r})
except SystemExit as end:
    assert end.code == 0, end.code
"""
    loaded = loaded_by(program)
    assert "mediaindex" in loaded
    assert sorted(loaded & HEAVY) == []


@pytest.mark.parametrize("name", LIGHT)
def test_a_light_module_loads_nothing_heavy(name: str) -> None:
    assert sorted(loaded_by(f"import mediaindex.{name}") & HEAVY) == []


@pytest.mark.parametrize(
    "name",
    ["background.loop", "ingest.writer.perform", "learn.features.feature_pass", "search.searcher"],
)
def test_the_corridors_load_no_network_before_there_is_something_to_embed(name: str) -> None:
    """`forget` or `retry` need a writer; a first decoder starts before the encoder is loaded."""
    late = {"PIL", "alembic", "av", "lancedb", "open_clip", "pyarrow", "torch", "transformers"}
    assert sorted(loaded_by(f"import mediaindex.{name}") & late) == []
