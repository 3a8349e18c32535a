"""Rows of a feature file: the captioned clips of one encoder, in Parquet (docs/features-format.md).

A row is a clip. Vectors are float16 and not normalised; only real frames and real tokens are stored.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mediaindex.embed.encoder import EncoderSpec
from mediaindex.errors import EncoderMismatch, UsageError
from mediaindex.safe_text import printable

SCHEMA = 1
METADATA = b"mediaindex.features"
WIDEST = 1 << 16

Half = NDArray[np.float16]

_TEXTS = ("path", "group", "split", "captions", "sources", "languages")
_HEADER_TEXTS = ("encoder", "digest", "preprocessing", "sampling", "split", "created")
_VECTORS = ("frames", "evidence", "texts", "words")


class EmbeddingSpace(Protocol):
    """The encoder whose vectors a file holds: an `EncoderSpec`, or the header of another file."""

    @property
    def name(self) -> str:
        """As a user writes it."""
        ...

    @property
    def digest(self) -> str:
        """Hex over weights and configuration."""
        ...

    @property
    def preprocessing(self) -> str:
        """How pixels are prepared, in words."""
        ...

    @property
    def dim(self) -> int:
        """Width of a vector."""
        ...


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a feature file.

    Attributes:
        encoder, digest, preprocessing: of the space that the vectors are in.
        dim: width D. evidence_dim: width E, None without evidence. words: whether token features are there.
        sampling: which frames of a film were taken.
        split: of every clip in the file.
        created: ISO 8601, UTC.
    """

    encoder: str
    digest: str
    preprocessing: str
    dim: int
    evidence_dim: int | None
    words: bool
    sampling: str
    split: str
    created: str
    schema: int = SCHEMA

    @property
    def name(self) -> str:
        """The encoder's name, as an `EmbeddingSpace` has it."""
        return self.encoder


@dataclass(frozen=True, slots=True, eq=False)
class ClipFeatures:
    """One clip on its way into a file: F frames and C captions.

    Attributes:
        start_seconds, end_seconds: None for a picture, a whole film, or an open end.
        seconds: (F,) times of the frames. frames: (F, D). evidence: (F, E) or None.
        captions, sources, languages: C each. texts: (C, D). words: C arrays (T, D), or None.
    """

    path: str
    start_seconds: float | None
    end_seconds: float | None
    group: str
    split: str
    seconds: Sequence[float]
    frames: NDArray[np.float32]
    evidence: Half | None
    captions: Sequence[str]
    sources: Sequence[str]
    languages: Sequence[str | None]
    texts: NDArray[np.float32]
    words: Sequence[NDArray[np.float32]] | None


def header_for(spec: EncoderSpec, *, sampling: str, split: str, created: str) -> Header:
    """The header of a file that this encoder fills."""
    return Header(
        spec.name,
        spec.digest,
        spec.preprocessing,
        spec.dim,
        spec.evidence_dim,
        spec.has_tokens,
        sampling,
        split,
        created,
    )


def table_of(clips: Sequence[ClipFeatures], header: Header) -> Any:
    """The rows as a pyarrow Table, with the header in its metadata.

    Raises:
        EncoderMismatch: a vector is not finite, or too large for float16.
    """
    import pyarrow as pa

    halves = pa.list_(pa.float16())
    norms = [np.linalg.norm(clip.frames, axis=1) for clip in clips]
    words = [None if clip.words is None else np.concatenate(clip.words) for clip in clips]
    strings, optional = pa.list_(pa.string()), pa.float64()
    columns = {
        "path": pa.array([printable(clip.path) for clip in clips], pa.string()),
        "start_seconds": pa.array([clip.start_seconds for clip in clips], optional),
        "end_seconds": pa.array([clip.end_seconds for clip in clips], optional),
        "group": pa.array([printable(clip.group) for clip in clips], pa.string()),
        "split": pa.array([clip.split for clip in clips], pa.string()),
        "seconds": pa.array([list(clip.seconds) for clip in clips], pa.list_(pa.float64())),
        "frames": pa.array([_halves(clip.frames, clip.path) for clip in clips], halves),
        "norms": pa.array(norms, pa.list_(pa.float32())),
        "evidence": pa.array([_halves(clip.evidence, clip.path) for clip in clips], halves),
        "captions": pa.array([list(clip.captions) for clip in clips], strings),
        "sources": pa.array([list(map(printable, clip.sources)) for clip in clips], strings),
        "languages": pa.array([list(clip.languages) for clip in clips], strings),
        "texts": pa.array([_halves(clip.texts, clip.path) for clip in clips], halves),
        "words": pa.array([_halves(w, clip.path) for w, clip in zip(words, clips, strict=True)], halves),
        "word_counts": pa.array([[len(w) for w in clip.words or ()] for clip in clips], pa.list_(pa.int32())),
    }
    metadata = {METADATA: json.dumps(dataclasses.asdict(header))}
    return pa.table(columns).replace_schema_metadata(metadata)


def write_tables(path: Path, tables: Iterable[Any]) -> None:
    """Write tables of one header as the row groups of a new file, without fsync.

    Raises:
        OSError: it cannot be written.
    """
    import pyarrow.parquet as pq

    writer: Any = None
    try:
        for table in tables:
            if writer is None:
                writer = pq.ParquetWriter(
                    path,
                    table.schema,
                    compression="zstd",
                    use_dictionary=list(_TEXTS),  # pyright: ignore[reportArgumentType]
                    column_encoding={f"{name}.list.element": "BYTE_STREAM_SPLIT" for name in _VECTORS},
                    write_page_checksum=True,
                )
            writer.write_table(table, row_group_size=max(1, len(table)))
    finally:
        if writer is not None:
            writer.close()


def tables_in(path: Path, *, columns: Sequence[str] | None = None) -> Iterator[Any]:
    """The row groups of a file as pyarrow Tables, checked page by page.

    Args:
        columns: the ones to read, None for all.

    Raises:
        UsageError: it is no Parquet file, or damaged.
    """
    with opened(path) as file:
        for number in range(file.num_row_groups):
            try:
                yield file.read_row_group(number, columns=columns)
            except (OSError, ValueError) as error:
                raise UsageError(f"{path} is damaged: {error}") from error


def read_header(path: Path) -> Header:
    """The header of a feature file.

    Raises:
        UsageError: it is no feature file, or of a newer form.
    """
    with opened(path) as file:
        return header_in(path, file.schema_arrow)


def opened(path: Path) -> Any:
    """A pyarrow ParquetFile that checks every page it reads.

    Raises:
        UsageError: it is not there, or no Parquet file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path, page_checksum_verification=True, memory_map=True)
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist; 'mediaindex features' makes feature files") from None
    except (OSError, ValueError, pa.ArrowException) as error:
        raise UsageError(f"{path} is no feature file: {printable(str(error))[:200]}") from error


def header_in(path: Path, schema: Any) -> Header:
    """The header in the metadata of a file's schema.

    Raises:
        UsageError: there is none, it is damaged, or of a newer form.
    """
    try:
        values = json.loads((schema.metadata or {})[METADATA])
        if values["schema"] > SCHEMA:
            raise UsageError(f"{path} was made by a newer mediaindex; update this one")
        header = Header(**values)
        widths = [values["dim"], *([] if values["evidence_dim"] is None else [values["evidence_dim"]])]
        fits = all(isinstance(values[name], str) for name in _HEADER_TEXTS) and all(
            isinstance(width, int) and 0 < width <= WIDEST for width in widths
        )
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no feature file; 'mediaindex features' makes them") from error
    if not fits:
        raise UsageError(f"{path} is damaged: its header does not fit; make it again")
    return header


def _halves(values: NDArray[np.float32] | Half | None, clip: str) -> Half | None:
    """All values one after another, in float16.

    Raises:
        EncoderMismatch: one is not finite in float16; the clip is named.
    """
    if values is None:
        return None
    with np.errstate(over="ignore"):
        halves = values.astype(np.float16)
    if not np.isfinite(halves).all():
        raise EncoderMismatch(f"the encoder gave {printable(clip)} a number that is not finite in float16")
    return halves.ravel()
