"""Feature files of photographs, each as a clip of ten frames: the whole and nine overlapping parts of it.

A generator reads clips of several frames; parts of a photograph take their place. They are parts of the
backbone's last feature map, 7×7 places: one forward pass gives all ten, and serves every head.
"""

from __future__ import annotations

import datetime
import hashlib
import itertools
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from _builtin_pairs import Photograph, jpegs_of
from numpy.typing import NDArray

from mediaindex.embed.families.builtin import image_tower, load_builtin
from mediaindex.embed.inputs import picture
from mediaindex.embed.preprocess import centre_squares
from mediaindex.learn.features.feature_rows import (
    ClipFeatures,
    header_for,
    read_header,
    table_of,
    write_tables,
)
from mediaindex_models.builtin_head import CELLS, Cells, cells_of, depths, pooled
from mediaindex_models.efficientnet import FEATURES

if TYPE_CHECKING:
    from mediaindex.embed.encoder import Encoder, EncoderSpec
    from mediaindex_models.builtin_head import ImageTower

FRAMES = 10
SAMPLING = "a photograph: the whole and nine overlapping parts of its feature map"

_BATCH = 16
_PART, _STRIDE = 3, 2  # places of the 7×7 map
_ROWS_AT_ONCE = 64
_REPORT_EVERY = 20  # batches

Half = NDArray[np.float16]


def seen_parts(
    photographs: Sequence[Photograph],
    repository: Path,
    cache: Path,
    *,
    files: Path,
    progress: Callable[[str], None] = lambda _line: None,
) -> Half:
    """(N, 10, SEEN) what a head sees of the whole and of the parts; kept in the folder `cache`.

    Args:
        repository: git directory with Flickr8k. files: of the encoder, whose backbone is used.
    """
    tower = image_tower(files)
    kept = cache / f"seen-{_key(photographs, tower)}.npy"
    if kept.exists():
        stored: Half = np.load(kept)
        return stored
    jpegs = jpegs_of(photographs, repository)
    parts = []
    while batch := list(itertools.islice(jpegs, _BATCH)):
        parts.append(_parts(batch, tower))
        if len(parts) % _REPORT_EVERY == 0:
            progress(f"  {len(parts) * _BATCH} of {len(photographs)} photographs")
    seen = np.concatenate(parts)
    cache.mkdir(parents=True, exist_ok=True)
    unfinished = kept.with_suffix(".new.npy")
    np.save(unfinished, seen)
    unfinished.rename(kept)
    return seen


def write_feature_files(
    photographs: Sequence[Photograph],
    repository: Path,
    folder: Path,
    *,
    files: Path,
    progress: Callable[[str], None] = lambda _line: None,
) -> list[Path]:
    """One feature file per split and source in `folder`; a file of this encoder that exists is kept.

    Args:
        repository: git directory with Flickr8k. files: of the encoder. progress: called with a line of text.
    """
    encoder = load_builtin(device="cpu", files=files)
    places: dict[Path, list[int]] = defaultdict(list)
    for place, photograph in enumerate(photographs):
        places[folder / f"{photograph.split}-{photograph.source}.parquet"].append(place)
    missing = {path: own for path, own in places.items() if not _is_of(path, encoder.spec)}
    if missing:
        seen = seen_parts(photographs, repository, folder, files=files, progress=progress)
        for path, own in missing.items():
            progress(f"{path.name}: {len(own)} photographs")
            write_feature_file(path, [photographs[place] for place in own], seen[own], files=files)
    return sorted(places)


@torch.inference_mode()
def write_feature_file(path: Path, photographs: Sequence[Photograph], seen: Half, *, files: Path) -> None:
    """A feature file of one split, with the head of the encoder in `files`.

    Args:
        seen: (N, 10, SEEN), of `seen_parts`.
    """
    encoder, tower = load_builtin(device="cpu", files=files), image_tower(files)
    (split,) = {photograph.split for photograph in photographs}
    created = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    header = header_for(encoder.spec, sampling=SAMPLING, split=split, created=created)
    pieces = (slice(i, i + _ROWS_AT_ONCE) for i in range(0, len(photographs), _ROWS_AT_ONCE))
    tables = (table_of(_rows(photographs[some], seen[some], encoder, tower), header) for some in pieces)
    unfinished = path.with_name(f"{path.name}.new")
    write_tables(unfinished, tables)
    unfinished.rename(path)


def _is_of(path: Path, encoder: EncoderSpec) -> bool:
    if not path.exists():
        return False
    header = read_header(path)
    return (header.digest, header.preprocessing) == (encoder.digest, encoder.preprocessing)


def _key(photographs: Sequence[Photograph], tower: ImageTower) -> str:
    """A hash of the photographs' names and the backbone's weights."""
    digest = hashlib.sha256("\n".join(photograph.name for photograph in photographs).encode())
    for value in tower.backbone.state_dict().values():
        digest.update(value.contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


@torch.inference_mode()
def _parts(jpegs: Sequence[bytes], tower: ImageTower) -> Half:
    pictures = centre_squares([picture(jpeg) for jpeg in jpegs], 224)
    pixels = pictures.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
    maps = tower.backbone.feature_maps(pixels.contiguous(memory_format=torch.channels_last))
    cells = cells_of(maps, pictures)
    starts = range(0, CELLS - _PART + 1, _STRIDE)
    parts = [
        Cells(*(depth[:, :, y : y + _PART, x : x + _PART] for depth in cells)) for y in starts for x in starts
    ]
    seen = [torch.cat([pooled(part.last), depths(part)], dim=1) for part in (cells, *parts)]
    return torch.stack(seen, dim=1).half().numpy()


def _rows(
    photographs: Sequence[Photograph], seen: Half, encoder: Encoder, tower: ImageTower
) -> list[ClipFeatures]:
    features = torch.from_numpy(seen.astype(np.float32))
    frames = tower.vectors(features, tower.backbone.classifier(features[..., :FEATURES])).numpy()
    evidence = tower.evidence(features[..., :FEATURES]).half().numpy()
    captions = [caption for photograph in photographs for caption in photograph.captions]
    text_features = encoder.texts(captions, tokens=True)
    assert text_features.tokens is not None
    assert text_features.mask is not None
    words = [tokens[mask] for tokens, mask in zip(text_features.tokens, text_features.mask, strict=True)]
    rows, first = [], 0
    for place, photograph in enumerate(photographs):
        own = slice(first, first + len(photograph.captions))
        rows.append(_row(photograph, frames[place], evidence[place], text_features.pooled[own], words[own]))
        first = own.stop
    return rows


def _row(
    photograph: Photograph,
    frames: NDArray[np.float32],
    evidence: Half,
    texts: NDArray[np.float32],
    words: Sequence[NDArray[np.float32]],
) -> ClipFeatures:
    return ClipFeatures(
        path=photograph.name,
        start_seconds=None,
        end_seconds=None,
        group=photograph.name,
        split=photograph.split,
        seconds=[0.0] * FRAMES,
        frames=frames,
        evidence=evidence,
        captions=photograph.captions,
        sources=[photograph.source] * len(photograph.captions),
        languages=["en"] * len(photograph.captions),
        texts=texts,
        words=words,
    )
