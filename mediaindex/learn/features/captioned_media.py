"""Captioned media: a folder and its captions → media files, each with what is said of it and its split.

Captions come from a table (given, or beside the media), else from the subtitles beside the films, where a
cue is a caption of its stretch. Files of the same content are one; what belongs to one group is in one
split. What is missing, doubled or unreadable is named, and the rest goes on.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mediaindex.decode.subtitles.formats import plain
from mediaindex.decode.subtitles.sidecar_file import find_sidecars, read_sidecar
from mediaindex.errors import MediaError
from mediaindex.learn.features.caption_tables import (
    SPLITS,
    SkippedInput,
    Split,
    TableLine,
    read_table,
)
from mediaindex.media import FileEvent, UnreadablePath
from mediaindex.sources.content_hash import full_hash, partial_hash
from mediaindex.sources.filetypes import MEDIA_EXTENSIONS, extension_of
from mediaindex.sources.path_tree import lies_below
from mediaindex.sources.rules import Rules
from mediaindex.sources.scan import is_dataless, sightings

TABLES = ("captions.jsonl", "captions.csv", "captions.tsv", "metadata.jsonl", "metadata.csv")
PICTURE_EXTENSIONS = frozenset({"jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "tif", "tiff"})
# Of a hundred groups without a split of their own, this many in train, val and test.
SHARES: dict[Split, int] = {"train": 80, "val": 10, "test": 10}


@dataclass(frozen=True, slots=True)
class Caption:
    """One thing that is said of a clip.

    Attributes:
        source: the table or subtitle file that says it, or what the table names.
        language: BCP 47 tag, None where unknown.
    """

    text: str
    source: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class CaptionedClip:
    """A film, a picture (no times), or a stretch of a film, with its captions."""

    start_seconds: float | None
    end_seconds: float | None
    captions: tuple[Caption, ...]


@dataclass(frozen=True, slots=True)
class CaptionedMedia:
    """A media file with its clips.

    Attributes:
        path: absolute. name: the same from the folder on.
        content: size and partial hash.
        group: the partial hash, or what the table says.
    """

    path: Path
    name: str
    content: str
    group: str
    split: Split
    clips: tuple[CaptionedClip, ...]

    @property
    def key(self) -> str:
        """The same for the same captions of the same content under the same name."""
        told = [self.name, self.content, self.group, self.split]
        clips = [dataclasses.astuple(clip) for clip in self.clips]
        return hashlib.blake2b(json.dumps([told, clips]).encode(), digest_size=16).hexdigest()


@dataclass(slots=True)
class _CaptionLines:
    """All that is said of one file, while it is gathered."""

    path: Path
    captions: dict[tuple[float | None, float | None], dict[str, Caption]] = field(default_factory=dict)
    splits: set[Split] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    content: str = ""

    def add(self, stretch: tuple[float | None, float | None], captions: Iterable[Caption]) -> None:
        said = self.captions.setdefault(stretch, {})
        for caption in captions:
            said.setdefault(caption.text, caption)

    @property
    def group(self) -> str:
        return min(self.groups, default=self.content.partition("-")[2])


def find_captioned(
    folder: Path,
    *,
    table: Path | None = None,
    rules: Rules | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[list[CaptionedMedia], list[SkippedInput]]:
    """The captioned media of a folder, ordered by path, and what was left out.

    Args:
        table: captions; None takes the first of `TABLES` in the folder, else the subtitles beside films.
        rules: what is passed over when the folder is looked through.
        progress: told how many files of how many have been looked at.

    Raises:
        UsageError: the table cannot be read.
    """
    skipped: list[SkippedInput] = []
    rules = rules or Rules()
    table = table or next((folder / name for name in TABLES if (folder / name).is_file()), None)
    told = _by_table(folder, table, rules, skipped) if table else _by_subtitles(folder, rules, skipped)
    known: dict[str, list[_CaptionLines]] = defaultdict(list)
    for number, path in enumerate(sorted(told)):
        progress(number, len(told))
        item = told[path]
        try:
            item.content = _content(path)
            first = next((other for other in known[item.content] if _is_copy(item, other)), None)
        except (OSError, MediaError) as error:
            skipped.append(SkippedInput(str(path), _reason(error)))
            continue
        if first is None:
            known[item.content].append(item)
        else:
            skipped.append(SkippedInput(str(path), _joined(item, first)))
    return _assigned(folder, [item for items in known.values() for item in items], skipped), skipped


def split_of(group: str) -> Split:
    """The split of a group by its name alone, in the proportions of `SHARES`."""
    digest = hashlib.blake2b(group.encode("utf-8", "surrogateescape"), digest_size=4).digest()
    place = int.from_bytes(digest) * sum(SHARES.values()) >> 32
    for split in SPLITS:
        place -= SHARES[split]
        if place < 0:
            return split
    raise AssertionError("the place lies within the sum of the shares")


def _by_table(
    folder: Path, table: Path, rules: Rules, skipped: list[SkippedInput]
) -> dict[Path, _CaptionLines]:
    names = _Names(folder, rules)
    told: dict[Path, _CaptionLines] = {}
    lost: dict[str, tuple[str, int]] = {}
    for line in read_table(table):
        if isinstance(line, SkippedInput):
            skipped.append(line)
            continue
        try:
            path = names.path_of(line.media)
        except (OSError, MediaError) as error:
            reason, count = lost.get(line.media, (f"{_reason(error)} ({line.where})", 0))
            lost[line.media] = reason, count + len(line.captions)
            continue
        _take(told.setdefault(path, _CaptionLines(path)), line)
    for media, (reason, count) in lost.items():
        where = os.path.normpath(os.path.join(folder, media))
        skipped.append(SkippedInput(where, f"{reason}; captions left out: {count}"))
    return told


def _take(item: _CaptionLines, line: TableLine) -> None:
    captions = (Caption(text, line.source, line.language) for text in line.captions)
    still = extension_of(item.path.name) in PICTURE_EXTENSIONS
    item.add((None, None) if still else (line.start_seconds, line.end_seconds), captions)
    item.splits |= {line.split} if line.split else set()
    item.groups |= {line.group} if line.group else set()


def _by_subtitles(folder: Path, rules: Rules, skipped: list[SkippedInput]) -> dict[Path, _CaptionLines]:
    told: dict[Path, _CaptionLines] = {}
    listings: dict[Path, list[str]] = {}

    def unreadable(path: Path, reason: str) -> None:
        skipped.append(SkippedInput(str(path), reason))

    for event in sightings([folder], rules=rules):
        if isinstance(event, UnreadablePath):
            unreadable(event.path, event.reason)
        if not isinstance(event, FileEvent):
            continue
        siblings = listings.setdefault(event.path.parent, os.listdir(event.path.parent))
        for sidecar in find_sidecars(event.path, siblings):
            item, backward = told.setdefault(event.path, _CaptionLines(event.path)), 0
            try:
                for cue in read_sidecar(sidecar):
                    if cue.end_seconds <= cue.start_seconds:
                        backward += 1
                        continue
                    said = Caption(plain(cue.text), cue.source, cue.language)
                    item.add((cue.start_seconds, cue.end_seconds), [said])
            except MediaError as error:
                unreadable(sidecar.path, error.reason)
            if backward:
                unreadable(sidecar.path, f"cues that end before they begin, left out: {backward}")
    return {path: item for path, item in told.items() if item.captions}


class _Names:
    """From what a table calls a file to the file: its path from the folder on, else its name anywhere."""

    def __init__(self, folder: Path, rules: Rules) -> None:
        self._folder = folder
        self._resolved = folder.resolve()
        self._rules = rules
        self._by_name: dict[str, list[Path]] | None = None

    def path_of(self, name: str) -> Path:
        """The file; a name may lack folders and extension where that leaves one file.

        Raises:
            MediaError: there is none, or more than one, or it lies outside the folder.
        """
        path = Path(os.path.normpath(os.path.join(self._folder, name)))
        if lies_below(path, self._resolved):  # an absolute name, the folder being behind a link
            path = self._folder / path.relative_to(self._resolved)
        if not lies_below(path, self._folder):
            raise MediaError(f"it lies outside {self._folder}")
        if path.is_file():
            return path
        if self._by_name is None:
            self._by_name = self._listed()
        found = self._by_name.get(name, [])
        if len(found) > 1:
            raise MediaError(f"{found[0]} and {found[1]} both bear this name; write the path")
        if not found:
            raise MediaError("there is no such file")
        return found[0]

    def _listed(self) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = defaultdict(list)
        for where, folders, names in os.walk(self._folder):
            folders[:] = sorted(name for name in folders if not self._rules.refuse_name(name))
            for name in sorted(names):
                if extension_of(name) in MEDIA_EXTENSIONS | PICTURE_EXTENSIONS:
                    path = Path(where, name)
                    found[name].append(path)
                    found[path.stem].append(path)
        return found


def _content(path: Path) -> str:
    status = path.stat()
    if is_dataless(status):
        raise MediaError("its content lies in a cloud; download it first")
    return f"{status.st_size}-{partial_hash(path)}"


def _is_copy(item: _CaptionLines, other: _CaptionLines) -> bool:
    """Whether two files of one size and partial hash are the same to the last byte."""
    return full_hash(item.path) == full_hash(other.path)


def _joined(copy: _CaptionLines, first: _CaptionLines) -> str:
    """Give the first file what is said of its copy, unless that would part a group; the reason to name."""
    same = f"it has the same content as {first.path}"
    if copy.groups and copy.groups != first.groups:
        return f"{same}, which is of another group: left out"
    if copy.splits and first.splits and copy.splits != first.splits:
        return f"{same}, which is in another split: left out"
    first.splits |= copy.splits
    for stretch, captions in copy.captions.items():
        first.add(stretch, captions.values())
    return f"{same}, where its captions are counted"


def _assigned(
    folder: Path, items: Sequence[_CaptionLines], skipped: list[SkippedInput]
) -> list[CaptionedMedia]:
    """Every group in one split: the one that its captions name, else the one of its name."""
    wanted: dict[str, set[Split]] = defaultdict(set)
    for item in items:
        wanted[item.group] |= item.splits
    found = []
    for item in sorted(items, key=lambda item: item.path):
        splits = wanted[item.group]
        if len(splits) > 1 or len(item.groups) > 1:
            torn = f"two splits: {', '.join(sorted(splits))}" if len(splits) > 1 else "two groups"
            skipped.append(SkippedInput(str(item.path), f"the captions of its group are in {torn}"))
            continue
        name = item.path.relative_to(folder).as_posix() if lies_below(item.path, folder) else str(item.path)
        split = next(iter(splits), None) or split_of(item.group)
        clips = tuple(_clips(item))
        found.append(CaptionedMedia(item.path, name, item.content, item.group, split, clips))
    return found


def _clips(item: _CaptionLines) -> Iterator[CaptionedClip]:
    order = sorted(item.captions, key=lambda stretch: [(t is not None, t or 0.0) for t in stretch])
    for start, end in order:
        yield CaptionedClip(start, end, tuple(item.captions[start, end].values()))


def _reason(error: OSError | MediaError) -> str:
    return error.reason if isinstance(error, MediaError) else f"it cannot be read: {error.strerror}"
