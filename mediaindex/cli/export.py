"""Export found moments to an editor, a player or a table, on the same source frames."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mediaindex.cli.shared.arguments import add_device, duration
from mediaindex.cli.shared.chosen_moments import Moment, add_choice, chosen_moments
from mediaindex.cli.shared.output import Output, ProgressLine
from mediaindex.config import Config
from mediaindex.errors import DONE, SOME_MEDIA_FAILED, UsageError

if TYPE_CHECKING:
    from mediaindex.assembly.film_sources import FilmSources
    from mediaindex.export.cuts.cut import Cut, Wanted
    from mediaindex.export.cuts.document import Format
    from mediaindex.export.document_files import Exported
    from mediaindex.store.library import Library

CLIPS = "clips"
FORMATS = (
    *("otio", "fcpxml", "xmeml", "edl", "mpv-edl", "m3u", "xspf", "losslesscut", "csv", "json"),
    CLIPS,
)
STDOUT = "-"
TITLE = "mediaindex"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `export`."""
    parser.add_argument("--format", required=True, choices=FORMATS, help="what to write; see docs/export.md")
    parser.add_argument(
        "--out",
        required=True,
        metavar="FILE_OR_FOLDER",
        help="where to write it; - is stdout; a folder where more than one file is due",
    )
    add_choice(parser)
    parser.add_argument(
        "--handles",
        type=duration,
        default=0.0,
        metavar="SECONDS",
        help="more before and behind each cut, as far as the file has it",
    )
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="FROM=TO",
        help="write paths below FROM as another machine sees them; repeatable, the first that fits counts",
    )
    parser.add_argument(
        "--skip-missing",
        action="store_true",
        help="go on without films that are gone, offline or changed since they were indexed",
    )
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    parser.add_argument(
        "--copy",
        action="store_true",
        help="clips: copy the streams without encoding; each then begins at the keyframe before",
    )
    parser.add_argument(
        "--contact-sheet", action="store_true", help="clips: a JPEG of nine frames beside each"
    )
    add_device(parser)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Write the cuts, and print what was written and what was left out."""
    from fractions import Fraction

    from mediaindex.assembly.film_sources import FilmSources
    from mediaindex.export.cuts.cut import cuts_of
    from mediaindex.export.cuts.path_map import path_rule

    _check(arguments)
    rules = [path_rule(typed) for typed in arguments.map]
    with _opened(arguments, config) as library:
        moments = chosen_moments(arguments, library, config)
        with FilmSources(library, config, rules, only_online=arguments.format == CLIPS) as sources:
            wanted, skipped = _wanted(moments, sources, skip_missing=arguments.skip_missing)
        cuts = cuts_of(wanted, handles=Fraction(arguments.handles))
        if arguments.format == CLIPS:
            files = _write_clips(cuts, arguments, output)
        else:
            cuts, refused = _held(_format(arguments.format), cuts)
            skipped += refused
            files = _write(cuts, arguments)
    _print(files, skipped, cuts, sources.notes, output)
    return SOME_MEDIA_FAILED if skipped else DONE


def _check(arguments: argparse.Namespace) -> None:
    """Refuse options that do not fit together.

    Raises:
        UsageError: they do not.
    """
    if arguments.out == "":
        raise UsageError("--out is empty")
    if arguments.out == STDOUT and arguments.json:
        raise UsageError("--out - and --json both write to stdout; choose a file")
    if arguments.format == CLIPS:
        if arguments.out == STDOUT:
            raise UsageError("clips are files; --out must name one, or a folder")
        if arguments.map:
            raise UsageError("--map writes paths for another machine, and a clip has none in it")
    elif arguments.copy or arguments.contact_sheet:
        raise UsageError("--copy and --contact-sheet are about --format clips")


@contextlib.contextmanager
def _opened(arguments: argparse.Namespace, config: Config) -> Iterator[Library | None]:
    """The library; None where there is none and the cuts were typed, which need none."""
    from mediaindex.store.layout import DATABASE
    from mediaindex.store.library import open_library

    if arguments.cut and not (config.library / DATABASE).is_file():
        yield None
        return
    with open_library(config.library) as library:
        yield library


# From moments to cuts


def _wanted(
    moments: Sequence[Moment], sources: FilmSources, *, skip_missing: bool
) -> tuple[list[Wanted], list[dict[str, str]]]:
    """The stretches of films that can be exported, and the films that cannot.

    Raises:
        SourceMissing: a film cannot, and the rest is not to go on without it.
    """
    from mediaindex.assembly.film_sources import SourceMissing
    from mediaindex.export.cuts.cut import Wanted

    wanted: list[Wanted] = []
    skipped: dict[Path, str] = {}
    for moment in moments:
        try:
            if moment.video_id is None:
                source = sources.at(moment.path)
            else:
                source = sources.of_video(moment.video_id, moment.path)
        except SourceMissing as error:
            if not (error.is_final or skip_missing):
                raise SourceMissing(
                    error.path, f"{error.reason}; --skip-missing goes on with the rest"
                ) from error
            skipped[error.path] = error.reason
            continue
        wanted.append(
            Wanted(
                source,
                moment.start,
                moment.end,
                moment.label,
                moment.note,
                moment.score,
                moment.query,
                is_typed=moment.video_id is None,
            )
        )
    return wanted, [{"path": str(path), "reason": reason} for path, reason in skipped.items()]


def _held(form: Format, cuts: Sequence[Cut]) -> tuple[list[Cut], list[dict[str, str]]]:
    """The cuts that a format can hold, and the films that it cannot."""
    held: list[Cut] = []
    refused: dict[str, str] = {}
    for cut in cuts:
        if (reason := form.refusal(cut)) is None:
            held.append(cut)
        else:
            refused[str(cut.source.path)] = reason
    return held, [{"path": path, "reason": reason} for path, reason in refused.items()]


def _format(name: str) -> Format:
    from mediaindex.export.format_table import FORMATS as TABLE

    return TABLE[name]()


# Writing


def _write(cuts: Sequence[Cut], arguments: argparse.Namespace) -> list[Exported]:
    """Write the documents of a format; none where no cut is left."""
    from mediaindex.export.document_files import Exported, only_document, write_documents

    if not cuts:
        return []
    form = _format(arguments.format)
    documents = form.documents(cuts, TITLE)
    if arguments.out != STDOUT:
        return write_documents(documents, form.suffix, arguments.out, force=arguments.force)
    document = only_document(documents)
    sys.stdout.buffer.write(document.content)
    sys.stdout.buffer.flush()
    return [Exported(STDOUT, document.rate, document.cuts)]


def _write_clips(cuts: Sequence[Cut], arguments: argparse.Namespace, output: Output) -> list[Exported]:
    from mediaindex.export.clips.clip_set import ClipOrder, cut_clips
    from mediaindex.export.document_files import Exported

    if not cuts:
        return []
    order = ClipOrder(
        arguments.out, copies=arguments.copy, contact_sheet=arguments.contact_sheet, force=arguments.force
    )
    with ProgressLine(output) as progress:
        clips = cut_clips(cuts, order, progress=progress)
    for clip in clips:
        if clip.widening:
            output.say(f"{clip.path}: {clip.widening}")
    return [Exported(str(clip.path), clip.cut.source.rate, 1) for clip in clips]


def _print(
    files: Sequence[Exported],
    skipped: Sequence[dict[str, str]],
    cuts: Sequence[Cut],
    notes: Sequence[str],
    output: Output,
) -> None:
    offline = {
        str(cut.source.path): cut.source.offline_volume
        for cut in cuts
        if cut.source.offline_volume is not None
    }
    output.data(
        {
            "files": [
                {"path": one.path, "rate": None if one.rate is None else str(one.rate), "cuts": one.cuts}
                for one in files
            ],
            "skipped": list(skipped),
            "offline": [{"path": path, "volume": volume} for path, volume in offline.items()],
            "notes": list(notes),
        }
    )
    for one in files:
        if one.path != STDOUT:
            rate = "" if one.rate is None else f" at {one.rate} frames a second"
            output.line(f"{one.path}  {one.cuts} cut{'s' * (one.cuts != 1)}{rate}")
    for row in skipped:
        output.say(f"skipped {row['path']}: {row['reason']}")
    for path, volume in offline.items():
        output.say(f"offline {path}: on {volume}, exported by what the library knows")
    for note in notes:
        output.say(note)
    if not files:
        output.say("nothing was exported")
