"""JSON: an object for each cut, with the columns of the CSV and what else is known of its source."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from mediaindex.export.cuts.cut import Cut
from mediaindex.export.cuts.document import AnyCut, Document, only_rate
from mediaindex.export.playlists.rows import row_of

SCHEMA = 1


class JsonList(AnyCut):
    """See `cuts.document.Format`."""

    suffix = ".json"

    def documents(self, cuts: Sequence[Cut], title: str) -> list[Document]:
        """See `cuts.document.Format`. Escapes keep names that are no UTF-8 lossless."""
        values = {"schema": SCHEMA, "title": title, "cuts": [object_of(cut) for cut in cuts]}
        content = json.dumps(values, indent=2, ensure_ascii=True).encode() + b"\n"
        return [Document(title, content, only_rate(cuts), len(cuts))]


def object_of(cut: Cut) -> dict[str, Any]:
    """All that an export tells of a cut."""
    source = cut.source
    return {
        **row_of(cut),
        "query": cut.query,
        "variable_rate": source.clock.varies,
        "drop_frame": source.base.drop,
        "reel_name": source.reel_name,
        "audio_channels": [sound.channels for sound in source.sounds],
        "offline_volume": source.offline_volume,
    }
