"""The worker: what its child is asked, and that nothing the child sends is taken on trust."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import pytest

from mediaindex.decode import worker as worker_module
from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.sandbox.limits import Limits
from mediaindex.decode.sandbox.process import Sandbox
from mediaindex.decode.worker import DECODER_VERSION, DecodeWorker, new_worker
from mediaindex.decode.worker_child import handle
from mediaindex.errors import DecodeError, DecoderDied, ProbeError, UsageError
from mediaindex.media import MediaInfo, NotAVideo, Position
from tests.support.media import (
    Clip,
    collect,
    decode_request,
    extract_here,
    film,
    flat,
    moving,
    write_clip,
    write_sound,
)


def test_importing_the_worker_loads_no_decoder() -> None:
    heavy = ("av", "PIL", "torch", "ffmpeg")
    code = f"import sys, mediaindex.decode.worker; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_version_names_the_libraries() -> None:
    assert av.__version__ in DECODER_VERSION


def test_a_worker_probes_skips_refuses_and_extracts(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", moving(30))
    (tmp_path / "text.mp4").write_text("hello")
    with new_worker() as worker:
        info = worker.probe(clip)
        assert isinstance(info, MediaInfo)
        pid = worker.pid
        assert worker.probe(write_sound(tmp_path / "song.m4a")) == NotAVideo("no picture stream")
        with pytest.raises(ProbeError, match="text, not a video"):
            worker.probe(tmp_path / "text.mp4")
        assert list(worker.extract(clip, info, Sampling()))
        assert worker.pid == pid
        worker.kill()
        with pytest.raises(DecoderDied, match="stopped"):
            worker.probe(clip)
    assert worker.pid is None


def test_a_worker_tells_when_frames_are_shown(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", moving(20))
    with new_worker() as worker:
        info = worker.probe(path)
        assert isinstance(info, MediaInfo)
        times = worker.frame_times(path, info)
        pid = worker.pid
        assert (str(times.rate), times.count, times.first) == ("10", 20, 0)
        assert worker.frame_times(path, info) == times
        assert worker.pid == pid, "the child is used again"


def test_unknown_decoders_are_refused_with_the_choices() -> None:
    with pytest.raises(UsageError, match="auto, pyav, ffmpeg"):
        new_worker(decoder="vlc")


def test_a_value_of_each_kind_has_its_place(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", moving(30))
    assert extract_here(path).cues == []
    assert Position(3).bytes == 3
    assert film(path).streams[0].codec == "h264"


@pytest.mark.skipif(sys.platform != "linux", reason="address space is bounded on Linux only")
def test_a_film_that_needs_more_memory_is_refused_and_the_next_one_read(tmp_path: Path) -> None:
    large = write_clip(tmp_path / "large.mkv", [flat(9, 9, 9, width=6144, height=4096)] * 6, Clip("mpeg4"))
    small = write_clip(tmp_path / "small.mkv", moving(5), Clip("mpeg4"))
    with new_worker(memory_mib=40) as worker:
        worker.probe(small)
        pid = worker.pid
        with pytest.raises(DecodeError, match="more memory"):
            list(worker.extract(large, film(large), Sampling()))
        assert collect(worker.extract(small, film(small), Sampling())).frames
        assert worker.pid == pid


INFO = MediaInfo(1.0, 128, 96, 10.0, "h264", 0, "mp4", 0)


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


def test_a_film_whose_tail_ends_its_decoder_is_read_to_its_stated_end(
    hostile: Callable[[Limits], Sandbox],
) -> None:
    worker = DecodeWorker(hostile(Limits()), decoder="pyav", max_pixels=1)
    info = replace(INFO, duration_seconds=100.0)
    extraction = collect(worker.extract(Path("/dies/in the tail"), info, Sampling()))
    assert extraction.seconds == list(range(0, 100, 10))


def test_a_film_that_ends_its_decoder_in_the_middle_is_not_taken_for_whole(
    hostile: Callable[[Limits], Sandbox],
) -> None:
    worker = DecodeWorker(hostile(Limits()), decoder="pyav", max_pixels=1)
    with pytest.raises(DecoderDied, match="SIGKILL"):
        list(worker.extract(Path("/dies/in the middle"), replace(INFO, duration_seconds=100.0), Sampling()))


def test_a_film_is_read_no_further_than_asked(tmp_path: Path, decoder: str) -> None:
    path = write_clip(tmp_path / "clip.mkv", moving(200))
    request = {**decode_request(path, "extract", decoder), "stop_seconds": 10.0}
    (*_, (outline, _body)) = handle(request)
    assert outline["duration_seconds"] == pytest.approx(10.0, abs=0.5)


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


@pytest.mark.parametrize("what", ["rotten frame", "large frame", "larger frame than asked for"])
def test_a_frame_that_is_no_picture_is_nonsense(hostile: Callable[[Limits], Sandbox], what: str) -> None:
    worker = DecodeWorker(hostile(Limits()), decoder="pyav", max_pixels=1)
    with pytest.raises(DecoderDied, match="nonsense: its picture"):
        list(worker.extract(Path("/", what), INFO, Sampling()))


def test_a_reason_can_be_stored_as_text(hostile: Callable[[Limits], Sandbox]) -> None:
    worker = DecodeWorker(hostile(Limits()), decoder="pyav", max_pixels=1)
    with pytest.raises(DecodeError, match="no utf-8") as caught:
        list(worker.extract(Path("/no utf-8"), INFO, Sampling()))
    assert caught.value.reason.encode().endswith(rb"\udcff")
