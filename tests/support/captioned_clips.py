"""Captioned clips as the colours encoder sees them, by key, and what writes them as tables and files."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mediaindex.embed.encoder import EncoderSpec
from mediaindex.learn.features.feature_rows import ClipFeatures, Header, header_for, table_of, write_tables
from mediaindex.media import FrameEmbeddings, QueryFeatures
from tests.support.fake_encoder import EVIDENCE, FakeEncoder


class CountingEncoder(FakeEncoder):
    """The colours, counting the pictures that it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures = 0

    def images(self, pictures: Sequence[NDArray[np.uint8]]) -> FrameEmbeddings:
        self.pictures += len(pictures)
        return super().images(pictures)


class PlainEncoder(FakeEncoder):
    """The colours without evidence and token features."""

    def __init__(self) -> None:
        super().__init__(name="plain", digest="1" * 64)
        self.spec = dataclasses.replace(self.spec, evidence_dim=None, has_tokens=False)

    def images(self, pictures: Sequence[NDArray[np.uint8]]) -> FrameEmbeddings:
        return FrameEmbeddings(super().images(pictures).vectors)

    def texts(self, texts: Sequence[str], *, tokens: bool = False) -> QueryFeatures:
        assert not tokens
        return super().texts(texts)


def header(spec: EncoderSpec, split: str = "train") -> Header:
    """Of a file that an encoder fills."""
    return header_for(spec, sampling="as the index", split=split, created="2026-01-01T00:00:00+00:00")


def keyed_clips(count: int, *, first: int = 0) -> Iterator[tuple[str, ClipFeatures]]:
    """Clips of 1 to 3 frames and 1 or 2 captions, each the only clip of its file."""
    encoder = FakeEncoder()
    random = np.random.default_rng(first)
    for number in range(first, first + count):
        frames = 1 + number % 3
        texts = [f"red {'blue ' * (number % 4)}", "green"][: 1 + number % 2]
        said = encoder.texts(texts, tokens=True)
        assert said.tokens is not None
        assert said.mask is not None
        yield (
            f"key {number}",
            ClipFeatures(
                path=f"{number}.mp4",
                start_seconds=None,
                end_seconds=float(number),
                group=str(number),
                split="train",
                seconds=list(range(frames)),
                frames=random.normal(size=(frames, encoder.spec.dim)).astype(np.float32),
                evidence=random.normal(size=(frames, EVIDENCE)).astype(np.float16),
                captions=texts,
                sources=["test"] * len(texts),
                languages=["en", None][: len(texts)],
                texts=said.pooled,
                words=[tokens[mask] for tokens, mask in zip(said.tokens, said.mask, strict=True)],
            ),
        )


def write_clips(path: Path, count: int = 4, *, spec: EncoderSpec | None = None, first: int = 0) -> Path:
    """A feature file of clips."""
    table = table_of(
        [clip for _key, clip in keyed_clips(count, first=first)], header(spec or FakeEncoder().spec)
    )
    write_tables(path, [table])
    return path


def jsonl(path: Path, *rows: object) -> Path:
    """Write rows as JSON Lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
