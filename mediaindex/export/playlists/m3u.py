"""Extended M3U with VLC's options: each cut an entry, from its start to its end."""

from __future__ import annotations

import os
from collections.abc import Sequence

from mediaindex.export.cuts.cut import Cut
from mediaindex.export.cuts.document import AnyCut, Document, only_rate
from mediaindex.export.cuts.path_map import file_url
from mediaindex.export.playlists.decimals import not_before
from mediaindex.safe_text import printable

BREAKS = "\r\n"


class M3u(AnyCut):
    """See `cuts.document.Format`."""

    suffix = ".m3u"

    def documents(self, cuts: Sequence[Cut], title: str) -> list[Document]:
        """See `cuts.document.Format`."""
        content = b"#EXTM3U\n" + b"".join(map(_entry, cuts))
        return [Document(title, content, only_rate(cuts), len(cuts))]


def _entry(cut: Cut) -> bytes:
    length = not_before(cut.end_seconds - cut.start_seconds)
    lines = [
        f"#EXTINF:{length},{printable(cut.label)}",
        f"#EXTVLCOPT:start-time={not_before(cut.start_seconds)}",
        f"#EXTVLCOPT:stop-time={not_before(cut.end_seconds)}",
    ]
    return "".join(f"{line}\n" for line in lines).encode() + _place(cut.source.target) + b"\n"


def _place(path: str) -> bytes:
    """The path, or its URL where it would be taken for something else."""
    if path.startswith("#") or path != path.strip() or any(mark in path for mark in BREAKS):
        return file_url(path).encode()
    return os.fsencode(path)
