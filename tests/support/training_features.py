"""Small feature files whose answers can be learned: evidence says what the similarity does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mediaindex.learn.features.feature_rows import ClipFeatures, Header, header_for, table_of, write_tables
from mediaindex.learn.training.data import TrainingData
from mediaindex.learn.training.plan import Plan, plan_training
from mediaindex_models.training_config import Stage
from tests.support.fake_encoder import COLOURS, FakeEncoder
from tests.support.fake_encoder import EVIDENCE as EVIDENCE_OF_COLOURS

WIDTH, EVIDENCE = 16, 12
CREATED = "2026-01-01T00:00:00+00:00"


def header(split: str = "train", *, encoder: str = "tiny", evidence: int | None = EVIDENCE) -> Header:
    digest = f"{sum(encoder.encode()):064x}"
    return Header(encoder, digest, "none", WIDTH, evidence, True, "as the index", split, CREATED)


def clips(
    count: int,
    split: str = "train",
    *,
    seed: int = 0,
    captions: int = 2,
    sources: Sequence[str] = ("some",),
    prefix: str = "",
) -> list[ClipFeatures]:
    """Clips around a direction of their own, of 1 to 4 frames; captions near it, their evidence in it."""
    random = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(WIDTH, EVIDENCE))
    made = []
    for number in range(count):
        topic = random.normal(size=WIDTH)
        frames = int(random.integers(1, 5))
        texts = topic + 0.9 * random.normal(size=(captions, WIDTH))
        name = f"{prefix}{split}-{number:03}.jpg"
        made.append(
            ClipFeatures(
                path=name,
                start_seconds=None,
                end_seconds=None,
                group=name,
                split=split,
                seconds=[float(second) for second in range(frames)],
                frames=(topic + 2.5 * random.normal(size=(frames, WIDTH))).astype(np.float32),
                evidence=np.tile(topic @ mixing, (frames, 1)).astype(np.float16),
                captions=[f"caption {i} of {number}" for i in range(captions)],
                sources=[sources[number % len(sources)]] * captions,
                languages=[None] * captions,
                texts=texts.astype(np.float32),
                words=[np.stack([text, text + 0.1]).astype(np.float32) for text in texts],
            )
        )
    return made


def write(path: Path, made: Sequence[ClipFeatures], held: Header | None = None) -> Path:
    held = held or header(made[0].split)
    if held.evidence_dim is None:
        made = [replace(clip, evidence=None) for clip in made]
    write_tables(path, [table_of(made, held)])
    return path


def feature_files(folder: Path, *, train: int = 80, validation: int = 40) -> tuple[Path, Path]:
    """A file to train on and one to choose by."""
    folder.mkdir(parents=True, exist_ok=True)
    return (
        write(folder / "train.parquet", clips(train)),
        write(folder / "val.parquet", clips(validation, "val", seed=1)),
    )


def small_plan(data: TrainingData, recipe: str = "residual", stage: Stage = "2", **config: Any) -> Plan:
    """Networks and lists so small that a step takes milliseconds."""
    made = plan_training(recipe, data, stage=stage)
    spec = replace(made.spec, inner=16, hidden=32)
    small = {"steps": 8, "batch": 8, "candidates": 6, "gallery": None if stage != "2" else 20, **config}
    return replace(made, spec=spec, config=replace(made.config, **small))


def colour_features(path: Path, count: int, *, split: str = "train") -> Path:
    """A file of the encoder "colours": clips of two frames, each of its own mixture of colours."""
    encoder = FakeEncoder(name="colours")
    random = np.random.default_rng(7)
    names = list(COLOURS)
    made = []
    for number in range(count):
        shares = random.dirichlet(np.full(len(names), 0.3))
        texts = [" ".join(random.choice(names, 6, p=shares)) for _ in range(2)]
        said = encoder.texts(texts, tokens=True)
        assert said.tokens is not None
        assert said.mask is not None
        frames = np.stack([shares, random.dirichlet(50 * shares + 0.1)]).astype(np.float32)
        made.append(
            ClipFeatures(
                path=f"{split}-{number}.mp4",
                start_seconds=None,
                end_seconds=None,
                group=f"{split}-{number}",
                split=split,
                seconds=[0.0, 1.0],
                frames=frames,
                evidence=np.zeros((2, EVIDENCE_OF_COLOURS), np.float16),
                captions=texts,
                sources=["made"] * 2,
                languages=["en"] * 2,
                texts=said.pooled,
                words=[tokens[mask] for tokens, mask in zip(said.tokens, said.mask, strict=True)],
            )
        )
    return write(path, made, header_for(encoder.spec, sampling="made", split=split, created=CREATED))
