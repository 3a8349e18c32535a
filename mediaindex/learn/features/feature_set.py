"""Feature files as training reads them: padded arrays with their masks, of one encoder alone.

`feature_rows` has the rows; docs/features-format.md has the format.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediaindex.errors import EncoderMismatch, UsageError
from mediaindex.learn.features.caption_tables import SPLITS
from mediaindex.learn.features.feature_rows import EmbeddingSpace, Half, Header, header_in, opened, table_of
from mediaindex.safe_text import printable

MOST_CLIPS = 50_000_000
MOST_TOKENS = 1024
# Of a clip: the longest benchmarks show so many.
MOST_FRAMES = 64


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """N clips and their M captions, padded.

    Attributes:
        paths, groups, splits: N each. spans: (N, 2) seconds, NaN where a clip has no such bound.
        frames: (N, F, D) float16, not normalised, with `mask` (N, F), True = real frame.
        norms: (N, F) float32, of the embeddings before rounding. seconds: (N, F), of the frames.
        evidence: (N, F, E) float16 or None.
        captions, sources, languages: M each, the captions of a clip one after another.
        clip: (M,) the clip of each caption. text: (M, D) float16, pooled.
        words: (M, T, D) float16 with `word_mask` (M, T), or None.
    """

    paths: tuple[str, ...]
    groups: tuple[str, ...]
    splits: tuple[str, ...]
    spans: NDArray[np.float64]
    frames: Half
    mask: NDArray[np.bool_]
    norms: NDArray[np.float32]
    seconds: NDArray[np.float64]
    evidence: Half | None
    captions: tuple[str, ...]
    sources: tuple[str, ...]
    languages: tuple[str | None, ...]
    clip: NDArray[np.int64]
    text: Half
    words: Half | None
    word_mask: NDArray[np.bool_] | None

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each caption in messages: its clip's path and its first 80 characters."""
        return tuple(f"{self.paths[c]}: {t[:80]}" for c, t in zip(self.clip, self.captions, strict=True))


def read_features(path: Path, *, encoder: EmbeddingSpace, words: bool = True) -> Features:
    """All of a feature file.

    Args:
        encoder: the encoder that must have made the file, or another file's header.
        words: whether to read the token features too, most of the bytes.

    Raises:
        EncoderMismatch: another encoder, or other weights of it, made the file.
        UsageError: it is no feature file, of a newer form, damaged, or holds no clip.
    """
    with opened(path) as file:
        header = header_in(path, file.schema_arrow)
        _require_encoder(path, header, encoder)
        _require_columns(path, file.schema_arrow, header)
        if not 0 < file.metadata.num_rows <= MOST_CLIPS:
            raise UsageError(f"{path} holds {file.metadata.num_rows} clips; make it again")
        wanted = [name for name in file.schema_arrow.names if name != "words" or words]
        try:
            groups = [file.read_row_group(i, columns=wanted) for i in range(file.num_row_groups)]
            parts = [_part(group, header) for group in groups if group.num_rows]
        except (OSError, ValueError, MemoryError, OverflowError) as error:
            raise UsageError(f"{path} is damaged: {printable(str(error))[:200]}; make it again") from error
    return joined(parts)


def joined(parts: Sequence[Features]) -> Features:
    """Features one after the other, padded to the longest.

    Token features and evidence are in the result where all parts have them.

    Raises:
        UsageError: there are none, or their widths differ.
    """
    if len({(part.frames.shape[2], part.text.shape[1]) for part in parts}) != 1:
        raise UsageError("feature files of one encoder are needed, at least one")
    if len(parts) == 1:
        return parts[0]
    has_words = all(part.words is not None for part in parts)
    firsts = np.cumsum([0, *(len(part.paths) for part in parts[:-1])])

    def arrays(name: str) -> Any:
        return _stacked([getattr(part, name) for part in parts])

    def texts(name: str) -> Any:
        return tuple(value for part in parts for value in getattr(part, name))

    return Features(
        **{name: texts(name) for name in ("paths", "groups", "splits", "captions", "sources", "languages")},
        **{name: arrays(name) for name in ("spans", "frames", "mask", "norms", "seconds", "text")},
        evidence=arrays("evidence") if all(part.evidence is not None for part in parts) else None,
        clip=np.concatenate([part.clip + first for part, first in zip(parts, firsts, strict=True)]),
        words=arrays("words") if has_words else None,
        word_mask=arrays("word_mask") if has_words else None,
    )


def _require_encoder(path: Path, header: Header, spec: EmbeddingSpace) -> None:
    made_by = printable(str(header.encoder))[:200]
    if (header.digest, header.preprocessing, header.dim) != (spec.digest, spec.preprocessing, spec.dim):
        other = f"the encoder {made_by}" if header.encoder != spec.name else f"other weights of {made_by}"
        raise EncoderMismatch(
            f"{path} holds features of {other}, not of {spec.name}; "
            f"make them again with 'mediaindex features --encoder {spec.name}'"
        )


def _require_columns(path: Path, schema: Any, header: Header) -> None:
    expected = table_of([], header).schema
    types = {field.name: field.type for field in schema}
    wrong = [field.name for field in expected if types.get(field.name) != field.type]
    if wrong:
        raise UsageError(f"{path} is damaged: its column {wrong[0]} lacks or is of another type")


def _part(table: Any, header: Header) -> Features:
    """Padded features of one row group.

    Raises:
        ValueError: lengths do not fit each other, or a value is not allowed.
    """
    rows = _RowGroup(table)
    frame_counts, caption_counts = rows.lengths("seconds"), rows.lengths("captions")
    if frame_counts.min() < 1 or frame_counts.max() > MOST_FRAMES or caption_counts.min() < 1:
        raise ValueError(f"a clip has 1 to {MOST_FRAMES} frames, and a caption")
    splits = rows.texts("split")
    if not set(splits) <= set(SPLITS):
        raise ValueError(f"the split of a clip is none of {', '.join(SPLITS)}")
    mask = _mask(frame_counts)
    has_words = header.words and "words" in table.column_names
    word_counts = rows.word_counts(caption_counts) if has_words else None
    word_mask = None if word_counts is None else _mask(word_counts)
    return Features(
        paths=rows.texts("path"),
        groups=rows.texts("group"),
        splits=splits,
        spans=np.stack([rows.seconds("start_seconds"), rows.seconds("end_seconds")], axis=1),
        frames=_padded(rows.vectors("frames", frame_counts, header.dim), mask),
        mask=mask,
        norms=_padded(rows.vectors("norms", frame_counts, 1)[:, 0], mask),
        seconds=_padded(rows.vectors("seconds", frame_counts, 1)[:, 0], mask),
        evidence=(
            _padded(rows.vectors("evidence", frame_counts, header.evidence_dim), mask)
            if header.evidence_dim is not None
            else None
        ),
        captions=rows.listed_texts("captions", caption_counts),
        sources=rows.listed_texts("sources", caption_counts),
        languages=rows.listed_texts("languages", caption_counts),
        clip=np.repeat(np.arange(len(frame_counts)), caption_counts),
        text=rows.vectors("texts", caption_counts, header.dim),
        words=None if word_counts is None else _padded(rows.words(word_counts, header.dim), word_mask),
        word_mask=word_mask,
    )


class _RowGroup:
    """The columns of one row group as arrays. Its methods raise ValueError where something does not fit."""

    def __init__(self, table: Any) -> None:
        self._columns = {name: table[name].combine_chunks() for name in table.column_names}

    def lengths(self, name: str) -> NDArray[np.int64]:
        """Length of each list of a column, 0 for a null."""
        counts = self._columns[name].value_lengths().fill_null(0)
        return np.asarray(counts.to_numpy(zero_copy_only=False), np.int64)

    def vectors(self, name: str, counts: NDArray[np.int64], width: int) -> Any:
        """The values of a column of lists as rows (sum of counts, width), all finite."""
        if (self.lengths(name) != counts * width).any():
            raise ValueError(f"the lengths of {name} do not fit")
        values = self._columns[name].flatten()
        rows = values.to_numpy(zero_copy_only=False).reshape(-1, width)
        if values.null_count or not np.isfinite(rows).all():
            raise ValueError(f"a number of {name} lacks or is not finite")
        return rows

    def word_counts(self, caption_counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Tokens of each caption."""
        counts: NDArray[np.int64] = self.vectors("word_counts", caption_counts, 1)[:, 0].astype(np.int64)
        if counts.min() < 1 or counts.max() > MOST_TOKENS:
            raise ValueError(f"a caption has 1 to {MOST_TOKENS} tokens")
        return counts

    def words(self, counts: NDArray[np.int64], width: int) -> Any:
        """Token features of all captions (sum of counts, width)."""
        caption_counts = self.lengths("captions")
        firsts = np.cumsum(caption_counts) - caption_counts
        return self.vectors("words", np.add.reduceat(counts, firsts), width)

    def seconds(self, name: str) -> NDArray[np.float64]:
        """A column of times, NaN for a null."""
        return np.asarray(self._columns[name].to_numpy(zero_copy_only=False), np.float64)

    def texts(self, name: str) -> tuple[str, ...]:
        """A column of texts, none null."""
        if self._columns[name].null_count:
            raise ValueError(f"a {name} lacks")
        return tuple(self._columns[name].to_pylist())

    def listed_texts(self, name: str, counts: NDArray[np.int64]) -> Any:
        """All texts of a column of lists; a language may be null."""
        if (self.lengths(name) != counts).any():
            raise ValueError(f"the lengths of {name} do not fit")
        values = self._columns[name].flatten()
        if values.null_count and name != "languages":
            raise ValueError(f"one of the {name} lacks")
        return tuple(values.to_pylist())


def _mask(counts: NDArray[np.int64]) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = np.arange(counts.max()) < counts[:, None]
    return mask


def _padded(values: Any, mask: Any) -> Any:
    """Rows at the places where the mask is true, zeros elsewhere."""
    padded = np.zeros((*mask.shape, *values.shape[1:]), values.dtype)
    padded[mask] = values
    return padded


def _stacked(arrays: Sequence[Any]) -> Any:
    """Arrays below each other, their second axis filled up with zeros to the longest."""
    shape = [sum(map(len, arrays)), *np.max([array.shape[1:] for array in arrays], axis=0)]
    stacked = np.zeros([int(size) for size in shape], arrays[0].dtype)
    first = 0
    for array in arrays:
        stacked[(slice(first, first + len(array)), *map(slice, array.shape[1:]))] = array
        first += len(array)
    return stacked
