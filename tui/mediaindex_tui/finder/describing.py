"""What may be said of a moment, by `mediaindex describe`: a process of its own, since it takes its time."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from mediaindex.safe_text import printable
from mediaindex_tui.finder.commands import printed
from mediaindex_tui.messages import Described, WantDescription

MOST = 6
SECONDS = 60.0


class _Text(msgspec.Struct):
    text: str


class _Said(msgspec.Struct):
    texts: list[_Text]


def described(want: WantDescription, library: Path) -> Described:
    """The texts that fit a moment, the best first; none where nothing can be said."""
    moment = f"{os.fsdecode(want.path)}@{want.seconds:.3f}"
    said = printed(("describe", moment, "--limit", str(MOST)), library, _Said, seconds=SECONDS)
    texts = [] if said is None else said.texts[:MOST]
    return Described(want.path, want.seconds, tuple(printable(one.text) for one in texts))
