"""The second decoder: an ffmpeg binary in a process of its own, described through ffmpeg-python.

It decodes every picture, which costs more, and shares only the demand with the first decoder: a second
opinion where the bundled libraries fail. Times come from ffmpeg's filter `showinfo`, pictures from its pipe.
"""

from __future__ import annotations

import contextlib
import math
import os
import queue
import re
import select
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, TYPE_CHECKING

import av.error
import ffmpeg
import numpy as np
import psutil
from av.video.stream import VideoStream
from PIL import Image

from mediaindex.decode.backends.decoder import THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH, Demand, Picture, fitted
from mediaindex.decode.backends.rendering import Rendering, rendering_of
from mediaindex.decode.container.film_codec import alpha_decoder, alpha_is_padding
from mediaindex.decode.container.film_start import read_start
from mediaindex.decode.container.opening import open_container, start_seconds
from mediaindex.decode.container.reading import Search, packets, patience_seconds
from mediaindex.decode.container.timeline import PlayingClock
from mediaindex.decode.ffmpeg_binary import FORMATS, PROTOCOLS, ffmpeg_binary
from mediaindex.decode.sandbox.confinement import die_with_parent, lift_cpu_budget
from mediaindex.decode.sandbox.starting import started
from mediaindex.decode.subtitles.embedded import SubtitleReader
from mediaindex.errors import DecodeError
from mediaindex.media import Cue, MediaInfo, Position

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Stands for the path in ffmpeg-python's graph, which hashes names and fails on those that are not UTF-8.
FILM = "FILM"
POSITION_BYTES = 4 << 20
PACKETS_A_SIGN = 10_000
READ_BYTES = 1 << 20
MAX_LINE_BYTES = 8192
# Matched at a line's start only: names and tags, which ffmpeg prints too, may hold anything.
_SHOWINFO = re.compile(
    rb"\[Parsed_showinfo_\d+ @ \w+\] n: *\d+ .*?pts_time:(?P<seconds>-?\d+(?:\.\d+)?(?:e[+-]\d\d)?) "
    rb".*?(?:duration_time:(?P<length>\d+(?:\.\d+)?(?:e[+-]\d\d)?) .*?)?iskey:(?P<key>[01])"
)
_NO_MEMORY = re.compile(rb"\[.*\].*(Cannot allocate memory|Failed to allocate|pthread_create\(\) failed)")
_DAMAGE = re.compile(rb"\[.*\].*(error|invalid|corrupt|no frame)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _FrameInfo:
    """What showinfo prints of one frame.

    Attributes:
        length: seconds for which it is shown, 0 where unknown.
    """

    seconds: float
    length: float
    is_key: bool


@dataclass(frozen=True, slots=True)
class _Source:
    """What the binary is to make of a film.

    Attributes:
        decoder: FFmpeg's name of the one that must be asked for.
    """

    rendering: Rendering
    decoder: str | None


class FfmpegDecoder:
    """See `mediaindex.decode.backends.decoder.Decoder`."""

    def __init__(self, path: Path, info: MediaInfo, demand: Demand) -> None:
        self._path = path
        self._info = info
        self._demand = demand
        self._width, self._height = fitted(info.width, info.height, demand.short_side)
        self.damaged_packets = 0
        self.end_seconds = 0.0

    def scan(self) -> Iterator[Picture | Cue | Position]:
        """Every picture, after all cues; positions are estimated from the time."""
        yield from self._cues()
        source = self._source()
        width, height = source.rendering.stored_size(self._width, self._height)
        with _Run(self._command(source), (height, width, source.rendering.channels)) as run:
            yield from self._pictures(run, source.rendering)
        self.damaged_packets = run.damage

    def between(
        self, earlier: Picture, later: Picture, difference: Callable[[Picture, Picture], float]
    ) -> Iterator[Picture]:
        """Only `later`: the scan leaves no picture out."""
        yield later

    def _source(self) -> _Source:
        """What must be known of the film before ffmpeg is started."""
        with open_container(self._path) as container:
            film = container.streams[self._info.video_stream]
            assert isinstance(film, VideoStream)
            frame = read_start(container, [film], max_pixels=self._demand.max_pixels).frame
            if frame is None:
                return _Source(Rendering(), alpha_decoder(film))
            opaque = alpha_is_padding(container, film)
            return _Source(rendering_of(frame, opaque=opaque), alpha_decoder(film))

    def _command(self, source: _Source) -> list[str]:
        film = f"file:{os.path.abspath(self._path)}"
        stream = str(self._info.video_stream)
        stop_seconds = self._demand.stop_seconds
        picture = ffmpeg.input(
            FILM,
            **({} if stop_seconds is None else {"t": stop_seconds}),
            format_whitelist=FORMATS,
            protocol_whitelist=PROTOCOLS,
            max_pixels=self._demand.max_pixels,
            threads=1,
            noautorotate=None,
            **({} if source.decoder is None else {f"c:{stream}": source.decoder}),
        )[stream]
        width, height = source.rendering.stored_size(self._width, self._height)
        for name, options in source.rendering.filters(width, height):
            picture = picture.filter(name, **options)
        command: list[str] = (
            picture.filter("showinfo", checksum=0)
            .output("pipe:", format="rawvideo", fps_mode="passthrough", threads=1)
            .global_args("-hide_banner", "-nostats", "-nostdin", "-filter_threads", "1")
            .compile(cmd=ffmpeg_binary())
        )
        return [film if argument == FILM else argument for argument in command]

    def _pictures(self, run: _Run, rendering: Rendering) -> Iterator[Picture | Position]:
        size, duration = self._path.stat().st_size, self._info.duration_seconds
        last_seconds, reported_bytes, has_other_frames = float("-inf"), 0, False
        for frame, pixels in run.pictures():
            if frame.seconds <= last_seconds:
                continue
            last_seconds = frame.seconds
            self.end_seconds = frame.seconds + (frame.length or 1 / (self._info.fps or 25.0))
            has_other_frames = has_other_frames or not frame.is_key
            upright = rendering.rendered(pixels)
            yield self._picture(frame, upright, keyframe=frame.is_key and has_other_frames)
            position = int(size * min(frame.seconds / duration, 1.0)) if duration else 0
            if position >= reported_bytes + POSITION_BYTES:
                reported_bytes = position
                yield Position(position)

    def _picture(self, frame: _FrameInfo, upright: NDArray[np.uint8], *, keyframe: bool) -> Picture:
        def scaled(width: int, height: int) -> NDArray[np.uint8]:
            if (height, width) == upright.shape[:2]:
                return upright
            return np.asarray(Image.fromarray(upright).resize((width, height), Image.Resampling.BOX))

        def thumbnail() -> NDArray[np.uint8]:
            size = THUMBNAIL_WIDTH, THUMBNAIL_HEIGHT
            return np.asarray(Image.fromarray(upright).resize(size, Image.Resampling.NEAREST))

        return Picture(
            seconds=frame.seconds,
            width=self._width,
            height=self._height,
            keyframe=keyframe,
            adjacent=True,
            scaled=scaled,
            thumbnail=thumbnail,
        )

    def _cues(self) -> Iterator[Cue | Position]:
        if not any(stream.kind == "subtitle" for stream in self._info.streams):
            return
        with open_container(self._path) as container:
            clock = PlayingClock(Fraction(1), start_seconds(container), may_restart=False)
            subtitles = SubtitleReader(container, clock)
            if not subtitles.streams:
                return
            # Of a film with few cues the packets show that it is still being read.
            film = container.streams[self._info.video_stream]
            with contextlib.suppress(av.error.FFmpegError):  # as far as it can be read
                for number, packet in enumerate(packets(container, [film, *subtitles.streams])):
                    if packet.stream_index != film.index:
                        subtitles.read(packet)
                    elif number % PACKETS_A_SIGN == 0:
                        yield Position(0)
            yield from subtitles.cues()


class _Run:
    """One run of the binary, which ends with the block or with this process."""

    def __init__(self, command: list[str], shape: tuple[int, int, int]) -> None:
        self._shape = shape
        self._frame_infos: queue.SimpleQueue[_FrameInfo | None] = queue.SimpleQueue()
        self.damage = 0
        self._lacks_memory = False
        self._is_stopped = False
        parent = os.getpid()

        def confine() -> None:
            die_with_parent(parent)
            lift_cpu_budget()

        self._process = started(
            command,
            confine,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Or each of its threads reserves 64 MiB of the address space, which is bounded.
            env={**os.environ, "MALLOC_ARENA_MAX": "1"},
        )
        self._program = psutil.Process(self._process.pid)
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._stdout: IO[bytes] = self._process.stdout
        self._reader = threading.Thread(target=self._read_stderr, args=(self._process.stderr,), daemon=True)
        self._reader.start()

    def pictures(self) -> Iterator[tuple[_FrameInfo, NDArray[np.uint8]]]:
        """Each picture with its time, in the shape that was promised: (height, width, channels).

        They end with the film, or where no more are found.
        """
        size_bytes, given = math.prod(self._shape), 0
        while True:
            data = self._read(size_bytes)
            frame = self._frame_infos.get() if len(data) == size_bytes else None
            if frame is None:
                break
            given += 1
            yield frame, np.frombuffer(data, dtype=np.uint8).reshape(self._shape)
        code = self._process.wait()
        self._reader.join()
        if code and self._lacks_memory and not given:
            raise MemoryError  # the sandbox names the remedy
        if code < 0 and not self._is_stopped:
            raise DecodeError(f"ffmpeg died: {signal.Signals(-code).name}", transient=True)

    def _read(self, size: int) -> bytes:
        """So many bytes; fewer at the end, or where the program finds nothing more in the file."""
        data = bytearray()
        while len(data) < size:
            search = Search(self._used_seconds)
            ready, _, _ = select.select([self._stdout], [], [], patience_seconds.get())
            if not ready:
                search.refuse_silent_disk()
                self._is_stopped = True
                self._process.kill()
                break
            chunk = os.read(self._stdout.fileno(), min(size - len(data), READ_BYTES))
            if not chunk:
                break
            data += chunk
        return bytes(data)

    def _used_seconds(self) -> float:
        used = self._program.cpu_times()
        return float(used.user + used.system)

    def __enter__(self) -> _Run:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        self._stdout.close()

    def _read_stderr(self, stderr: IO[bytes]) -> None:
        with stderr:
            at_line_start = True
            while line := stderr.readline(MAX_LINE_BYTES):
                match = _SHOWINFO.match(line) if at_line_start else None
                at_line_start = line.endswith(b"\n")
                if match is not None:
                    self._frame_infos.put(
                        _FrameInfo(float(match["seconds"]), float(match["length"] or 0), match["key"] == b"1")
                    )
                elif _NO_MEMORY.search(line):
                    self._lacks_memory = True
                elif _DAMAGE.search(line):
                    self.damage += 1
        self._frame_infos.put(None)
