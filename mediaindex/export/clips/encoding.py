"""What ffmpeg is to do with a cut: encode exactly its frames, copy its packets, or tile nine of its frames.

The frames are chosen by their times in the file's own clock, halfway between the first and the one before it,
so that a container which rounds its times moves nothing.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from mediaindex.decode.ffmpeg_binary import FORMATS, PROTOCOLS, ffmpeg_binary
from mediaindex.export.cuts.cut import Cut

# They stand for paths in ffmpeg-python's graph, which hashes names and fails on those that are not UTF-8.
FILM, CLIP = "FILM", "CLIP"
RUN_UPS = (10, math.inf)
"""Seconds by which a seek goes further back than needed: in some containers it lands behind its goal."""
KEYFRAME_RUN_UPS = (0, 0.5, 1, 2, 4, 8, 16, 32, math.inf)
"""The same where the keyframe before a time is looked for, the least first."""
FINE_TICKS = 90_000
"""Ticks a second of a clip whose rate varies."""
QUALITY = 18
"""libx264's constant rate factor, at which few see a difference."""
KBITS_A_CHANNEL = 96
SHEET_SIDE = 3
SHEET_HEIGHT = 180
MUXERS: Mapping[str, str] = {
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
    ".ts": "mpegts",
    ".mts": "mpegts",
    ".m2ts": "mpegts",
    ".avi": "avi",
}
"""The containers that clips are written as, by their suffix."""
ENCODED = (".mp4", ".m4v", ".mov", ".mkv")
"""Those that hold what is encoded here: H.264 and AAC."""


@dataclass(frozen=True, slots=True)
class Window:
    """Times in the file's own clock, in seconds.

    Attributes:
        start, end: of the cut.
        first, behind: the same half a frame earlier, so that rounding moves no frame across them.
    """

    start: Fraction
    end: Fraction
    first: Fraction
    behind: Fraction


def window_of(cut: Cut) -> Window:
    """When the frames of a cut are shown."""
    clock, zero = cut.source.clock, cut.source.container_start
    before = clock.time_of(cut.first - 1) if cut.first else cut.start_seconds - 1 / clock.rate
    last = clock.time_of(cut.behind - 1)
    return Window(
        start=zero + cut.start_seconds,
        end=zero + cut.end_seconds,
        first=zero + (before + cut.start_seconds) / 2,
        behind=zero + (last + cut.end_seconds) / 2,
    )


def encoding(cut: Cut, part: Path, suffix: str, run_up: float) -> list[str]:
    """The command that encodes the frames of a cut and their sound."""
    window, film = window_of(cut), _film(cut, run_up, noautorotate=None)
    source = cut.source
    pictures = _trimmed(film, cut, window)
    sounds = [
        film[f"a:{number}"]
        .filter("atrim", start=_text(window.start), end=_text(window.end))
        .filter("asetpts", f"PTS-{_text(window.start)}/TB")
        .filter("aresample", **{"async": 1, "first_pts": 0})
        for number in range(len(source.sounds))
    ]
    ticks = Fraction(1, FINE_TICKS) if source.clock.varies else 1 / source.clock.rate
    options: dict[str, Any] = {
        "c:v": "libx264",
        "crf": QUALITY,
        "fps_mode": "passthrough",
        "enc_time_base:v": f"{ticks.numerator}:{ticks.denominator}",
        **_pixel_format(cut),
        **_kept(cut, suffix),
    }
    if suffix != ".mkv":
        options["video_track_timescale"] = ticks.denominator
    for number, sound in enumerate(source.sounds):
        options |= {f"c:a:{number}": "aac", f"b:a:{number}": f"{KBITS_A_CHANNEL * sound.channels}k"}
    return _command(cut, part, ffmpeg.output(pictures, *sounds, CLIP, **options), "-copyts")


def copying(cut: Cut, part: Path, suffix: str, run_up: float) -> list[str]:
    """The command that copies the packets of a cut, from the keyframe on to which a seek leads."""
    film = _film(cut, run_up, t=_length(cut, run_up))
    streams = [film[str(cut.source.stream)], *(film[f"a:{n}"] for n in range(len(cut.source.sounds)))]
    options = {"c": "copy", "avoid_negative_ts": "make_zero", **_kept(cut, suffix)}
    return _command(cut, part, ffmpeg.output(*streams, CLIP, **options))


def packet_list(cut: Cut, run_up: float) -> list[str]:
    """The command that lists the packets of pictures which `copying` copies, with their times in the file."""
    stream = _film(cut, run_up, t=_length(cut, run_up))[str(cut.source.stream)]
    return _command(cut, None, ffmpeg.output(stream, "pipe:1", c="copy", f="framecrc"), "-copyts")


def contact_sheet(cut: Cut, part: Path, run_up: float) -> list[str]:
    """The command that tiles nine frames of a cut, evenly apart, upright and with square pixels."""
    step = max((cut.behind - cut.first) // SHEET_SIDE**2, 1)
    pictures = _trimmed(_film(cut, run_up), cut, window_of(cut))
    pictures = (
        pictures.filter("select", f"not(mod(n,{step}))")
        .filter("scale", "iw*sar", "ih")
        .filter("setsar", 1)
        .filter("scale", -2, SHEET_HEIGHT)
        .filter("tile", f"{SHEET_SIDE}x{SHEET_SIDE}")
    )
    options = {"frames:v": 1, "fps_mode": "passthrough", "q:v": 3, "c:v": "mjpeg", "pix_fmt": "yuvj420p"}
    return _command(cut, part, ffmpeg.output(pictures, CLIP, f="image2", update=1, **options), "-copyts")


def suffix_of_copy(cut: Cut) -> str:
    """The container that a copy is kept in: the source's own where it is one that clips are written as."""
    suffix = cut.source.path.suffix.lower()
    return suffix if suffix in MUXERS else ".mkv"


def _film(cut: Cut, run_up: float, **options: Any) -> Any:
    """The source, from a while before the cut on."""
    return ffmpeg.input(
        FILM,
        ss=_text(_seek(cut, run_up)),
        format_whitelist=FORMATS,
        protocol_whitelist=PROTOCOLS,
        **options,
    )


def _seek(cut: Cut, run_up: float) -> Fraction:
    """Where to read from, seconds from the container's start."""
    return Fraction(0) if math.isinf(run_up) else max(cut.start_seconds - Fraction(run_up), Fraction(0))


def _length(cut: Cut, run_up: float) -> str:
    return _text(cut.end_seconds - _seek(cut, run_up))


def _trimmed(film: Any, cut: Cut, window: Window) -> Any:
    pictures = film[str(cut.source.stream)]
    return pictures.filter("trim", start=_text(window.first), end=_text(window.behind)).filter(
        "setpts", "PTS-STARTPTS"
    )


def _kept(cut: Cut, suffix: str) -> dict[str, Any]:
    """The options by which a clip has the source's tags, and a timecode of its own."""
    is_counted = cut.source.start_timecode is not None and not cut.source.clock.varies
    timecode = cut.timecode_in if is_counted else ""
    options: dict[str, Any] = {
        "f": MUXERS[suffix],
        "map_metadata": 0,
        "metadata": f"timecode={timecode}",
        "metadata:s:v:0": f"timecode={timecode}",
    }
    if MUXERS[suffix] in ("mp4", "mov"):
        options["movflags"] = "+faststart+use_metadata_tags"
    return options


def _pixel_format(cut: Cut) -> dict[str, str]:
    """ffmpeg takes the format nearest to the source's; of odd sides it must not halve the colours."""
    shape = cut.source.shape
    return {"pix_fmt": "yuv444p"} if shape.width % 2 or shape.height % 2 else {}


def _command(cut: Cut, part: Path | None, output: Any, *arguments: str) -> list[str]:
    fixed = ("-hide_banner", "-nostdin", "-nostats", "-loglevel", "warning", "-progress", "pipe:2", "-y")
    command: list[str] = output.global_args(*fixed, *arguments).compile(cmd=ffmpeg_binary())
    paths = {FILM: f"file:{os.path.abspath(cut.source.path)}"}
    if part is not None:
        paths[CLIP] = f"file:{part}"
    return [paths.get(argument, argument) for argument in command]


def _text(seconds: Fraction) -> str:
    """Seconds to the microsecond, as ffmpeg counts."""
    return f"{float(seconds):.6f}"
