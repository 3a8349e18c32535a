"""A personal ranking on disk: its folder, whole or not at all, and then the selection that names it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from mediaindex.errors import GeneratorUnavailable, NoSpace
from mediaindex.learn.personal.cross_fitting import FOLDS, CrossFit
from mediaindex.learn.personal.lists import TextSide
from mediaindex.learn.personal.text_side import Fit
from mediaindex.search.ranking.generator_registry import Description
from mediaindex.search.ranking.mixture import NUMBERS, TEXT_SIDE, read_weights
from mediaindex.search.ranking.personal_selection import (
    GENERATORS,
    Selection,
    read_selection,
    select,
    selected_names,
)
from mediaindex.store.layout import sync_path

CONFIG, CARD = "config.json", "README.md"
TEXT_SIDES_BY_FOLD = "text_sides_by_fold.safetensors"


def publish(
    library: Path, shipped: Description, fit: CrossFit, report: Mapping[str, Any], card: str
) -> Selection:
    """Write a ranking, put it in use, and keep the one before it; older ones are removed.

    The caller holds `personal_lock`.

    Args:
        shipped: the mixture to whose weights it was held. report: with its gate.

    Raises:
        NoSpace: the disk is full or not writable; nothing changed.
    """
    folder, digest = library / GENERATORS, shipped.digest
    before = read_selection(library, digest)
    name = _next_name(folder, shipped.encoder)
    try:
        _write(folder, name, _files(shipped, fit, report, card))
        select(library, digest, Selection(name, before.current))
    except OSError as error:
        raise NoSpace(
            f"{folder / name} cannot be written: {error.strerror}; free space and run again"
        ) from error
    _remove_unselected(library, shipped.encoder)
    return Selection(name, before.current)


def fits_by_fold(folder: Path) -> tuple[Fit, ...] | None:
    """`FOLDS` rankings, with which one orders the captions of each fold, unseen; None where it has none.

    The folder may be a stranger's.
    """
    try:
        own = json.loads((folder / CONFIG).read_text(encoding="utf-8"))["personal"]
        weights = np.array(own["by_fold"], np.float64)
        if weights.shape != (FOLDS, NUMBERS) or not np.isfinite(weights).all():
            return None
        digest = own.get("text_sides_by_fold")
        stored = {} if digest is None else read_weights(folder / TEXT_SIDES_BY_FOLD, str(digest))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, GeneratorUnavailable):
        return None
    return tuple(Fit(weights[fold], _of_fold(stored, fold)) for fold in range(FOLDS))


def _of_fold(stored: TextSide, fold: int) -> TextSide | None:
    """The text side of a fold; None where it has the scorer's."""
    start = f"{fold}."
    return {name.removeprefix(start): one for name, one in stored.items() if name.startswith(start)} or None


def _files(shipped: Description, fit: CrossFit, report: Mapping[str, Any], card: str) -> dict[str, bytes]:
    """The content of each file of a ranking; config.json names those with weights by their digests."""
    mixture = shipped.mixture
    assert mixture is not None
    sides = {
        f"{fold}.{name}": values
        for fold, one in enumerate(fit.by_fold)
        for name, values in (one.text_side or {}).items()
    }
    weights = {TEXT_SIDE: fit.fit.text_side, TEXT_SIDES_BY_FOLD: sides}
    # safetensors writes memory as it lies, whatever its strides say
    files = {
        name: save({part: np.array(values, order="C") for part, values in own.items()})
        for name, own in weights.items()
        if own
    }
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    config = {
        "format": 1,
        "encoder": {"name": shipped.encoder, "digest": shipped.digest},
        "generator": {"recipe": "linear", "width": shipped.width, "weights": fit.fit.weights.tolist()},
        "scorer": {
            "digest": mixture.scorer,
            "deviation": mixture.deviation,
            "text_side": digests.get(TEXT_SIDE),
        },
        "personal": {
            "by_fold": [one.weights.tolist() for one in fit.by_fold],
            "text_sides_by_fold": digests.get(TEXT_SIDES_BY_FOLD),
        },
        "report": dict(report),
    }
    texts = {CONFIG: json.dumps(config, indent=1) + "\n", CARD: card}
    return {**files, **{name: text.encode("utf-8") for name, text in texts.items()}}


def _write(parent: Path, name: str, files: Mapping[str, bytes]) -> None:
    building = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=parent))
    try:
        for file, content in files.items():
            (building / file).write_bytes(content)
            sync_path(building / file, mode=0o600)
        sync_path(building)
        os.rename(building, parent / name)
        sync_path(parent)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise


def _next_name(parent: Path, encoder: str) -> str:
    own = re.compile(rf"{re.escape(_stem(encoder))}-(\d+)")
    found = (own.fullmatch(path.name) for path in parent.iterdir())
    last = max((int(one[1]) for one in found if one is not None), default=0)
    return f"{_stem(encoder)}-{last + 1}"


def _stem(encoder: str) -> str:
    """How the names of an encoder's personal rankings begin."""
    return (re.sub(r"[^\w.-]+", "-", encoder).strip(".-") or "encoder") + "-personal"


def _remove_unselected(library: Path, encoder: str) -> None:
    """Remove the personal rankings of an encoder that no selection names, and what a killed training left."""
    parent, keep = library / GENERATORS, selected_names(library)
    own = re.compile(rf"{re.escape(_stem(encoder))}-\d+|\.{re.escape(_stem(encoder))}-\d+\..+")
    for path in parent.iterdir():
        if own.fullmatch(path.name) and path.name not in keep and path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
