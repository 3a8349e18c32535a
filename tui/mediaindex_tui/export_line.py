"""What the line that exports asks for: a format, and where to. Pure."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mediaindex_tui.messages import Moment, SubmitRequest

ENDINGS = {
    "otio": ".otio", "fcpxml": ".fcpxml", "xmeml": ".xml", "edl": ".edl", "mpv-edl": ".edl", "m3u": ".m3u",
    "xspf": ".xspf", "losslesscut": ".csv", "csv": ".csv", "json": ".json", "clips": "",
}  # fmt: skip
"""The ends of files by the formats of `mediaindex export`, that of editors first; `clips` is a folder."""


@dataclass(frozen=True, slots=True)
class Export:
    """Moments to be written to a file.

    Attributes:
        format: of `ENDINGS`.
    """

    moments: Sequence[Moment]
    format: str = next(iter(ENDINGS))

    @property
    def label(self) -> str:
        """What the line says before the path."""
        count = len(self.moments)
        return f"export {count} moment{'s' if count > 1 else ''} as {self.format} to"

    def turned(self, text: str) -> tuple[Export, str]:
        """The same in the next format, and a path with its ending in place of the ending of this one."""
        formats = list(ENDINGS)
        after = replace(self, format=formats[(formats.index(self.format) + 1) % len(formats)])
        return after, text.removesuffix(ENDINGS[self.format]) + ENDINGS[after.format]

    def request(self, written: str) -> SubmitRequest:
        """The command that writes the file."""
        out = os.path.abspath(os.path.expanduser(written))
        cuts = [
            part
            for moment in self.moments
            for part in (b"--cut", moment.path + f"@{moment.start:.3f}-{moment.end:.3f}".encode())
        ]
        return SubmitRequest(("export", "--format", self.format), (b"--out", os.fsencode(out), *cuts))


def likely_path(format: str) -> str:  # noqa: A002  the command's own name for it
    """Where the file may lie: on the desktop where there is one, else at home."""
    folder = "~/Desktop" if Path("~/Desktop").expanduser().is_dir() else "~"
    return f"{folder}/marked{ENDINGS[format]}"
