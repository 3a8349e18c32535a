"""Feature files → the shares to train on, to choose constants by, and to measure on; no picture is in two."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mediaindex.errors import UsageError
from mediaindex.learn.features.feature_rows import EmbeddingSpace, read_header
from mediaindex.learn.features.feature_set import Features, joined, read_features
from mediaindex.safe_text import printable

if TYPE_CHECKING:
    import torch

    from mediaindex_models.pairs import Pairs

# Of the groups to train on, the share that is held out where no file is of the split `val`.
HELD_OUT = 0.1

_OF_CLIPS = ("spans", "frames", "mask", "norms", "seconds", "evidence")
_NAMES_OF_CLIPS = ("paths", "groups", "splits")
_OF_CAPTIONS = ("text", "words", "word_mask")
_NAMES_OF_CAPTIONS = ("captions", "sources", "languages")


@dataclass(frozen=True, slots=True, eq=False)
class TrainingData:
    """The shares of one training.

    Attributes:
        encoder, digest: of the encoder that made the features. width: D. evidence_width: E, 0 without.
        train, validation: at least two clips each. test: None where no file is of that split.
        held_out: whether `validation` was taken from files to train on.
        overlap: clips left out of `train` and `validation`, because another share has their group.
    """

    encoder: str
    digest: str
    width: int
    evidence_width: int
    train: Features
    validation: Features
    test: Features | None
    held_out: bool
    overlap: int


def read_training_data(
    paths: Sequence[Path], *, encoder: EmbeddingSpace | None = None, words: bool = False
) -> TrainingData:
    """All clips of some feature files by their split.

    Args:
        encoder: of all files; None takes that of the first file.
        words: whether to read the token features too, most of the bytes.

    Raises:
        EncoderMismatch: a file is of another encoder, which is named.
        UsageError: a file cannot be read, is given twice, or there is nothing to train on.
    """
    _require_different(paths)
    header = read_header(paths[0])
    space = header if encoder is None else encoder
    parts = [read_features(path, encoder=space, words=words) for path in paths]
    evidence = [part.evidence is not None for part in parts]
    if any(evidence) and not all(evidence):
        raise UsageError(f"{paths[evidence.index(False)]} holds no evidence, other files do; make it again")
    return shared_out(joined(parts), encoder=space.name, digest=space.digest)


def shared_out(features: Features, *, encoder: str, digest: str) -> TrainingData:
    """Features by the split of their clips; without `val`, a tenth of the groups to train on are held out.

    Raises:
        UsageError: fewer than two clips are left to train on or to choose by, or one has no real frame.
    """
    _require_frames(features)
    splits, groups = np.array(features.splits), np.array(features.groups)
    train, validation, test = (splits == name for name in ("train", "val", "test"))
    wanted = int(train.sum() + validation.sum())
    validation &= ~np.isin(groups, groups[test])
    train &= ~np.isin(groups, groups[validation | test])
    overlap = wanted - int(train.sum() + validation.sum())
    held_out = not validation.any()
    if held_out:
        validation = train & np.isin(groups, _held_out(groups[train]))
        train &= ~validation
    if min(train.sum(), validation.sum()) < 2:
        raise UsageError(
            f"training needs two clips to train on and two to choose by, there are {int(train.sum())} and "
            f"{int(validation.sum())}; give feature files of the splits train and val"
        )
    return TrainingData(
        encoder=encoder,
        digest=digest,
        width=features.text.shape[1],
        evidence_width=0 if features.evidence is None else features.evidence.shape[2],
        train=of_clips(features, train),
        validation=of_clips(features, validation),
        test=of_clips(features, test) if test.any() else None,
        held_out=held_out,
        overlap=overlap,
    )


def of_clips(features: Features, chosen: NDArray[np.bool_]) -> Features:
    """Some of the clips with their captions.

    Args:
        chosen: (N,) bool.
    """
    clips, captions = np.flatnonzero(chosen), np.flatnonzero(chosen[features.clip])

    def some(name: str, places: NDArray[np.intp]) -> object:
        values = getattr(features, name)
        if isinstance(values, tuple):
            return tuple(values[place] for place in places)
        return None if values is None else values[places]

    changed = {name: some(name, clips) for name in (*_OF_CLIPS, *_NAMES_OF_CLIPS)}
    changed |= {name: some(name, captions) for name in (*_OF_CAPTIONS, *_NAMES_OF_CAPTIONS)}
    changed["clip"] = (np.cumsum(chosen) - 1)[features.clip[captions]]
    return dataclasses.replace(features, **changed)  # type: ignore[arg-type]


def at_most(features: Features, clips: int) -> Features:
    """The features of at most so many clips, taken group by group in an order of the groups' names alone."""
    if len(features.paths) <= clips:
        return features
    order = {group: place for place, group in enumerate(_by_hash(features.groups))}
    places = np.argsort([order[group] for group in features.groups], kind="stable")
    return of_clips(features, np.isin(np.arange(len(places)), places[:clips]))


def pairs_of(features: Features, device: torch.device | str = "cpu") -> Pairs:
    """Features as float32 tensors on a device.

    Raises:
        UsageError: a number is not finite; the message names the captions.
    """
    import torch

    from mediaindex_models.errors import UnfitInput
    from mediaindex_models.pairs import Pairs

    def required(values: NDArray[np.generic]) -> torch.Tensor:
        on_cpu = torch.from_numpy(np.require(values, requirements="W"))  # Parquet gives what is read-only
        return on_cpu.to(device, torch.float32) if on_cpu.is_floating_point() else on_cpu.to(device)

    def optional(values: NDArray[np.generic] | None) -> torch.Tensor | None:
        return None if values is None else required(values)

    try:
        return Pairs(
            text=required(features.text),
            clip=required(features.clip),
            frames=required(features.frames),
            mask=required(features.mask),
            evidence=optional(features.evidence),
            names=tuple(map(printable, features.names)),
            words=optional(features.words),
            word_mask=optional(features.word_mask),
        )
    except UnfitInput as error:
        raise UsageError(f"{error}; make the feature file again without these clips") from error


def _held_out(groups: NDArray[np.str_]) -> list[str]:
    """A tenth of the groups, at least one, always the same ones."""
    names = _by_hash(map(str, groups))
    return names[: math.ceil(HELD_OUT * len(names))]


def _by_hash(groups: Iterable[str]) -> list[str]:
    """The groups, each once, in an order that depends on their names alone."""

    def hash_of(group: str) -> bytes:
        name = group.encode("utf-8", "surrogateescape")
        return hashlib.blake2b(name, digest_size=8, person=b"held out").digest()

    return sorted(set(groups), key=hash_of)


def _require_different(paths: Sequence[Path]) -> None:
    if not paths:
        raise UsageError("training needs a feature file; 'mediaindex features' makes them")
    resolved_paths: set[Path] = set()
    for path in paths:
        if path.resolve() in resolved_paths:
            raise UsageError(f"{path} is given twice")
        resolved_paths.add(path.resolve())


def _require_frames(features: Features) -> None:
    empty = np.flatnonzero(~features.mask.any(axis=1))
    if empty.size:
        named = ", ".join(printable(features.paths[clip]) for clip in empty[:5])
        raise UsageError(f"{empty.size} clips have no real frame: {named}; make the feature file again")
