"""The clips of one export: their names, one after the other, and the manifest beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mediaindex.errors import MediaIndexError, UsageError
from mediaindex.export.clips.encoding import (
    ENCODED,
    KEYFRAME_RUN_UPS,
    MUXERS,
    RUN_UPS,
    contact_sheet,
    copying,
    encoding,
    packet_list,
    suffix_of_copy,
)
from mediaindex.export.clips.ffmpeg_run import run
from mediaindex.export.clips.manifest import Clip, manifest
from mediaindex.export.clips.widening import Widening, widening_of
from mediaindex.export.cuts.cut import Cut
from mediaindex.export.file_names import distinct, is_folder, places_of
from mediaindex.export.new_files import check_places, make_folder, new_file, write_new

MANIFEST = "manifest.json"
Progress = Callable[[Mapping[str, object]], None]


@dataclass(frozen=True, slots=True)
class ClipOrder:
    """How clips are to be made.

    Attributes:
        out: a file's or a folder's name, as it was typed.
        copies: packets are copied, and nothing is encoded.
        contact_sheet: whether nine frames of each are tiled beside it.
        force: existing files are replaced.
    """

    out: str
    copies: bool = False
    contact_sheet: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the files of an export go; sheets are as many as clips, or none."""

    clips: tuple[Path, ...]
    sheets: tuple[Path, ...]
    manifest: Path

    def every(self) -> list[Path]:
        return [*self.clips, *self.sheets, self.manifest]


def cut_clips(cuts: Sequence[Cut], order: ClipOrder, *, progress: Progress) -> list[Clip]:
    """Make a clip of each cut, and a manifest, also of what was made before one failed.

    Raises:
        UsageError: a name does not fit, or is taken. NoSpace: the disk is full.
        MediaIndexError: ffmpeg failed. ConfigError: there is no ffmpeg.
    """
    places = _places(cuts, order)
    if len(cuts) > 1 or is_folder(order.out):
        make_folder(places.clips[0].parent)
    check_places(places.every(), force=order.force)
    total = sum(cut.behind - cut.first for cut in cuts)
    made: list[Clip] = []
    try:
        for number, (cut, path) in enumerate(zip(cuts, places.clips, strict=True)):
            before = sum(clip.cut.behind - clip.cut.first for clip in made)

            def told(frames: int, before: int = before, note: str = path.name) -> None:
                progress({"stage": "cutting frames", "done": before + frames, "total": total, "note": note})

            sheet = places.sheets[number] if places.sheets else None
            made.append(_made(cut, path, sheet, order, told))
    finally:
        if made:
            write_new(places.manifest, manifest(made), force=order.force)
    return made


def _made(cut: Cut, path: Path, sheet: Path | None, order: ClipOrder, told: Callable[[int], None]) -> Clip:
    widening = None
    with new_file(path, force=order.force) as part:
        if order.copies:
            widening = _copied(cut, path, part, told)
        else:
            _encoded(cut, path, part, told)
    if sheet is not None:
        with new_file(sheet, force=order.force) as part:
            run(contact_sheet(cut, part, RUN_UPS[0]), str(sheet))
    return Clip(path, cut, order.copies, widening, sheet)


def _encoded(cut: Cut, path: Path, part: Path, told: Callable[[int], None]) -> None:
    """Encode exactly the frames of a cut.

    Raises:
        MediaIndexError: ffmpeg does not find all of them.
    """
    wanted, frames = cut.behind - cut.first, 0
    for run_up in RUN_UPS:
        frames = run(encoding(cut, part, path.suffix.lower(), run_up), str(path), frame=told).frames
        if frames == wanted:
            return
    raise MediaIndexError(
        f"{path}: ffmpeg found {frames} of the {wanted} frames in {cut.source.path}; "
        "its times are damaged, and no exact clip can be made of it"
    )


def _copied(cut: Cut, path: Path, part: Path, told: Callable[[int], None]) -> Widening | None:
    """Copy the packets of a cut from the latest keyframe that gives its first frame; what that adds."""
    widening, run_up = None, 0.0
    for run_up in KEYFRAME_RUN_UPS:
        widening = widening_of(cut, run(packet_list(cut, run_up), str(path)).printed)
        if widening is not None and widening.is_whole:
            break
    run(copying(cut, part, path.suffix.lower(), run_up), str(path), frame=told)
    return widening


def _places(cuts: Sequence[Cut], order: ClipOrder) -> _Places:
    """Where everything goes.

    Raises:
        UsageError: several files are due, and a file's name was typed, or one that tells no container.
    """
    suffixes = [suffix_of_copy(cut) if order.copies else ENCODED[0] for cut in cuts]
    stems = [f"{number:03}-{cut.source.path.stem}" for number, cut in enumerate(cuts, 1)]
    due = f"{len(cuts)} clips are due"
    if len(cuts) == 1 and not is_folder(order.out):
        (clip,) = places_of(order.out, stems, suffixes[0], due=due)
        _check_suffix(clip, order)
        return _Places((clip,), _sheets([clip], order), clip.with_suffix(".json"))
    folder = places_of(order.out, stems, "", due=due)[0].parent
    names = [distinct([stem], suffix)[0] for stem, suffix in zip(stems, suffixes, strict=True)]
    clips = tuple(folder / name for name in names)
    return _Places(clips, _sheets(clips, order), folder / MANIFEST)


def _sheets(clips: Sequence[Path], order: ClipOrder) -> tuple[Path, ...]:
    return tuple(clip.with_suffix(".jpg") for clip in clips) if order.contact_sheet else ()


def _check_suffix(clip: Path, order: ClipOrder) -> None:
    known = MUXERS if order.copies else ENCODED
    if clip.suffix.lower() not in known:
        raise UsageError(f"{clip} names no container that a clip is written as: {', '.join(known)}")
