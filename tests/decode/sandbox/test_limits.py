"""What one file may cost: memory, time, bytes, pixels, frames, subtitles and tags, each bound met."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
from av.video.stream import VideoStream
from PIL import Image

from mediaindex.decode import worker as worker_module
from mediaindex.decode.backends.decoder import Picture
from mediaindex.decode.container.probe import MAX_STREAMS
from mediaindex.decode.container.tags import (
    MAX_KEY_CHARACTERS,
    MAX_TAGS,
    MAX_VALUE_CHARACTERS,
)
from mediaindex.decode.ffmpeg_binary import ffmpeg_binary
from mediaindex.decode.sampling import sampler
from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.sandbox import wire
from mediaindex.decode.sandbox.limits import Limits
from mediaindex.decode.sandbox.process import Sandbox
from mediaindex.decode.subtitles import embedded
from mediaindex.decode.worker import DecodeWorker, new_worker
from mediaindex.errors import (
    ConfigError,
    DecodeError,
    DecoderDied,
)
from mediaindex.media import (
    MAX_CUE_CHARACTERS,
    MAX_FRAMES,
    MediaInfo,
    Segment,
    Segmentation,
)
from tests.support.media import (
    Clip,
    Pixels,
    collect,
    extract_here,
    film,
    flat,
    jpeg_pixels,
    moving,
    write_clip,
    write_films,
)
from tests.support.paths import CHECKOUT

HANDLER = "tests.support.hostile_handler"
INFO = MediaInfo(1.0, 128, 96, 10.0, "h264", 0, "mp4", 0)


def has_ffmpeg() -> bool:
    try:
        ffmpeg_binary()
    except ConfigError:
        return False
    return True


@pytest.fixture(params=["pyav", "ffmpeg"])
def decoder(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if name == "ffmpeg" and not has_ffmpeg():
        pytest.skip("no ffmpeg binary here")
    return name


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Limits], Sandbox]]:
    """Makes sandboxes whose child does what it is asked, however bad."""
    monkeypatch.syspath_prepend(str(CHECKOUT))
    made: list[Sandbox] = []

    def make(limits: Limits) -> Sandbox:
        made.append(Sandbox(HANDLER, limits))
        return made[-1]

    yield make
    for sandbox in made:
        sandbox.close()


# Time and bytes


def test_a_child_that_keeps_talking_is_ended_all_the_same(hostile: Callable[[Limits], Sandbox]) -> None:
    sandbox = hostile(Limits(request_seconds=1.0))
    with pytest.raises(DecoderDied, match="not done after 1 s"):
        list(sandbox.ask({"do": "trickle"}))
    assert sandbox.pid is None
    with pytest.raises(DecoderDied, match="not done after 0 s"):
        list(hostile(Limits(request_seconds=0.0)).ask({"do": "many"}))


def test_a_large_file_is_granted_more_time(hostile: Callable[[Limits], Sandbox]) -> None:
    sandbox = hostile(Limits(request_seconds=0.0))
    assert len(list(sandbox.ask({"do": "many"}, extra_seconds=60.0))) == 5


def test_a_child_that_floods_is_ended(hostile: Callable[[Limits], Sandbox]) -> None:
    sandbox, taken = hostile(Limits(replies_bytes=8 << 20)), list[int]()
    with pytest.raises(DecoderDied, match="more than 8 MiB"):
        taken.extend(len(body) for _, body in sandbox.ask({"do": "flood"}))
    assert sum(taken) == 7 << 20, "the headers count, too"
    assert list(sandbox.ask({"do": "echo"})), "each request has the whole allowance"
    assert list(sandbox.ask({"do": "echo"}))


# Memory and pixels


@pytest.mark.skipif(sys.platform != "linux", reason="address space is bounded on Linux only")
def test_a_film_that_needs_more_memory_is_refused_and_the_next_one_read(tmp_path: Path) -> None:
    large = write_clip(tmp_path / "large.mkv", [flat(9, 9, 9, width=4096, height=2160)] * 6, Clip("mpeg4"))
    small = write_clip(tmp_path / "small.mkv", moving(5), Clip("mpeg4"))
    with new_worker(memory_mib=40) as worker:
        worker.probe(small)
        pid = worker.pid
        with pytest.raises(DecodeError, match="more memory"):
            list(worker.extract(large, film(large), Sampling()))
        assert collect(worker.extract(small, film(small), Sampling())).frames
        assert worker.pid == pid


@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process can be read on Linux only")
def test_an_ffmpeg_has_the_limits_of_the_child_that_started_it(tmp_path: Path) -> None:
    if not has_ffmpeg():
        pytest.skip("no ffmpeg binary here")
    path = write_clip(tmp_path / "long.mkv", moving(1000), Clip("mpeg4"))
    with new_worker(decoder="ffmpeg") as worker:
        replies = worker.extract(path, film(path), Sampling())
        next(replies)
        child = psutil.Process(worker.pid)
        (grandchild,) = child.children()
        for which in (psutil.RLIMIT_AS, psutil.RLIMIT_FSIZE, psutil.RLIMIT_NOFILE, psutil.RLIMIT_CORE):
            assert grandchild.rlimit(which) == child.rlimit(which)
            assert grandchild.rlimit(which)[1] != psutil.RLIM_INFINITY


def film_that_grows(path: Path, sizes: list[tuple[int, int]]) -> Path:
    """Motion JPEG whose pictures change their size, which its header does not say."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=1)
        assert isinstance(stream, VideoStream)
        (stream.width, stream.height), stream.pix_fmt = sizes[0], "yuvj420p"
        for number, size in enumerate(sizes):
            encoded = io.BytesIO()
            Image.new("RGB", size, (40 * number, 90, 30)).save(encoded, "JPEG")
            packet = av.Packet(encoded.getvalue())
            packet.stream, packet.pts, packet.dts = stream, number, number
            packet.time_base, packet.is_keyframe = Fraction(1), True
            container.mux(packet)
    return path


def test_a_picture_that_grows_over_the_limit_is_not_decoded(tmp_path: Path, decoder: str) -> None:
    sizes = [(64, 48)] * 4 + [(4000, 3000)] * 4 + [(64, 48)] * 4
    path = film_that_grows(tmp_path / "grows.mkv", sizes)
    allowed = extract_here(path, decoder)
    refused = extract_here(path, decoder, Sampling(max_pixels=1_000_000))
    assert refused.outline.damaged_packets > 0
    assert allowed.outline.damaged_packets == 0
    inside = [second for second in refused.seconds if 4.5 < second < 7.5]
    assert len(refused.frames) < len(allowed.frames) or not inside


def test_no_frame_is_longer_than_the_limit_however_its_pixels_are_shaped(
    tmp_path: Path, decoder: str
) -> None:
    path = tmp_path / "wide.mkv"
    write_clip(path, [flat(1, 2, 3, width=8000, height=16)] * 2, Clip("ffv1", aspect=Fraction(8)))
    for frame in extract_here(path, decoder).frames:
        assert max(jpeg_pixels(frame.jpeg).shape) <= 4096


# Frames, subtitles, tags, streams


def plain(picture: Pixels, width: int = 64, height: int = 36) -> Pixels:
    """The same picture, whatever its size should be."""
    assert (height, width) == picture.shape[:2]
    return picture


class EndlessFilm:
    """A decoder whose film has a cut every second and does not end in this lifetime."""

    damaged_packets = 0
    end_seconds = 0.0

    def scan(self) -> Iterator[Picture]:
        while True:
            self.end_seconds += 1.0
            shade = 200 if int(self.end_seconds) % 2 else 20
            picture = np.full((36, 64, 3), shade, np.uint8)
            yield Picture(
                seconds=self.end_seconds,
                width=64,
                height=36,
                keyframe=True,
                adjacent=True,
                scaled=partial(plain, picture),
                thumbnail=partial(plain, picture),
            )

    def between(
        self, earlier: Picture, later: Picture, difference: Callable[[Picture, Picture], float]
    ) -> Iterator[Picture]:
        yield later


def test_a_film_without_an_end_gives_no_more_than_the_frames_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampler, "MAX_FRAMES", 40)
    extraction = collect(sampler.FrameSampler(EndlessFilm(), INFO, Sampling()).run())
    assert len(extraction.frames) == 40
    assert len(extraction.outline.cuts) <= 60


def test_the_longest_outline_fits_into_one_message() -> None:
    times = [86400.0 + number / 3 for number in range(MAX_FRAMES)]
    segments = tuple(Segment(time, time + 1 / 3, number, 1) for number, time in enumerate(times))
    outline = Segmentation(times[-1] + 1, tuple(times), segments, 7)
    assert len(wire.frame(*wire.pack(outline))) < wire.MAX_HEADER_BYTES


@pytest.mark.parametrize("what", ["many frames", "many cues"])
def test_the_parent_counts_for_itself(
    hostile: Callable[[Limits], Sandbox], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    for name in ("MAX_FRAMES", "MAX_CUES"):
        monkeypatch.setattr(worker_module, name, 50)
    worker = DecodeWorker(hostile(Limits()), decoder="pyav", max_pixels=1)
    given: list[object] = []
    with pytest.raises(DecoderDied, match="more frames or subtitles than any film has"):
        given.extend(worker.extract(Path("/", what), INFO, Sampling()))
    assert len(given) == 50


def test_a_cue_over_its_length_is_nonsense(hostile: Callable[[Limits], Sandbox]) -> None:
    worker = DecodeWorker(hostile(Limits()), decoder="pyav", max_pixels=1)
    with pytest.raises(DecoderDied, match="nonsense"):
        list(worker.extract(Path("/long cue"), INFO, Sampling()))


@pytest.mark.parametrize("what", ["loose segments", "no segments"])
def test_segments_that_do_not_fit_the_frames_are_nonsense(
    hostile: Callable[[Limits], Sandbox], what: str
) -> None:
    worker = DecodeWorker(hostile(Limits()), decoder="pyav", max_pixels=1)
    with pytest.raises(DecoderDied, match="segments do not fit"):
        list(worker.extract(Path("/", what), INFO, Sampling()))


def test_a_reason_can_be_stored_as_text(hostile: Callable[[Limits], Sandbox]) -> None:
    worker = DecodeWorker(hostile(Limits()), decoder="pyav", max_pixels=1)
    with pytest.raises(DecodeError, match="no utf-8") as caught:
        list(worker.extract(Path("/no utf-8"), INFO, Sampling()))
    assert caught.value.reason.encode().endswith(rb"\udcff")


@pytest.mark.parametrize(
    "header",
    [{"kind": "NotAVideo", "reason": "half \udcff"}, {"kind": "Position", "bytes": 2**63}],
    ids=["half a surrogate pair", "over 64 bits"],
)
def test_what_no_database_stores_is_nonsense(header: dict[str, object]) -> None:
    with pytest.raises(wire.WireError):
        wire.unpack(header, b"")


def with_subtitles(path: Path, texts: list[str]) -> Path:
    """A film with a SubRip stream of one line a tenth of a second."""
    lines = path.with_suffix(".srt")
    blocks = [
        f"{number + 1}\n00:00:{number // 10:02},{number % 10}00 --> 00:00:59,000\n{text}\n"
        for number, text in enumerate(texts)
    ]
    lines.write_text("\n".join(blocks), encoding="utf-8")
    silent = write_clip(path.with_suffix(".silent.mkv"), moving(30), Clip("mpeg4"))
    with av.open(str(silent)) as pictures, av.open(str(lines)) as words, av.open(str(path), "w") as joined:
        inputs = (pictures, pictures.streams.video[0]), (words, words.streams.subtitles[0])
        copies = [joined.add_stream_from_template(source) for _, source in inputs]
        for (container, source), copy in zip(inputs, copies, strict=True):
            for packet in container.demux(source):
                if packet.dts is not None:
                    packet.stream = copy
                    joined.mux(packet)
    return path


def test_subtitles_are_bounded_in_number_and_length(
    tmp_path: Path, decoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = with_subtitles(tmp_path / "talks.mkv", ["word " * 2000, *(f"line {n}" for n in range(29))])
    assert len(extract_here(path, decoder).cues) == 30
    monkeypatch.setattr(embedded, "MAX_CUES", 10)
    cues = extract_here(path, decoder).cues
    assert len(cues) == 10
    assert len(cues[0].text) <= MAX_CUE_CHARACTERS


def test_tags_are_bounded_in_number_and_length(tmp_path: Path) -> None:
    tags = {f"{number:03} {'k' * 200}": "v" * 5000 for number in range(300)}
    path = write_clip(tmp_path / "tagged.mkv", moving(2), Clip("mpeg4", tags=tags))
    info = film(path)
    assert len(info.tags) == MAX_TAGS
    assert max(map(len, info.tags)) == MAX_KEY_CHARACTERS
    assert max(map(len, info.tags.values())) == MAX_VALUE_CHARACTERS


def test_streams_are_bounded_in_number(tmp_path: Path) -> None:
    pictures = [flat(1, 2, 3, width=16, height=16)]
    path = write_films(tmp_path / "streams.mkv", *[(pictures, Clip("mpeg4"))] * (MAX_STREAMS + 6))
    assert len(film(path).streams) == MAX_STREAMS
