"""The formats of cut lists by the names that users type. A new one is a file and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mediaindex.export.cuts.document import Format
from mediaindex.export.playlists.csv_table import CsvTable
from mediaindex.export.playlists.json_list import JsonList
from mediaindex.export.playlists.losslesscut import LosslessCut
from mediaindex.export.playlists.m3u import M3u
from mediaindex.export.playlists.mpv_edl import MpvEdl
from mediaindex.export.playlists.xspf import Xspf
from mediaindex.export.timelines.edl import Edl
from mediaindex.export.timelines.fcpxml import Fcpxml
from mediaindex.export.timelines.otio import Otio
from mediaindex.export.timelines.xmeml import Xmeml

FORMATS: Mapping[str, Callable[[], Format]] = {
    "otio": Otio,
    "fcpxml": Fcpxml,
    "xmeml": Xmeml,
    "edl": Edl,
    "mpv-edl": MpvEdl,
    "m3u": M3u,
    "xspf": Xspf,
    "losslesscut": LosslessCut,
    "csv": CsvTable,
    "json": JsonList,
}
