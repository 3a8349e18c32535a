"""Text subtitle streams of a container become cues, within bounds."""

from __future__ import annotations

import contextlib
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


def with_tracks(path: Path, *subtitles: Path) -> Path:
    """A film of six seconds with subtitle files as streams beside its pictures."""
    bare = write_clip(path.with_suffix(".bare.mp4"), moving(60))
    with contextlib.ExitStack() as stack:
        inputs = [stack.enter_context(av.open(str(file))) for file in (bare, *subtitles)]
        out = stack.enter_context(av.open(str(path), "w"))
        targets = [out.add_stream_from_template(source.streams[0]) for source in inputs]
        packets = []
        for source, target in zip(inputs, targets, strict=True):
            for packet in source.demux(source.streams[0]):
                if packet.size:
                    packet.dts = packet.pts if packet.dts is None else packet.dts
                    packet.stream = target
                    packets.append(packet)
        packets.sort(key=lambda packet: float((packet.dts or packet.pts or 0) * packet.time_base))
        for packet in packets:
            out.mux(packet)
    return path


def test_embedded_subtitles_become_cues(tmp_path: Path, decoder: str) -> None:
    (tmp_path / "words.ass").write_text(ASS)
    path = with_tracks(tmp_path / "film.mkv", tmp_path / "words.ass")
    cues = extract_here(path, decoder).cues
    assert [(cue.start_seconds, cue.end_seconds, cue.text) for cue in cues] == [
        (1.0, 2.0, "Open the gate, please and wait"),
        (5.0, 6.0, "it was <about 1960>, 3 < 5"),
    ]
    assert {cue.source for cue in cues} == {"stream 1"}


def test_every_one_of_many_tracks_is_read(tmp_path: Path, decoder: str) -> None:
    tracks = []
    for number in range(70):
        tracks.append(tmp_path / f"{number}.srt")
        tracks[-1].write_text(f"1\n00:00:01,000 --> 00:00:02,000\nword {number}\n")
    cues = extract_here(with_tracks(tmp_path / "film.mkv", *tracks), decoder).cues
    assert [(cue.source, cue.text) for cue in cues] == [(f"stream {n + 1}", f"word {n}") for n in range(70)]


ROLLING = """WEBVTT

00:00.000 --> 00:01.000
 \nthe<00:00:00.620><c> lantern</c>

00:01.000 --> 00:01.010
the lantern
 \n
00:01.010 --> 00:02.000
the lantern
when the sun goes down

00:02.000 --> 00:02.010
when the sun goes down
 \n
00:04.000 --> 00:05.000
when the sun goes down
the lantern goes out
"""
SIGNS = ASS[: ASS.index("Dialogue")] + "".join(
    f"Dialogue: {layer},0:00:02.{4 * n:02},0:00:02.{4 * n + 4:02},Default,,0,0,0,,BAKERY\n"
    for n in range(20)
    for layer in range(2)
)


def test_embedded_lines_that_are_shown_again_are_said_once(tmp_path: Path, decoder: str) -> None:
    (tmp_path / "rolling.vtt").write_text(ROLLING)
    (tmp_path / "signs.ass").write_text(SIGNS)
    path = with_tracks(tmp_path / "film.mkv", tmp_path / "rolling.vtt", tmp_path / "signs.ass")
    cues = extract_here(path, decoder).cues
    assert [(cue.source, cue.start_seconds, cue.text) for cue in cues] == [
        ("stream 1", 0.0, "the lantern"),
        ("stream 1", 1.01, "when the sun goes down"),
        ("stream 1", 4.0, "the lantern goes out"),
        ("stream 2", 2.0, "BAKERY"),
    ]
    assert cues[-1].end_seconds == pytest.approx(2.8)


def test_bytes_that_are_no_utf8_cost_no_line(tmp_path: Path, decoder: str) -> None:
    spoken = ["the café opens", "naïve QQ", "déjà vu"]
    cues = "".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{text}\n\n" for n, text in enumerate(spoken, 1))
    (tmp_path / "damaged.srt").write_text(cues, encoding="utf-8")
    (tmp_path / "old.srt").write_text(cues.replace("é", "ZX").replace("ï", "ZY").replace("à", "ZW"))
    path = with_tracks(tmp_path / "film.mkv", tmp_path / "damaged.srt", tmp_path / "old.srt")
    content = path.read_bytes().replace(b"QQ", b"Q\xff", 1)
    for plain, western in ((b"ZX", b"\xe9 "), (b"ZY", b"\xef "), (b"ZW", b"\xe0 ")):
        content = content.replace(plain, western)
    path.write_bytes(content)
    texts = [cue.text for cue in extract_here(path, decoder).cues]
    assert texts[:3] == ["the café opens", "naïve Q?", "déjà vu"]
    assert texts[3:] == ["the café opens", "naï ve QQ", "dé jà vu"]


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
    monkeypatch.setattr(embedded, "MOST_BYTES", 1000)
    assert len(extract_here(path, decoder).cues) == 0
