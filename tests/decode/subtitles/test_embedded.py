"""Text subtitle streams of a container become cues, within bounds."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from mediaindex.decode.container.tags import clean
from mediaindex.decode.subtitles import embedded
from mediaindex.decode.subtitles.formats import ass_words
from mediaindex.media import MAX_CUE_CHARACTERS
from tests.support.media import Clip, extract_here, moving, write_clip

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


def test_embedded_subtitles_become_cues(tmp_path: Path, decoder: str) -> None:
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
