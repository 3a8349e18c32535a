"""mpv's EDL: the cuts as one film in mpv.

mpv counts in the file's own clock, so the container's start is added, and it drops frames before a stretch.
Names stand with their length in bytes, so that they may hold any byte.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from mediaindex.export.cuts.cut import Cut
from mediaindex.export.cuts.document import AnyCut, Document, only_rate
from mediaindex.export.playlists.decimals import not_after
from mediaindex.safe_text import printable

HEADER = b"# mpv EDL v0\n"


class MpvEdl(AnyCut):
    """See `cuts.document.Format`."""

    suffix = ".edl"

    def documents(self, cuts: Sequence[Cut], title: str) -> list[Document]:
        """See `cuts.document.Format`."""
        content = HEADER + b"".join(map(_part, cuts))
        return [Document(title, content, only_rate(cuts), len(cuts))]


def _part(cut: Cut) -> bytes:
    start = not_after(cut.source.container_start + cut.start_seconds)
    length = not_after(cut.end_seconds - cut.start_seconds)
    title = _counted(printable(cut.label).encode())
    return b"%s,%s,%s,title=%s\n" % (
        _counted(os.fsencode(cut.source.target)),
        start.encode(),
        length.encode(),
        title,
    )


def _counted(text: bytes) -> bytes:
    return b"%%%d%%%s" % (len(text), text)
