"""The videos of a benchmark's clips in a folder: captioned media, and the clips that are left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mediaindex.errors import MediaError
from mediaindex.learn.benchmarks.annotation_split import BenchmarkClip
from mediaindex.learn.features.caption_tables import Split
from mediaindex.learn.features.captioned_media import (
    Caption,
    CaptionedClip,
    CaptionedMedia,
    content_of,
    reason_of,
)
from mediaindex.learn.features.media_names import MediaNames
from mediaindex.sources.rules import Rules


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A clip that is not evaluated.

    Attributes:
        reason: for a person.
    """

    id: str
    reason: str


def media_of(
    clips: Sequence[BenchmarkClip],
    videos: Path,
    split: Split,
    *,
    benchmark: str,
    rules: Rules | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[list[CaptionedMedia], list[LeftOut]]:
    """The clips whose video is there, in their order, and those that are left out.

    Group and name of a video are its clip's id. Unlike in a user's folder, two files of the same content stay
    two: each is an item of the gallery.

    Args:
        videos: folder, absolute; files may lie in folders below.
        benchmark: the source of the captions.
        rules: exclusion rules for the folder. progress: called with the clips that are done, and all.
    """
    names = MediaNames(videos, rules or Rules())
    media: list[CaptionedMedia] = []
    left_out: list[LeftOut] = []
    for number, clip in enumerate(clips):
        progress(number, len(clips))
        paths = sorted({path for name in (clip.id, *clip.names) for path in names.named(name)})
        if len(paths) != 1:
            why = f"{paths[0]} and {paths[1]} are both its video" if paths else "no video of this name"
            left_out.append(LeftOut(clip.id, why))
            continue
        try:
            content = content_of(paths[0])
        except (OSError, MediaError) as error:
            left_out.append(LeftOut(clip.id, f"{paths[0]}: {reason_of(error)}"))
            continue
        captions = tuple(Caption(text, benchmark) for text in clip.captions)
        whole = (CaptionedClip(None, clip.end_seconds, captions),)
        media.append(CaptionedMedia(paths[0], clip.id, content, clip.id, split, whole))
    progress(len(clips), len(clips))
    return media, left_out


def without_features(
    media: Sequence[CaptionedMedia], names: Sequence[str], why: dict[str, str]
) -> list[LeftOut]:
    """The media that a feature file lacks: their videos could not be read.

    Args:
        names: of the clips in the file. why: reasons by path, where this run met them.
    """
    there = set(names)
    return [
        LeftOut(item.name, why.get(str(item.path), "its video could not be read"))
        for item in media
        if item.name not in there
    ]
