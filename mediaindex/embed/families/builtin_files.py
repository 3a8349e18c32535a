"""The files of the built-in encoder in builtin_files/: its identity, its tensors, its vocabulary.

The towers are there once, and beside them several heads, which config.json names with their digests: the one
of new libraries, those of earlier releases, which an older library asks until its frames are embedded again,
and that of `builtin-free`, which learnt from freely licensed pictures alone. Weights are int8 rows with one
float16 scale each (NAME beside NAME#scale), everything else is float16. Importing this loads neither torch
nor numpy.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from mediaindex.embed.encoder import Arithmetic, EncoderSpec, preprocessing_in
from mediaindex.embed.families.wordpiece import WordPieces
from mediaindex.embed.inputs import readable
from mediaindex.errors import EncoderMismatch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

T = TypeVar("T", bound=Any)

NAME = "builtin"
FREE_NAME = "builtin-free"
NAMES = (NAME, FREE_NAME)
FILES = Path(__file__).parents[1] / "builtin_files"
TOWERS = "towers.safetensors"
SCORER_DIGITS = 32
SCORER_BETA = 0.5
"""Of `late_interaction.hubness`, of the hub that is stored with a frame."""
SCORER_OF_TEXTS = ("words.", "log_sharpness", "gains")
SCORER_OF_PICTURES = ("cells.", "regions.", "hubs.", "log_sharpness", "gains")
"""What the names of a scorer's tensors start with, by the side that needs them."""
# Larger batches leave the cache and, above 32 MiB an activation, page-fault on every layer.
PICTURES_ON_CPU: Mapping[Arithmetic, int] = {"float32": 4, "bfloat16": 8}
TEXT_TOWER, TEXT_HEAD = ("minilm.",), ("head.t.",)
"""What the names of the text tower's tensors start with, in the file of the towers and in that of a head."""
# the names of the text head's parts in the file and in the network
_TEXT_HEAD = {"head.t.0.": "head.hidden.0.", "head.t.3.": "head.hidden.2."}


@dataclass(frozen=True, slots=True)
class ScorerFile:
    """The scorer of regions of config.json.

    Attributes:
        digest: hex, see `scorer_digest`: it names what was stored of frames.
    """

    file: str
    digest: str


@dataclass(frozen=True, slots=True)
class PhotographsFile:
    """Vectors of some training photographs and their captions, of config.json.

    Attributes:
        digest: hex SHA-256 of the file. encoder, scorer: digests of what made the vectors.
    """

    file: str
    digest: str
    encoder: str
    scorer: str


@dataclass(frozen=True, slots=True)
class HeadFiles:
    """One head of config.json.

    Attributes:
        name: of the encoder that it makes of the towers.
        digest: hex over the bytes of towers, members, evidence and vocabulary; the first head keeps that of
            its release, whose files were cut otherwise.
        members: files of the heads whose outputs are averaged. bank: its bank of queries.
        has_evidence: whether frames get evidence, whose basis was fitted to all training pictures.
    """

    name: str
    digest: str
    members: tuple[str, ...]
    bank: str
    licence: str
    commercial: bool
    has_evidence: bool = True


def head_of(files: Path, name: str = NAME, digest: str | None = None) -> HeadFiles:
    """A head by the name of its encoder, the one of new libraries without a digest.

    Raises:
        EncoderMismatch: there is none of this digest.
    """
    for head in heads_of(files):
        if head.name == name and digest in (None, head.digest):
            return head
    raise EncoderMismatch(
        f"this library was indexed with other weights of {name}; "
        f"run 'mediaindex models use {name}' to embed its frames with those that are here"
    )


def newest_digest(name: str, files: Path = FILES) -> str | None:
    """The digest of the newest head of a name; None for an encoder that is not in the box."""
    return next((head.digest for head in heads_of(files) if head.name == name), None)


def is_superseded(name: str, digest: str, files: Path = FILES) -> bool:
    """Whether an encoder is the built-in one with a head of an earlier release."""
    own = [head.digest for head in heads_of(files) if head.name == name]
    return digest in own[1:]


def heads_of(files: Path) -> list[HeadFiles]:
    """Every head, the newest of a name before older ones."""
    return [HeadFiles(**{**head, "members": tuple(head["members"])}) for head in _config(files)["heads"]]


def scorer_of(files: Path, name: str = NAME) -> ScorerFile | None:
    """The scorer of regions of an encoder of the box; None where it has none.

    Its bases were fitted to all training pictures, as the evidence was.
    """
    has_evidence = any(head.name == name and head.has_evidence for head in heads_of(files))
    return next(iter(scorers_of(files)), None) if has_evidence else None


def wanted_scorer(encoder: str, loaded: str | None) -> str | None:
    """Digest of the scorer whose evidence the space of an encoder is to have.

    Args:
        loaded: that of an encoder which is not in the box, when it was loaded last.
    """
    if encoder not in NAMES:
        return loaded
    scorer = scorer_of(FILES, encoder)
    return None if scorer is None else scorer.digest


def scorers_of(files: Path) -> list[ScorerFile]:
    """The scorer that ships, if one does."""
    stored = _config(files).get("scorer")
    return [] if stored is None else [ScorerFile(stored["file"], stored["digest"])]


def photographs_of(files: Path) -> PhotographsFile | None:
    """The photographs that a personal training rehearses; None where the files have none."""
    stored = _config(files).get("photographs")
    return None if stored is None else PhotographsFile(**stored)


def scorer_digest(files: Path, file: str) -> str:
    """Hex over the bytes of the towers and of a scorer: both decide what is stored of a frame."""
    digest = hashlib.sha256()
    for name in (TOWERS, file):
        digest.update(hashlib.sha256((files / name).read_bytes()).digest())
    return digest.hexdigest()[:SCORER_DIGITS]


def builtin_spec(
    files: Path,
    *,
    head: HeadFiles | None = None,
    batch: int | None = None,
    arithmetic: Arithmetic = "float32",
) -> EncoderSpec:
    """The identity of the encoder.

    Args:
        head: None for that of new libraries.
        batch: pictures in one pass, by device; None for that of a CPU. arithmetic: of its image tower.
    """
    config, head = _config(files), head or head_of(files)
    scorer = scorer_of(files, head.name)
    return EncoderSpec(
        name=head.name,
        digest=head.digest,
        preprocessing=preprocessing_in(config["preprocessing"], arithmetic),
        dim=config["dim"],
        evidence_dim=config["evidence_dim"] if head.has_evidence else None,
        image_size=config["image_size"],
        text_length=config["text_length"],
        batch=PICTURES_ON_CPU[arithmetic] if batch is None else batch,
        blend=config["blend"],
        languages=config["languages"],
        licence=head.licence,
        commercial=head.commercial,
        has_tokens=True,
        scorer=None if scorer is None else scorer.digest,
    )


def _config(files: Path) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((files / "config.json").read_text(encoding="utf-8"))
    return config


def tensors(
    path: Path, prefixes: tuple[str, ...], *, framework: Literal["np", "pt"]
) -> Iterator[tuple[str, Any, Any]]:
    """Name, values and scale (None without one) of the tensors whose names start with a prefix.

    Args:
        framework: numpy arrays or torch tensors.
    """
    from safetensors import safe_open

    with safe_open(path, framework=framework) as stored:
        names = set(stored.keys())
        for name in names:
            if name.startswith(prefixes) and not name.endswith("#scale"):
                scale = f"{name}#scale"
                yield name, stored.get_tensor(name), stored.get_tensor(scale) if scale in names else None


def scorer_tensors(
    files: Path, scorer: ScorerFile, prefixes: tuple[str, ...], *, framework: Literal["np", "pt"]
) -> list[tuple[str, Any, Any]]:
    """Those of the scorer's file, as `tensors` gives them.

    Raises:
        EncoderMismatch: the file is not there, or damaged.
    """
    from safetensors import SafetensorError

    try:
        return list(tensors(files / scorer.file, prefixes, framework=framework))
    except (OSError, SafetensorError) as error:
        raise unfit(f"{scorer.file}: {error}") from error


def builtin_bank(files: Path, head: HeadFiles | None = None) -> NDArray[np.float32]:
    """The bank of queries of a head, (M, D) unit rows: general captions, and captions of its training.

    Args:
        head: None for that of new libraries.

    Raises:
        EncoderMismatch: the file is damaged, or of other weights.
    """
    import numpy as np
    from safetensors import SafetensorError, safe_open

    head = head or head_of(files)
    try:
        with safe_open(files / head.bank, framework="np") as stored:
            rows: NDArray[np.float32] = stored.get_tensor("queries").astype(np.float32)
            made_for = (stored.metadata() or {}).get("encoder")
    except (OSError, SafetensorError) as error:
        raise unfit(error) from error
    if made_for != head.digest:
        raise unfit(f"{head.bank} is of other weights")
    lengths: NDArray[np.float32] = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, lengths)


def name_in_text_tower(name: str) -> str:
    """How the networks call a tensor of the text tower: by the parts `sentence` and `head`."""
    for stored, own in _TEXT_HEAD.items():
        name = name.replace(stored, own, 1)
    return name.replace("minilm.", "sentence.", 1)


def side_by_side(heads: Sequence[Mapping[str, T]], concatenated: Callable[[list[T], int], T]) -> dict[str, T]:
    """Text heads, by the names of the network, as one whose residual is the mean of theirs.

    Args:
        concatenated: joins arrays or tensors along an axis.

    Raises:
        EncoderMismatch: a head lacks a tensor, or one has another shape than in the others.
    """
    hidden, last = "head.hidden.0", "head.hidden.2"
    try:
        return {
            f"{hidden}.weight": concatenated([head[f"{hidden}.weight"] for head in heads], 0),
            f"{hidden}.bias": concatenated([head[f"{hidden}.bias"] for head in heads], 0),
            f"{last}.weight": concatenated([head[f"{last}.weight"] / len(heads) for head in heads], 1),
            f"{last}.bias": reduce(add, (head[f"{last}.bias"] / len(heads) for head in heads)),
        }
    except (KeyError, ValueError, RuntimeError) as error:
        raise unfit(error) from error


def unfit(reason: object) -> EncoderMismatch:
    """The error for files that are not those of the encoder."""
    return EncoderMismatch(
        f"the files of the built-in encoder do not fit it: {reason}; install mediaindex again"
    )


class Tokeniser:
    """Word pieces of texts; the vocabulary is read at the first text."""

    def __init__(self, files: Path, *, length: int) -> None:
        self._vocabulary = files / "vocab.txt"
        self._length = length
        self._pieces: WordPieces | None = None

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        """The piece numbers of each text, start and end mark included."""
        if self._pieces is None:
            self._pieces = WordPieces(self._vocabulary.read_text(encoding="utf-8").split("\n"))
        return [
            self._pieces.encode(readable(text, tokens=self._length), length=self._length) for text in texts
        ]
