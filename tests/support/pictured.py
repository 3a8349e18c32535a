"""What a scorer is made of: captioned pictures on disk, an encoder of patches and words, and its features."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.worker import new_worker
from mediaindex.embed.encoder import Encoder
from mediaindex.embed.families.patch_scorer import PatchScorer
from mediaindex.embed.loading import load_encoder
from mediaindex.ingest.pools.file_reading import Decoding
from mediaindex.learn.features.feature_set import Features
from mediaindex.learn.scorer.media_tokens import CaptionedTokens
from mediaindex.learn.training.data import TrainingData, shared_out
from tests.support import checkpoints
from tests.support.captioned_pictures import captioned_pictures

SIZES = {"train": 60, "val": 20, "test": 40}
DECODING = Decoding(Sampling(), 1, new_worker)

Read = tuple[PatchScorer, CaptionedTokens]
"""A scorer, and the tokens of captioned pictures in its bases."""


@dataclass(frozen=True)
class Study:
    """The folders of the pictures and of the encoder, the encoder, and its features of all pictures."""

    pictures: Path
    weights: Path
    encoder: Encoder
    features: Features

    @property
    def data(self) -> TrainingData:
        """The features by their split."""
        spec = self.encoder.spec
        return shared_out(self.features, encoder=spec.name, digest=spec.digest)


def study(folder: Path, sizes: dict[str, int] | None = None) -> Study:
    """Make all of it below a folder."""
    pictures = captioned_pictures(folder / "pictures", sizes or SIZES)
    weights = checkpoints.open_clip_folder(folder / "tiny")
    encoder = load_encoder(f"open_clip:{weights}", device="cpu")
    with (pictures / "captions.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = list(dict.fromkeys(row["path"] for row in rows))
    seen = encoder.images([np.asarray(Image.open(pictures / name)) for name in names]).vectors
    said = encoder.texts([row["caption"] for row in rows]).pooled
    count = len(names)
    splits = {row["path"]: row["split"] for row in rows}
    features = Features(
        paths=tuple(names),
        groups=tuple(names),
        splits=tuple(splits[name] for name in names),
        spans=np.full((count, 2), np.nan),
        frames=seen[:, None].astype(np.float16),
        mask=np.ones((count, 1), np.bool_),
        norms=np.linalg.norm(seen, axis=1)[:, None].astype(np.float32),
        seconds=np.zeros((count, 1)),
        evidence=None,
        captions=tuple(row["caption"] for row in rows),
        sources=("captions.csv",) * len(rows),
        languages=(None,) * len(rows),
        clip=np.array([names.index(row["path"]) for row in rows]),
        text=said.astype(np.float16),
        words=None,
        word_mask=None,
    )
    return Study(pictures, weights, encoder, features)
