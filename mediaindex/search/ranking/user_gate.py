"""What the user's own captions decide of the ranking, before what was measured on photographs.

A component is on where the confidence sequence of its gain on these captions lies above zero, off where it
lies below, and else as the evaluation has it that came with it. `mediaindex eval library` makes the verdicts;
reading them needs neither numpy nor scipy, and the commands that import this pay for no database.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from mediaindex.safe_text import counted
from mediaindex.search.ranking.gate import Gate

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mediaindex.store.library import Library
    from mediaindex.store.notes.verdicts import Pair, Verdict

CAPTIONS = "your captions"
HUBS, GENERATOR = "hubs", "generator"
INSTANT = "instant"
_ASK_AGAIN = "'mediaindex eval library' asks them again"


class UserGates(NamedTuple):
    """Every verdict of a library's captions."""

    verdicts: tuple[Verdict, ...] = ()

    @classmethod
    def read(cls, connection: Connection) -> UserGates:
        """Those of the library of a transaction."""
        from mediaindex.store.notes import verdicts

        return cls(tuple(verdicts.every(connection)))

    @classmethod
    def of(cls, library: Library) -> UserGates:
        """Those of a library."""
        with library.read() as connection:
            return cls.read(connection)

    def gate(self, evaluated: Gate, pair: Pair) -> Gate:
        """The gate of a pair, where an evaluation on photographs or feature files says so much."""
        verdict = next((one for one in self.verdicts if one.pair == pair), None)
        if verdict is None:
            return replace(evaluated, reason=f"{evaluated.reason}{self._passed_over(pair)}")
        if verdict.damaged:
            return replace(
                evaluated, reason=f"{evaluated.reason}; what your captions said is damaged: {_ASK_AGAIN}"
            )
        if verdict.low > 0.0:
            reason = f"proven on your {_captions(verdict)}: {_figure(verdict)}"
            return Gate(evaluated.component, True, CAPTIONS, reason)
        if verdict.high < 0.0:
            reason = f"it loses on your {_captions(verdict)}: {_figure(verdict)}"
            return Gate(evaluated.component, False, CAPTIONS, reason)
        return replace(evaluated, reason=f"{_missing(verdict)} ({_figure(verdict)}); {evaluated.reason}")

    def _passed_over(self, pair: Pair) -> str:
        """A half sentence on a verdict that is none of this pair, where there is one."""
        same = [one.pair for one in self.verdicts if one.pair.component == pair.component]
        if any((one.digest, one.ranking) == (pair.digest, pair.ranking) for one in same):
            return f"; passed over: your captions judged it beside another hub correction, {_ASK_AGAIN}"
        if same and not any(one.digest == pair.digest for one in same):
            return f"; passed over: your captions judged the space of another encoder, {_ASK_AGAIN}"
        return ""


NO_VERDICTS = UserGates()


def hub_pair(digest: str) -> Pair:
    """The hub correction of a space against the similarity alone."""
    from mediaindex.store.notes.verdicts import Pair

    return Pair(HUBS, digest, "", INSTANT)


def generator_pair(digest: str, identity: str, *, over_hubs: bool) -> Pair:
    """A generator of a space against what ranks without it: corrected for hubs, or by similarity alone."""
    from mediaindex.store.notes.verdicts import Pair

    return Pair(GENERATOR, digest, identity, HUBS if over_hubs else INSTANT)


def _missing(verdict: Verdict) -> str:
    if verdict.missing is None:
        return f"your {_captions(verdict)} have not decided, and do not tell how many would"
    return f"about {_rounded(verdict.missing)} more captions to decide, of videos without one"


def _rounded(number: int) -> int:
    """To one figure that matters, upwards: it is a guess."""
    step = 1 if number < 10 else 10 if number < 200 else 100
    return -(-number // step) * step


def _captions(verdict: Verdict) -> str:
    of = "" if verdict.videos == verdict.captions else f" of {verdict.videos} videos"
    return counted(verdict.captions, "caption") + of


def _figure(verdict: Verdict) -> str:
    low, high = 100 * verdict.low, 100 * verdict.high
    return f"MRR {100 * verdict.value:+.2f} [{low:+.2f}, {high:+.2f}]"
