"""The sampling policy and its worker."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import av
import pytest

from mediaindex.decode.container.tags import clean
from mediaindex.decode.ffmpeg_binary import ffmpeg_binary
from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.subtitles.formats import ass_words
from mediaindex.decode.worker import DECODER_VERSION, new_worker
from mediaindex.errors import (
    ConfigError,
    DecoderDied,
    ProbeError,
    UsageError,
)
from mediaindex.media import (
    MAX_CUE_CHARACTERS,
    MediaInfo,
    NotAVideo,
    Position,
)
from tests.support.media import Clip, extract_here, film, flat, moving, numbered, write_clip, write_sound


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


def test_unknown_decoders_are_refused_with_the_choices() -> None:
    with pytest.raises(UsageError, match="auto, pyav, ffmpeg"):
        new_worker(decoder="vlc")


def test_a_machine_without_ffmpeg_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(ConfigError, match="no ffmpeg binary"):
        ffmpeg_binary()


def test_short_shots_keep_frames_three_seconds_apart(tmp_path: Path) -> None:
    pictures = moving(250) + [flat(250, 250, 250)] * 250
    extraction = extract_here(write_clip(tmp_path / "two.mp4", pictures, Clip(gop=10)))
    assert extraction.outline.cuts == pytest.approx([25.0], abs=0.11)
    assert [segment.frame_count for segment in extraction.outline.segments] == [9, 9]
    assert extraction.frames[0].seconds == 0.0


def test_long_shots_have_a_frame_every_two_and_a_half_seconds(tmp_path: Path) -> None:
    pictures = [numbered(index // 10 % 256) for index in range(1000)]
    extraction = extract_here(write_clip(tmp_path / "long.mp4", pictures, Clip(gop=10)))
    assert len(extraction.outline.segments) == 4
    steps = [after - before for before, after in pairwise(extraction.seconds)]
    assert min(steps) >= 2.5
    assert max(steps) <= 3.1


def test_positions_tell_how_far_the_file_was_read(tmp_path: Path) -> None:
    pictures = [numbered(index, 1280, 720) for index in range(200)]
    path = write_clip(tmp_path / "big.avi", pictures, Clip(codec="ffv1", gop=1))
    path_bytes = path.stat().st_size
    positions = [position.bytes for position in extract_here(path).positions]
    assert positions == sorted(positions)
    assert all(isinstance(position, int) for position in positions)
    edges = [0, *positions, path_bytes]
    assert max(after - before for before, after in pairwise(edges)) <= 8 << 20


def test_a_value_of_each_kind_has_its_place(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", moving(30))
    assert extract_here(path).cues == []
    assert Position(3).bytes == 3
    assert film(path).streams[0].codec == "h264"


ASS = r"""[Script Info]
ScriptType: v4.00+
[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: Default,Arial,20
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\an8\fs28}Open the gate,{translator: x} please\Nand wait
Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,{\p1}m 0 0 l 100 0 100 100{\p0}
Comment: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,marmalade
Dialogue: 0,0:00:05.00,0:00:06.00,Default,,0,0,0,,it was <about 1960>, 3 < 5
"""


@pytest.mark.parametrize("decoder", ["pyav", "ffmpeg"])
def test_embedded_subtitles_become_cues(tmp_path: Path, decoder: str) -> None:
    if decoder == "ffmpeg":
        pytest.importorskip("imageio_ffmpeg")
    (tmp_path / "words.ass").write_text(ASS)
    bare = write_clip(tmp_path / "bare.mp4", moving(60))
    path = tmp_path / "film.mkv"
    with (
        av.open(str(bare)) as film_in,
        av.open(str(tmp_path / "words.ass")) as words_in,
        av.open(str(path), "w") as out,
    ):
        streams = [
            (film_in, film_in.streams.video[0], out.add_stream_from_template(film_in.streams.video[0])),
            (words_in, words_in.streams[0], out.add_stream_from_template(words_in.streams[0])),
        ]
        packets = []
        for source, stream, target in streams:
            for packet in source.demux(stream):
                if packet.size:
                    packet.dts = packet.pts if packet.dts is None else packet.dts
                    packet.stream = target
                    packets.append(packet)
        packets.sort(key=lambda packet: float((packet.dts or packet.pts or 0) * packet.time_base))
        for packet in packets:
            out.mux(packet)
    cues = extract_here(path, decoder).cues
    assert [(cue.start_seconds, cue.end_seconds, cue.text) for cue in cues] == [
        (1.0, 2.0, "Open the gate, please and wait"),
        (5.0, 6.0, "it was <about 1960>, 3 < 5"),
    ]
    assert {cue.source for cue in cues} == {"stream 1"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (r"{\i1}Hello{\i0}\hthere", "Hello there"),
        (r"{\p1}m 0 0 l 1 1{\p0}", ""),
        ("a\x00b\u2028c", "ab c"),
        ("x" * 10_000, "x" * 2000),
    ],
)
def test_ass_words(text: str, words: str) -> None:
    assert clean(ass_words(text), MAX_CUE_CHARACTERS) == words
