"""XSPF with VLC's options: each cut a track, from its start to its end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.etree import ElementTree

from mediaindex.export.cuts.cut import Cut
from mediaindex.export.cuts.document import AnyCut, Document, only_rate
from mediaindex.export.cuts.path_map import file_url
from mediaindex.export.playlists.decimals import not_before
from mediaindex.safe_text import printable

NAMESPACE = "http://xspf.org/ns/0/"
VLC_NAMESPACE = "http://www.videolan.org/vlc/playlist/ns/0/"
VLC_APPLICATION = "http://www.videolan.org/vlc/playlist/0"


class Xspf(AnyCut):
    """See `cuts.document.Format`."""

    suffix = ".xspf"

    def documents(self, cuts: Sequence[Cut], title: str) -> list[Document]:
        """See `cuts.document.Format`."""
        root = ElementTree.Element(
            "playlist", {"version": "1", "xmlns": NAMESPACE, "xmlns:vlc": VLC_NAMESPACE}
        )
        _child(root, "title", title)
        tracks = ElementTree.SubElement(root, "trackList")
        for number, cut in enumerate(cuts):
            _track(tracks, cut, number)
        ElementTree.indent(root)
        content = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
        return [Document(title, content, only_rate(cuts), len(cuts))]


def _track(tracks: ElementTree.Element, cut: Cut, number: int) -> None:
    track = ElementTree.SubElement(tracks, "track")
    _child(track, "location", file_url(cut.source.target))
    _child(track, "title", cut.label)
    if cut.note:
        _child(track, "annotation", cut.note)
    _child(track, "duration", str(math.ceil(1000 * (cut.end_seconds - cut.start_seconds))))
    extension = ElementTree.SubElement(track, "extension", application=VLC_APPLICATION)
    _child(extension, "vlc:id", str(number))
    _child(extension, "vlc:option", f"start-time={not_before(cut.start_seconds)}")
    _child(extension, "vlc:option", f"stop-time={not_before(cut.end_seconds)}")


def _child(parent: ElementTree.Element, tag: str, content: str) -> None:
    ElementTree.SubElement(parent, tag).text = printable(content)
