"""Frames spread as published, and captions of at most so many tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.worker import new_worker
from mediaindex.ingest.pools.file_reading import Decoding
from mediaindex.learn.features.captioned_media import Caption, CaptionedClip, CaptionedMedia
from mediaindex.learn.features.clip_frames import ClipFrames, clip_frames
from mediaindex.learn.features.clip_protocol import ClipProtocol, evenly, shortened
from tests.support.fake_encoder import FakeEncoder
from tests.support.media import Clip, jpeg_pixels, number_in, numbered, write_clip


class Lettered(FakeEncoder):
    """A token a letter, and two marks."""

    def __init__(self, length: int = 200) -> None:
        super().__init__()
        self.spec = replace(self.spec, text_length=length)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        return [min(self.spec.text_length, 2 + len(text.replace(" ", ""))) for text in texts]


@given(st.integers(1, 300), st.integers(2, 64))
def test_frames_are_those_of_linspace(count: int, limit: int) -> None:
    expected = list(range(count)) if count <= limit else np.linspace(0, count - 1, limit, dtype=int).tolist()
    assert evenly(count, limit) == expected


@given(st.lists(st.text("ab ", max_size=60), max_size=5), st.integers(4, 30))
def test_captions_keep_their_first_words(texts: list[str], tokens: int) -> None:
    encoder = Lettered()
    for text, short in zip(texts, shortened(texts, encoder, tokens), strict=True):
        words = text.split()
        if encoder.token_counts([text])[0] <= tokens:
            assert short == text
            continue
        kept = short.split()
        assert kept == words[: len(kept)]
        assert encoder.token_counts([short])[0] <= tokens or len(kept) == 1
        longer = " ".join(words[: len(kept) + 1])
        assert encoder.token_counts([longer])[0] > tokens


def test_an_encoder_that_reads_no_further_gets_the_whole_caption() -> None:
    assert shortened(["a" * 90 + " b"], Lettered(length=32), 32) == ["a" * 90 + " b"]


@pytest.mark.parametrize(
    ("protocol", "end", "expected"),
    [
        (ClipProtocol(12, 32), None, list(range(0, 150, 10))),
        (ClipProtocol(4, 32), None, list(range(0, 150, 10))),
        (ClipProtocol(64, 64), 7.0, list(range(0, 80, 10))),
        (ClipProtocol(64, 64), 31.0, list(range(0, 150, 10))),
    ],
)
def test_the_frames_of_a_clip_by_protocol(
    tmp_path: Path, protocol: ClipProtocol, end: float | None, expected: list[int]
) -> None:
    """A film of 15 s, ten frames a second, whose frames show their number."""
    path = write_clip(tmp_path / "clip.mp4", [numbered(n) for n in range(150)], Clip(gop=40))
    clip = CaptionedClip(None, end, (Caption("a", "test"),))
    media = CaptionedMedia(path, "clip", "1-a", "a", "test", (clip,))
    (found,) = clip_frames([media], Decoding(Sampling(), 1, new_worker), protocol)
    assert isinstance(found, ClipFrames)
    ((_clip, places),) = found.clips
    shown = [number_in(jpeg_pixels(found.jpegs[place])) for place in places]
    assert shown == [expected[place] for place in evenly(len(expected), protocol.frames)]
