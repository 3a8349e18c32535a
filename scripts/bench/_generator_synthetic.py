"""Made-up captioned clips, to see that the generator benchmark runs."""

from __future__ import annotations

import numpy as np

from mediaindex.learn.features.feature_set import Features
from mediaindex.learn.training.data import TrainingData, shared_out

WIDTH, EVIDENCE, FRAMES, CAPTIONS = 16, 8, 3, 2
CLIPS = {"train": 80, "val": 96, "test": 96}
# Nothing of the last one is trained on.
SOURCES = ("alps", "sea", "moon")


def made_up(*, seed: int) -> TrainingData:
    """Clips of three sources, whose captions and frames are noisy views of one latent vector each."""
    random = np.random.default_rng(seed)
    clips = sum(CLIPS.values())
    latent = random.normal(size=(clips, WIDTH))
    clip = np.repeat(np.arange(clips), CAPTIONS)

    def view(rows: np.ndarray, noise: float) -> np.ndarray:
        return np.asarray(rows + noise * random.normal(size=rows.shape), np.float16)

    split = [name for name, count in CLIPS.items() for _ in range(count)]
    sources_of_share = {name: SOURCES[:-1] if name == "train" else SOURCES for name in CLIPS}
    source = [sources_of_share[name][n % len(sources_of_share[name])] for n, name in enumerate(split)]
    frames = view(np.repeat(latent[:, None], FRAMES, axis=1), 1.0)
    features = Features(
        paths=tuple(f"{number}.jpg" for number in range(clips)),
        groups=tuple(map(str, range(clips))),
        splits=tuple(split),
        spans=np.full((clips, 2), np.nan),
        frames=frames,
        mask=np.ones((clips, FRAMES), np.bool_),
        norms=np.linalg.norm(frames.astype(np.float32), axis=2),
        seconds=np.tile(np.arange(FRAMES, dtype=np.float64), (clips, 1)),
        evidence=view(np.repeat(latent[:, None, :EVIDENCE], FRAMES, axis=1), 0.5),
        captions=tuple(f"caption {number}" for number in range(len(clip))),
        sources=tuple(source[number] for number in clip),
        languages=(None,) * len(clip),
        clip=clip,
        text=view(latent[clip], 1.0),
        words=None,
        word_mask=None,
    )
    return shared_out(features, encoder="made up", digest="0" * 64)
