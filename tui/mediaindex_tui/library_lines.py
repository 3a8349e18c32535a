"""What the finder told of the library as blocks of lines. Pure."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mediaindex_tui.heat import bars
from mediaindex_tui.look import Glyphs
from mediaindex_tui.messages import LibraryTold
from mediaindex_tui.shown_text import cut, fit, hours, shown, size
from mediaindex_tui.text_lines import Part, TextLine

TITLES = {
    "watching": "Watching",
    "sources": "Sources",
    "failures": "Could not be read",
    "encoders": "Encoders",
    "ranking": "Ranking",
    "disk": "Disk",
}
_STAGES = ("scanning", "reading headers", "first looks", "indexing", "embedding", "confirming")
"""Of a pass of the watcher, in their order."""
_PASSED = {"names": 1, "first looks": 2}
"""What can be searched from when the stage at this place is over."""
OPEN_REQUESTS = 3
FAILURES = 200
"""So many files that could not be read are listed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line that can be chosen, what it stands for, and what is told of it below once it is chosen."""

    parts: TextLine
    value: Mapping[str, Any] = field(default_factory=dict)
    told: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A heading, lines that only tell, entries that can be chosen, and keys that work on them.

    Attributes:
        is_terse: whether a line takes one row unless the block is chosen: it may be long.
    """

    title: str
    note: str = ""
    lines: Sequence[TextLine] = ()
    entries: Sequence[Entry] = ()
    keys: str = ""
    is_terse: bool = False


def blocks_of(told: LibraryTold, glyphs: Glyphs) -> dict[str, Block]:
    """All blocks, by name, in the order in which Tab turns them."""
    status = told.status
    if not (status or told.watch):
        here: TextLine = [("no folder is followed: a adds one", "text")]
        nothing = {name: Block(title) for name, title in TITLES.items()}
        return {**nothing, "sources": Block(TITLES["sources"], "", [here], keys="a add a folder")}
    return {
        "watching": _watching(told, glyphs),
        "sources": _sources(status.get("sources", []), glyphs),
        "failures": _failures(status.get("failures", []), status.get("locations", 0)),
        "encoders": _encoders(told.models, status),
        "ranking": _ranking(status, glyphs),
        "disk": _disk(status, told.counts),
    }


def headline(told: LibraryTold) -> tuple[str, str]:
    """Where the library lies, and what it holds."""
    if not told.status:
        return "no library here: a adds a folder", ""
    videos, seconds = told.status.get("videos", 0), told.status.get("media_seconds", 0.0)
    holds = f"{videos:,} videos".replace(",", " ")
    return shown(str(told.status.get("library", ""))), f"{holds} · {hours(seconds)}"


def _watching(told: LibraryTold, glyphs: Glyphs) -> Block:
    watch, queue = told.watch, told.status.get("queue", {})
    if not watch.get("running"):
        writer = told.status.get("writer")
        writing = f"process {writer['pid']} writes now" if writer else "nothing watches your folders"
        lines: list[TextLine] = [
            [(writing, "text")],
            [("mediaindex watch does; service install at every start", "dim")],
            *_requests(told.requests, glyphs),
        ]
        return Block("Watching", lines=lines, keys="a add a folder   l log")
    since = watch.get("since")
    runs = f", {hours(max(0.0, time.time() - since))}" if since else ""
    note = f"process {watch.get('pid')}{runs}, {watch.get('state') or 'working'}"
    lines = [*_progress(watch.get("progress"), glyphs)]
    if watch.get("reason"):
        lines.append([(shown(str(watch["reason"])), "accent")])
    lines.append([(f"queue {queue.get('to_embed', 0)} videos, {queue.get('requests', 0)} requests", "dim")])
    lines += _requests(told.requests, glyphs)
    return Block("Watching", note, lines, keys=("p go on" if watch.get("paused") else "p pause") + "   l log")


def _requests(requests: Sequence[Mapping[str, Any]], glyphs: Glyphs) -> list[TextLine]:
    """What was asked of the process that writes: each request that is open, and how many are done."""
    states = {"queued": "waits", "running": "is carried out", "failed": "failed"}
    lines: list[TextLine] = []
    for one in [one for one in requests if one.get("state") in states][:OPEN_REQUESTS]:
        said = f"request {one.get('id')} {shown(str(one.get('kind')))} {states[one['state']]}"
        lines.append([(said, "wrong" if one["state"] == "failed" else "accent")])
    done = sum(one.get("state") == "done" for one in requests)
    return [*lines, *([[(f"{glyphs.done} {done} done today", "dim")]] if done else [])]


def _progress(progress: Mapping[str, Any] | None, glyphs: Glyphs) -> list[TextLine]:
    if not progress:
        return [[("up to date", "text")]]
    outlook = progress.get("outlook") or {}
    done, total = progress.get("done") or 0, progress.get("total")
    share = outlook.get("searchable")
    share = done / total if share is None and total else share or 0.0
    full = round(30 * max(0.0, min(1.0, share)))
    ready = outlook.get("ready_at")
    about = f" · ready about {_hour(ready)}" if ready else ""
    bar: list[Part] = [(glyphs.full * full, "accent"), (glyphs.empty * (30 - full), "dim")]
    lines: list[TextLine] = [[*bar, (f"  {share:.0%} searchable{about}", "text")]]
    count = f"{done} of {total}" if total else str(done)
    stage = str(progress.get("stage") or "working")
    speed = outlook.get("speed")
    fast = f"{speed:.1f}× real time  " if speed else ""
    lines.append([(f"{stage} {count}  {fast}", "dim"), (shown(str(progress.get("path") or "")), "text")])
    place = _STAGES.index(stage) if stage in _STAGES else 0
    passed = [f"{name} {glyphs.done}" for name, last in _PASSED.items() if place > last]
    return [*lines, *([[("  ".join(passed), "dim")]] if passed else [])]


def _hour(at: float) -> str:
    """A time of the day: `16:40`."""
    return time.strftime("%H:%M", time.localtime(at))


def _sources(sources: Sequence[Mapping[str, Any]], glyphs: Glyphs) -> Block:
    entries = []
    lines: list[TextLine] = [[("    files  missing  how      folder", "dim")]]
    for source in sources:
        held, online = source.get("held_since"), source.get("online", True)
        badge = glyphs.held if held else " " if online else glyphs.offline
        how = "held" if held else "offline" if not online else "polled" if source.get("polled") else "told"
        count, missing = source.get("files", 0), source.get("missing", 0)
        parts: list[Part] = [
            (f"{badge} {count:>6} {missing:>8}  {fit(how, 8)} ", "wrong" if held else "text")
        ]
        entries.append(Entry([*parts, (shown(str(source.get("path", ""))), "text")], source))
    if not sources:
        lines = [[("no folder is followed: a adds one", "text")]]
    if any(source.get("held_since") for source in sources):
        lines.append([("many files are gone at once: not mounted? y deleted, n wait", "wrong")])
    return Block("Sources", "", lines, entries, "a add   d remove   t thumbnails   y deleted   n wait")


def _failures(failures: Sequence[Mapping[str, Any]], files: int) -> Block:
    entries = [
        Entry(
            [
                (fit(str(one.get("state", "")), 8) + fit(str(one.get("stage", "")), 7), "dim"),
                (shown(str(one.get("reason", ""))), "text"),
                (f", next {_hour(one['next_at'])}" if one.get("next_at") else "", "dim"),
                ("  " + shown(str(one.get("path", ""))), "dim"),
            ],
            one,
        )
        for one in failures[:FAILURES]
    ]
    lines: list[TextLine] = [] if entries else [[("all files could be read", "text")]]
    of = f" of {files:,}".replace(",", " ") if files else ""
    note = f"{len(failures)}{of}" if failures else ""
    return Block("Could not be read", note, lines, entries, "r retry   R retry all   Enter why")


def _encoders(models: Sequence[Mapping[str, Any]], status: Mapping[str, Any]) -> Block:
    entries = []
    for model in models:
        name, used = str(model.get("name", "")), bool(model.get("used"))
        here = "answers" if used else "here" if model.get("present") else ""
        parts: list[Part] = [
            (fit(cut(shown(name), 13), 13) + " ", "strong" if used else "text"),
            (fit(shown(str(model.get("licence", ""))).partition(" ")[0], 10) + " ", "dim"),
            (size(model.get("size_bytes") or 0).rjust(7) + "  ", "dim"),
            (here, "accent"),
        ]
        takes = model.get("hours_for_library")
        told = "" if takes is None else f"embeds this library in {hours(3600.0 * takes)}"
        entries.append(Entry(parts, model, told))
    return Block("Encoders", "", (), entries, "u use   i import   `mediaindex models pull NAME` downloads")


def _ranking(status: Mapping[str, Any], glyphs: Glyphs) -> Block:
    ranked = [*(status.get("rerank") or []), *([status["hubs"]] if status.get("hubs") else [])]
    lines: list[TextLine] = [
        [
            (
                f"{shown(str(one.get('generator', 'hub correction')))} {'on' if one.get('on') else 'off'}: ",
                "text",
            ),
            (shown(str(one.get("reason", ""))), "dim"),
        ]
        for one in ranked
    ]
    evaluated = status.get("last_evaluation")
    lines.append([("last evaluation  ", "dim"), *_evaluation(evaluated)])
    recall = (evaluated or {}).get("recall") or []
    if len(recall) > 1:
        lines.append([("R@1 by night  ", "dim"), *_by_night(recall, glyphs)])
    return Block("Ranking", "", lines, is_terse=True)


def _evaluation(evaluated: Mapping[str, Any] | None) -> TextLine:
    """What the last evaluation found, and when; its page is named by `mediaindex status`."""
    if not evaluated:
        return [("none yet", "dim")]
    when = str(evaluated.get("at", ""))[:10]
    said = f"{when}: {evaluated.get('line', '')}"
    said += ", another encoder answered then" * bool(evaluated.get("older_than_space"))
    return [(shown(said), "wrong" if evaluated.get("regressed") else "dim")]


def _by_night(recall: Sequence[float], glyphs: Glyphs) -> TextLine:
    """The figures of the nights as bars between their least and their largest."""
    least, largest = min(recall), max(recall)
    spread = (largest - least) or 1.0
    drawn = bars([(value - least) / spread for value in recall], glyphs.steps)
    return [(drawn, "text"), (f"  {least:.1f} to {largest:.1f}, now {recall[-1]:.1f}", "dim")]


def _disk(status: Mapping[str, Any], counts: Mapping[str, int]) -> Block:
    sizes = status.get("bytes") or {}
    named = {"frames": "frames", "vectors": "vectors", "matrix": "matrix"}
    known = [f"{name} {size(sizes.get(key) or 0)}" for key, name in named.items()]
    rest = sum(value or 0 for key, value in sizes.items() if key not in named)
    lines: list[TextLine] = [[(" · ".join([*known, f"rest {size(rest)}"]), "text")]]
    kept = {"marks": "marked", "captions": "captions", "saved": "saved searches", "history": "history"}
    said = [f"{name} {counts[key]}" for key, name in kept.items() if key in counts]
    return Block("Disk", "", [*lines, [(" · ".join(said), "dim")]])
