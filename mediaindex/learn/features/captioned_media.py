"""Captioned media: a folder and its captions → media files, each with its captions and its split.

Captions come from a table (named, or beside the media), else from the subtitles beside the films, where a
cue is a caption of its stretch. Files of the same content are one, and files of one group are in one split.
What is missing, doubled or unreadable is left out with its reason.
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
from mediaindex.learn.features.caption_tables import SPLITS, SkippedInput, Split, TableLine, read_table
from mediaindex.learn.features.media_names import PICTURE_EXTENSIONS, MediaNames
from mediaindex.media import FileEvent, UnreadablePath
from mediaindex.sources.content_hash import full_hash, partial_hash
from mediaindex.sources.filetypes import extension_of
from mediaindex.sources.rules import Rules
from mediaindex.sources.scan import is_dataless, scan
from mediaindex.sources.sidecars import Sidecar

TABLES = ("captions.jsonl", "captions.csv", "captions.tsv", "metadata.jsonl", "metadata.csv")
# Groups in a hundred for each split, of those for which the captions name none.
SHARES: dict[Split, int] = {"train": 80, "val": 10, "test": 10}


@dataclass(frozen=True, slots=True)
class Caption:
    """A caption of a clip.

    Attributes:
        source: the table or subtitle file that it stands in, or the source that the table names.
        language: BCP 47 tag, None where unknown.
    """

    text: str
    source: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class CaptionedClip:
    """A film, a picture (both times None), or a stretch of a film, with its captions."""

    start_seconds: float | None
    end_seconds: float | None
    captions: tuple[Caption, ...]


@dataclass(frozen=True, slots=True)
class CaptionedMedia:
    """A media file with its clips.

    Attributes:
        path: absolute. name: its path from the folder on, with slashes.
        content: size and partial hash.
        group: that the table names, else the partial hash.
    """

    path: Path
    name: str
    content: str
    group: str
    split: Split
    clips: tuple[CaptionedClip, ...]

    @property
    def key(self) -> str:
        """A digest that changes with the name, the content, the group, the split or the captions."""
        identity = [self.name, self.content, self.group, self.split]
        clips = [dataclasses.astuple(clip) for clip in self.clips]
        return hashlib.blake2b(json.dumps([identity, clips]).encode(), digest_size=16).hexdigest()


@dataclass(slots=True)
class _CaptionLines:
    """The captions of one file while they are gathered.

    Attributes:
        captions: by stretch (start, end), by text. splits, groups: all that its lines name.
        content: as `CaptionedMedia` has it, "" until it is read.
    """

    path: Path
    captions: dict[tuple[float | None, float | None], dict[str, Caption]] = field(default_factory=dict)
    splits: set[Split] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    content: str = ""

    def add(self, stretch: tuple[float | None, float | None], captions: Iterable[Caption]) -> None:
        """Add captions of a stretch; of two with the same text the first stays."""
        by_text = self.captions.setdefault(stretch, {})
        for caption in captions:
            by_text.setdefault(caption.text, caption)

    def add_line(self, line: TableLine) -> None:
        """Add a line of a table; a picture has no stretches."""
        captions = (Caption(text, line.source, line.language) for text in line.captions)
        is_picture = extension_of(self.path.name) in PICTURE_EXTENSIONS
        self.add((None, None) if is_picture else (line.start_seconds, line.end_seconds), captions)
        self.splits |= {line.split} if line.split else set()
        self.groups |= {line.group} if line.group else set()

    def take_copy(self, copy: _CaptionLines) -> str:
        """Add the captions of a copy of the file, unless its group or split differs; the reason to name."""
        same = f"it has the same content as {self.path}"
        if copy.groups and copy.groups != self.groups:
            return f"{same}, which is of another group: left out"
        if copy.splits and self.splits and copy.splits != self.splits:
            return f"{same}, which is in another split: left out"
        self.splits |= copy.splits
        for stretch, captions in copy.captions.items():
            self.add(stretch, captions.values())
        return f"{same}, where its captions are counted"

    @property
    def group(self) -> str:
        """The group that its lines name, else its partial hash."""
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
        table: of captions; None takes the first of `TABLES` in the folder, else the subtitles beside films.
        rules: exclusion rules for the scan of the folder.
        progress: called with the number of files that were read, and of all files.

    Raises:
        UsageError: the table cannot be read.
    """
    rules = rules or Rules()
    table = table or next((folder / name for name in TABLES if (folder / name).is_file()), None)
    files, skipped = _by_table(folder, table, rules) if table else _by_subtitles(folder, rules)
    media, unread = _media_of(folder, files, progress)
    return media, skipped + unread


def captioned_files(
    captions: Iterable[tuple[Path, tuple[float | None, float | None], Caption]],
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[list[CaptionedMedia], list[SkippedInput]]:
    """Captions of files, anywhere, as `find_captioned` gives those of a folder; names are absolute paths.

    Args:
        captions: (file, stretch, caption) of each.
    """
    files: dict[Path, _CaptionLines] = {}
    for path, stretch, caption in captions:
        files.setdefault(path, _CaptionLines(path)).add(stretch, [caption])
    return _media_of(None, files, progress)


def _media_of(
    folder: Path | None, files: dict[Path, _CaptionLines], progress: Callable[[int, int], None]
) -> tuple[list[CaptionedMedia], list[SkippedInput]]:
    """The media files, each content once, and what was left out of them."""
    skipped: list[SkippedInput] = []
    by_content: dict[str, list[_CaptionLines]] = defaultdict(list)
    for number, path in enumerate(sorted(files)):
        progress(number, len(files))
        lines = files[path]
        try:
            lines.content = content_of(path)
            original = next((other for other in by_content[lines.content] if _is_copy(lines, other)), None)
        except (OSError, MediaError) as error:
            skipped.append(SkippedInput(str(path), reason_of(error)))
            continue
        if original is None:
            by_content[lines.content].append(lines)
        else:
            skipped.append(SkippedInput(str(path), original.take_copy(lines)))
    media, torn = _assigned(folder, [lines for copies in by_content.values() for lines in copies])
    return media, skipped + torn


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
    folder: Path, table: Path, rules: Rules
) -> tuple[dict[Path, _CaptionLines], list[SkippedInput]]:
    """The captions of a table by media file, and the lines that cannot be read or name no file."""
    names = MediaNames(folder, rules)
    files: dict[Path, _CaptionLines] = {}
    skipped: list[SkippedInput] = []
    missing: dict[str, tuple[str, int]] = {}
    for line in read_table(table):
        if isinstance(line, SkippedInput):
            skipped.append(line)
            continue
        try:
            path = names.path_of(line.media)
        except (OSError, MediaError) as error:
            reason, count = missing.get(line.media, (f"{reason_of(error)} ({line.where})", 0))
            missing[line.media] = reason, count + len(line.captions)
            continue
        files.setdefault(path, _CaptionLines(path)).add_line(line)
    for media, (reason, count) in missing.items():
        where = os.path.normpath(os.path.join(folder, media))
        skipped.append(SkippedInput(where, f"{reason}; captions left out: {count}"))
    return files, skipped


def _by_subtitles(folder: Path, rules: Rules) -> tuple[dict[Path, _CaptionLines], list[SkippedInput]]:
    """The cues of the subtitles beside each film as its captions, and what cannot be read."""
    files: dict[Path, _CaptionLines] = {}
    skipped: list[SkippedInput] = []
    listings: dict[Path, list[str]] = {}
    for seen in scan([folder], rules=rules):
        if isinstance(seen, UnreadablePath):
            skipped.append(SkippedInput(str(seen.path), seen.reason))
        if not isinstance(seen, FileEvent):
            continue
        parent = seen.path.parent
        try:
            siblings = listings[parent] if parent in listings else os.listdir(parent)
        except OSError as error:
            siblings = []
            skipped.append(SkippedInput(str(parent), reason_of(error)))
        listings[parent] = siblings
        for sidecar in find_sidecars(seen.path, siblings):
            captions, problem = _captions_of(sidecar)
            if problem is not None:
                skipped.append(SkippedInput(str(sidecar.path), problem))
            for stretch, caption in captions:
                files.setdefault(seen.path, _CaptionLines(seen.path)).add(stretch, [caption])
    return files, skipped


def _captions_of(sidecar: Sidecar) -> tuple[list[tuple[tuple[float, float], Caption]], str | None]:
    """The cues of a subtitle file, each with its stretch, and what is wrong with the file."""
    try:
        cues = read_sidecar(sidecar)
    except MediaError as error:
        return [], error.reason
    forward = [cue for cue in cues if cue.end_seconds > cue.start_seconds]
    captions = [
        ((cue.start_seconds, cue.end_seconds), Caption(plain(cue.text), cue.source, cue.language))
        for cue in forward
    ]
    backward = len(cues) - len(forward)
    return captions, f"cues that end before they begin, left out: {backward}" if backward else None


def content_of(path: Path) -> str:
    """Size and partial hash of a file, as `CaptionedMedia.content` has it.

    Raises:
        OSError: it cannot be read. MediaError: its content lies in a cloud.
    """
    status = path.stat()
    if is_dataless(status):
        raise MediaError("its content lies in a cloud; download it first")
    return f"{status.st_size}-{partial_hash(path)}"


def _is_copy(lines: _CaptionLines, other: _CaptionLines) -> bool:
    """Whether two files of one size and partial hash are the same to the last byte."""
    return full_hash(lines.path) == full_hash(other.path)


def _assigned(
    folder: Path | None, files: Sequence[_CaptionLines]
) -> tuple[list[CaptionedMedia], list[SkippedInput]]:
    """The media files with their splits, and those whose captions name two splits or two groups.

    A group is in the split that its captions name, else in the one that `split_of` gives its name.
    """
    splits_of_group: dict[str, set[Split]] = defaultdict(set)
    for lines in files:
        splits_of_group[lines.group] |= lines.splits
    media, skipped = [], []
    for lines in sorted(files, key=lambda lines: lines.path):
        splits = splits_of_group[lines.group]
        if len(splits) > 1 or len(lines.groups) > 1:
            torn = f"two splits: {', '.join(sorted(splits))}" if len(splits) > 1 else "two groups"
            skipped.append(SkippedInput(str(lines.path), f"the captions of its group are in {torn}"))
            continue
        inside = folder is not None and lines.path.is_relative_to(folder)
        name = lines.path.relative_to(folder).as_posix() if folder and inside else str(lines.path)
        split = next(iter(splits), None) or split_of(lines.group)
        clips = tuple(_clips(lines))
        media.append(CaptionedMedia(lines.path, name, lines.content, lines.group, split, clips))
    return media, skipped


def _clips(lines: _CaptionLines) -> Iterator[CaptionedClip]:
    order = sorted(lines.captions, key=lambda stretch: [(t is not None, t or 0.0) for t in stretch])
    for start, end in order:
        yield CaptionedClip(start, end, tuple(lines.captions[start, end].values()))


def reason_of(error: OSError | MediaError) -> str:
    """Why a file is left out, for a person."""
    return error.reason if isinstance(error, MediaError) else f"it cannot be read: {error.strerror}"
