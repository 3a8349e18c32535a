"""Pictures and short queries in one space, by a map that none of the compared methods was trained with.

A ridge regression maps pooled features of the backbone onto the mean vector of a picture's captions. It is
fitted on pictures that are used for nothing else. The user's intentions are made of the captions
(`meanings`), which no method reads.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from bench._report import say
from numpy.typing import NDArray

from mediaindex.search.channels.similarity import unit

if TYPE_CHECKING:
    from mediaindex.embed.encoder import Encoder

PARTS: tuple[str, ...] = ("map", "train", "validation", "test")
MAP, TEST = 1410, 2000
EVIDENCE = 64
RIDGES = (300.0, 1e3, 3e3, 1e4, 3e4)
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_EMPTY_WORDS = frozenset(
    _WORD.findall(
        """
        a across along an and another are around as at be been behind being by does doing down each for four
        from front has have having he her him his in into is it its near next of off on one onto or other out
        over several she some something that the their them there they this three through to together towards
        two under up very was wearing while who with
        """
    )
)

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """The input of all methods, and `meanings`, which only the user knows.

    Attributes:
        vectors: (N, D) unit, pictures as search compares them with texts.
        evidence: (N, E), principal directions of the backbone's features, each of deviation 1.
        meanings: (N, D) unit, mean caption vectors.
        strings: (S, D) unit, vectors of short queries.
        query_pairs: part → (M, 2), numbers of pictures and of the strings made of their captions.
        parts: part → numbers of its pictures.
    """

    vectors: Floats
    evidence: Floats
    meanings: Floats
    strings: Floats
    query_pairs: Mapping[str, Numbers]
    parts: Mapping[str, Numbers]


def short_query(caption: str, words: int) -> str:
    """The first words that say something: ("A girl in a harness on a rope", 3) → "girl harness rope"."""
    content = [word for word in _WORD.findall(caption.lower()) if word not in _EMPTY_WORDS]
    return " ".join(content[:words])


def flickr8k(folder: Path, work: Path, seed: int) -> Pictures:
    """The pictures of flickr8k.npz with its .jsonl.gz: `val2` validates, the others are split at random."""
    features, captions, held_out = _read(folder)
    parts = _split(held_out, seed)
    chance = np.random.default_rng([seed, 1])
    queries = [[short_query(text, int(chance.integers(2, 4))) for text in own] for own in captions]
    numbers, query_pairs = _numbered(queries, parts)
    texts = [text for own in captions for text in own] + list(numbers)
    vectors = _text_vectors(texts, work)
    count = sum(map(len, captions))
    owners = np.repeat(np.arange(len(captions)), [len(own) for own in captions])
    sums = np.zeros((len(captions), vectors.shape[1]))
    np.add.at(sums, owners, vectors[:count])
    meanings = unit(sums)
    mapped = _mapped(features, meanings, parts)
    evidence = _principal(features, parts["train"])
    return Pictures(mapped, evidence, meanings, vectors[count:], query_pairs, parts)


def of_clips(file: Path, seed: int) -> Pictures:
    """The clips of a feature file of the built-in encoder, as search compares them; all validate."""
    from mediaindex.embed.families.builtin import load_builtin
    from mediaindex.learn.features.feature_set import read_features

    encoder = load_builtin(device="cpu")
    held = read_features(file, encoder=encoder.spec, words=False)
    frames = unit(held.frames.astype(np.float32)) * held.mask[..., None]
    meanings = np.zeros((len(held.paths), held.text.shape[1]))
    np.add.at(meanings, held.clip, unit(held.text.astype(np.float32)))
    chance = np.random.default_rng([seed, 1])
    queries: list[list[str]] = [[] for _ in held.paths]
    for clip, caption in zip(held.clip, held.captions, strict=True):
        queries[clip].append(short_query(caption, int(chance.integers(2, 4))))
    everything = np.arange(len(queries))
    parts = {part: everything if part == "validation" else everything[:0] for part in PARTS}
    numbers, query_pairs = _numbered(queries, parts)
    strings = _encoded(encoder, list(numbers))
    return Pictures(
        unit(frames.sum(1)),
        np.zeros((len(queries), 1), np.float32),
        unit(meanings),
        strings,
        query_pairs,
        parts,
    )


def synthetic(seed: int, *, size: int = 240, topics: int = 24, width: int = 16) -> Pictures:
    """A small synthetic world of topics, for a run that only shows that everything works."""
    chance = np.random.default_rng(seed)
    centres = chance.normal(size=(topics, width))
    meanings = unit(centres[chance.integers(topics, size=size)] + 0.5 * chance.normal(size=(size, width)))
    noise = chance.normal(size=(4, size, width)) / np.sqrt(width)
    order = chance.permutation(size)
    parts = dict(zip(PARTS, np.split(order, [0, size // 2, 3 * size // 4]), strict=True))
    query_pairs = {
        part: np.stack([np.repeat(own, 2), 2 * np.repeat(own, 2) + np.tile([0, 1], own.size)], axis=1)
        for part, own in parts.items()
    }
    strings = unit(np.stack([meanings + noise[0], meanings + noise[1]], axis=1).reshape(-1, width))
    evidence = (meanings + noise[2])[:, : width // 2].astype(np.float32)
    return Pictures(unit(meanings + noise[3]), evidence, meanings, strings, query_pairs, parts)


def _read(folder: Path) -> tuple[Floats, list[list[str]], NDArray[np.bool_]]:
    """Features of whole pictures (N, 1280), captions, and which pictures are `val2`."""
    with np.load(folder / "flickr8k.npz") as stored:
        features = stored["q"][:, 0].astype(np.float32) * stored["scale"].astype(np.float32)
    with gzip.open(folder / "flickr8k.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return features, [row["captions"] for row in rows], np.array([row["split"] == "val2" for row in rows])


def _split(held_out: NDArray[np.bool_], seed: int) -> dict[str, Numbers]:
    rest = np.random.default_rng([seed, 0]).permutation(np.flatnonzero(~held_out))
    for_map, test, train = np.split(rest, [MAP, MAP + TEST])
    return dict(zip(PARTS, (for_map, train, np.flatnonzero(held_out), test), strict=True))


def _numbered(
    queries: Sequence[Sequence[str]], parts: Mapping[str, Numbers]
) -> tuple[dict[str, int], dict[str, Numbers]]:
    """A number for each string, and (picture, string) of each part; other parts use no string of training."""
    numbers: dict[str, int] = {}
    query_pairs: dict[str, Numbers] = {}
    trained = {text for picture in parts["train"] for text in queries[int(picture)]}
    for part in PARTS[1:]:
        pairs = {
            (int(picture), numbers.setdefault(text, len(numbers)))
            for picture in parts[part]
            for text in queries[int(picture)]
            if " " in text and (part == "train" or text not in trained)
        }
        query_pairs[part] = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    return numbers, query_pairs


def _text_vectors(texts: Sequence[str], work: Path) -> Floats:
    """Unit vectors by the built-in encoder's text tower, kept in `work` for its digest."""
    import torch

    from mediaindex.embed.families.builtin import load_builtin

    torch.set_num_threads(1)
    encoder = load_builtin(device="cpu")
    kept = work / f"texts-{encoder.spec.digest[:12]}-{len(texts)}.npy"
    if kept.exists():
        vectors: Floats = np.load(kept)
        return vectors
    say(f"{len(texts)} texts through encoder {encoder.spec.digest[:12]}")
    vectors = _encoded(encoder, texts)
    np.save(kept, vectors)
    return vectors


def _encoded(encoder: Encoder, texts: Sequence[str]) -> Floats:
    """Unit vectors (B, D); texts of one length share a batch."""
    distinct = sorted(set(texts), key=lambda text: (len(text), text))
    places = {text: place for place, text in enumerate(distinct)}
    parts = [encoder.texts(distinct[start : start + 64]).pooled for start in range(0, len(distinct), 64)]
    return unit(np.concatenate(parts))[[places[text] for text in texts]]


def _mapped(features: Floats, meanings: Floats, parts: Mapping[str, Numbers]) -> Floats:
    """Pictures in the space of texts, (N, D) unit: ridge regression, its weight by validation pictures."""
    own, checked = parts["map"], parts["validation"]
    z = (features - features[own].mean(0)) / (features[own].std(0) + 1e-6)
    base = meanings[own].mean(0)
    gram, cross = z[own].T @ z[own], z[own].T @ (meanings[own] - base)
    best, chosen = np.inf, unit(meanings)
    for ridge in RIDGES:
        weights = np.linalg.solve(gram + ridge * np.eye(len(gram), dtype=np.float32), cross)
        vectors = unit(base + z @ weights)
        similarity = meanings[checked] @ vectors[checked].T
        ranks = (similarity > np.diag(similarity)[:, None]).sum(1)
        score = float(np.log1p(ranks).mean())
        say(f"ridge {ridge:g}: R@1 of mean captions {100 * float((ranks == 0).mean()):.1f} %")
        if score < best:
            best, chosen = score, vectors
    return chosen


def _principal(features: Floats, fitted_on: Numbers) -> Floats:
    """(N, E): the first principal directions of the training pictures' features, whitened."""
    centred = features - features[fitted_on].mean(0)
    covariance = centred[fitted_on].T @ centred[fitted_on] / len(fitted_on)
    variance, directions = np.linalg.eigh(covariance)
    first = slice(-1, -EVIDENCE - 1, -1)
    evidence: Floats = (centred @ directions[:, first] / np.sqrt(variance[first])).astype(np.float32)
    return evidence
