"""What a format makes of cuts: documents, each to become a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from mediaindex.export.cuts.cut import Cut


@dataclass(frozen=True, slots=True)
class Document:
    """The content of one file.

    Attributes:
        stem: what its name says where there are several, such as the rate.
        rate: at which an editor counts it; None where each source keeps its own.
        cuts: how many it holds.
    """

    stem: str
    content: bytes
    rate: Fraction | None
    cuts: int


class Format(Protocol):
    """One format of cut lists."""

    @property
    def suffix(self) -> str:
        """Of its files, with the point."""
        ...

    def refusal(self, cut: Cut) -> str | None:
        """Why this format cannot hold a cut; None where it can."""
        ...

    def documents(self, cuts: Sequence[Cut], title: str) -> list[Document]:
        """The cuts in their order, none of them refused, at least one; at least one document."""
        ...


class AnyCut:
    """A format that can hold every cut."""

    def refusal(self, cut: Cut) -> str | None:
        """None."""
        return None


def only_rate(cuts: Sequence[Cut]) -> Fraction | None:
    """The rate that all cuts have, None where they differ."""
    rates = {cut.source.rate for cut in cuts}
    return rates.pop() if len(rates) == 1 else None


def rate_name(rate: Fraction) -> str:
    """A rate as people write it: 23.976, 25, 59.94."""
    return f"{float(rate):.3f}".rstrip("0").rstrip(".")
