"""JSON: all that is known of each cut, and names as they are."""

from __future__ import annotations

import json
from fractions import Fraction

from mediaindex.export.playlists.json_list import JsonList
from mediaindex.export.playlists.rows import COLUMNS
from tests.support.plain_cuts import plain_cut, plain_source


def test_a_list_of_cuts() -> None:
    source = plain_source(
        "/caf\udce9.mov",
        Fraction(30000, 1001),
        start_timecode="01:00:00;00",
        reel_name="A001",
        offline_volume="Shoot A",
    )
    (document,) = JsonList().documents([plain_cut(source, 1, 2, query="q")], "cuts")
    values = json.loads(document.content)
    assert (values["schema"], values["title"]) == (1, "cuts")
    (cut,) = values["cuts"]
    assert tuple(cut)[: len(COLUMNS)] == COLUMNS
    assert cut["path"] == "/caf\udce9.mov"
    assert {name: cut[name] for name in tuple(cut)[len(COLUMNS) :]} == {
        "query": "q",
        "variable_rate": False,
        "drop_frame": True,
        "reel_name": "A001",
        "audio_channels": [2],
        "offline_volume": "Shoot A",
    }
