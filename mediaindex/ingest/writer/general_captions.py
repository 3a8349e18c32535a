"""Sentences of everyday footage: the bank of queries of encoders that bring none.

general_captions.txt holds one sentence a line, plain English of 4 to 18 words. They were written for this
purpose and are in no data set: no evaluation meets captions of its own.
"""

from __future__ import annotations

from importlib.resources import files


def general_captions() -> tuple[str, ...]:
    """The 500 sentences, in the order of the file."""
    text = files("mediaindex.ingest.writer").joinpath("general_captions.txt").read_text(encoding="utf-8")
    return tuple(text.splitlines())
