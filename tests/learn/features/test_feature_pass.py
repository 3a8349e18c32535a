"""Captioned media become a feature file, and what is done once is not done again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.worker import new_worker
from mediaindex.ingest.pools.file_reading import Decoding
from mediaindex.learn.features import feature_parts, feature_pass
from mediaindex.learn.features.captioned_media import CaptionedMedia, find_captioned
from mediaindex.learn.features.feature_parts import FeatureParts
from mediaindex.learn.features.feature_pass import FeatureSummary, make_features
from mediaindex.learn.features.feature_set import Features, read_features
from tests.support.captioned_clips import CountingEncoder, PlainEncoder, header, jsonl
from tests.support.fake_encoder import COLOURS, EVIDENCE, FakeEncoder
from tests.support.films import film

DECODING = Decoding(Sampling(), 1, new_worker)


def make(
    media: Sequence[CaptionedMedia], target: Path, encoder: FakeEncoder | None = None
) -> tuple[FeatureSummary, Features]:
    encoder = encoder or FakeEncoder()
    with FeatureParts(target, header(encoder.spec)) as parts:
        made = make_features(media, encoder, parts, DECODING)
    return made, read_features(target, encoder=encoder.spec)


def test_a_folder_becomes_features(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.mp4").write_bytes((folder / "film.mp4").read_bytes()[:200])
    (folder / "letter.mp4").write_text("text " * 200)
    (folder / "song.jpg").write_text("text")
    table = jsonl(
        folder / "captions.jsonl",
        {"path": "red", "captions": ["something red", "it is red red red"], "language": "en"},
        {"path": "film.mp4", "caption": "red then blue"},
        {"path": "film.mp4", "caption": "blue", "start": 2.0, "end": 3.5},
        {"path": "film.mp4", "caption": "a blink", "start": 1.01, "end": 1.02},
        {"path": "film.mp4", "caption": "after the end", "start": 60},
        *({"path": name, "caption": "x"} for name in ("broken.mp4", "letter.mp4", "song.jpg")),
    )
    media, skipped = find_captioned(folder, table=table)
    assert skipped == []
    encoder = FakeEncoder()
    made, features = make(media, tmp_path / "f.parquet")
    assert (made.clips, made.captions) == (4, 5)
    assert made.frames == features.mask.sum()
    assert {Path(row.path).name for row in made.skipped} == {
        "broken.mp4", "film.mp4@60", "letter.mp4", "song.jpg",
    }  # fmt: skip
    assert features.paths == ("film.mp4", "film.mp4", "film.mp4", "stills/red.jpg")
    assert features.captions[-2:] == ("something red", "it is red red red")
    assert features.languages == (None, None, None, "en", "en")
    assert features.clip.tolist() == [0, 1, 2, 3, 3]
    assert np.isnan(features.spans[[0, 3]]).all()
    assert features.spans[2].tolist() == [2.0, 3.5]
    assert len(set(features.groups)) == 2
    # the pictures of each clip are those of its stretch
    colours = list(COLOURS)
    named = [
        {colours[i] for i in row[mask].argmax(1)}
        for row, mask in zip(features.frames, features.mask, strict=True)
    ]
    assert named == [{"red", "blue"}, {"red"}, {"blue"}, {"red"}]
    assert (features.seconds[2][features.mask[2]] >= 2.0).all()
    assert features.mask[1].sum() == 1
    # and the numbers those of the encoder, in float16
    said = encoder.texts(features.captions, tokens=True)
    np.testing.assert_array_equal(features.text, said.pooled.astype(np.float16))
    assert said.tokens is not None
    assert said.mask is not None
    assert features.words is not None
    assert features.word_mask is not None
    width = features.words.shape[1]
    np.testing.assert_array_equal(features.words, said.tokens[:, :width].astype(np.float16))
    np.testing.assert_array_equal(features.word_mask, said.mask[:, :width])
    assert features.evidence is not None
    assert features.evidence.shape == (*features.mask.shape, EVIDENCE)
    norms = np.linalg.norm(features.frames.astype(np.float32), axis=2)
    np.testing.assert_allclose(features.norms, norms, atol=1e-3)
    assert features.names[0] == "film.mp4: red then blue"


def test_an_encoder_may_lack_evidence_and_tokens(folder: Path, tmp_path: Path) -> None:
    table = jsonl(folder / "captions.jsonl", {"path": "red", "caption": "red"})
    media, _ = find_captioned(folder, table=table)
    _made, features = make(media, tmp_path / "f.parquet", PlainEncoder())
    assert (features.evidence, features.words, features.word_mask) == (None, None, None)


def test_a_long_film_gives_twelve_frames(tmp_path: Path) -> None:
    source = tmp_path / "media"
    film(source / "long.mp4", *[(colour, 4.0) for colour in list(COLOURS)[:8]])
    media, _ = find_captioned(source, table=jsonl(tmp_path / "t.jsonl", {"path": "long", "caption": "all"}))
    _made, features = make(media, tmp_path / "f.parquet")
    assert features.frames.shape[:2] == (1, 12)
    assert features.mask.all()
    assert {list(COLOURS)[i] for i in features.frames[0].argmax(1)} == set(list(COLOURS)[:8])


def test_what_is_done_is_neither_decoded_nor_embedded_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_pass, "GATHERED_PICTURES", 1)
    monkeypatch.setattr(feature_pass, "GATHERED_BATCHES", 0)
    monkeypatch.setattr(feature_parts, "PART_CLIPS", 2)
    colours = ("red", "blue", "green", "black")
    table = jsonl(folder / "captions.jsonl", *({"path": name, "caption": name} for name in colours))
    media, _ = find_captioned(folder, table=table)
    target, encoder = tmp_path / "f.parquet", CountingEncoder()

    def stop(done: int, _total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with FeatureParts(target, header(encoder.spec)) as parts, pytest.raises(KeyboardInterrupt):
        make_features(media, encoder, parts, DECODING, progress=stop)
    assert encoder.pictures == 3
    told: list[tuple[int, int]] = []
    with FeatureParts(target, header(encoder.spec)) as parts:
        made = make_features(media, encoder, parts, DECODING, progress=lambda *now: told.append(now))
    assert (made.clips, encoder.pictures) == (4, 5)  # the third was in no finished part
    assert told == [(0, 2), (1, 2), (2, 2)]
    assert set(read_features(target, encoder=encoder.spec).captions) == set(colours)
