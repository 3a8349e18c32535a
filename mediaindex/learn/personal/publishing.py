"""A personal ranking on disk: its folder, whole or not at all, and then the selection that names it."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mediaindex.errors import NoSpace
from mediaindex.learn.personal.cross_fitting import FOLDS, CrossFit
from mediaindex.learn.personal.fitting import Weights
from mediaindex.search.ranking.generator_registry import Description
from mediaindex.search.ranking.mixture import NUMBERS
from mediaindex.search.ranking.personal_selection import (
    GENERATORS,
    Selection,
    read_selection,
    select,
    selected_names,
)
from mediaindex.store.layout import sync_path

CONFIG, CARD = "config.json", "README.md"


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
        _write(folder, name, _config(shipped, fit, report), card)
        select(library, digest, Selection(name, before.current))
    except OSError as error:
        raise NoSpace(
            f"{folder / name} cannot be written: {error.strerror}; free space and run again"
        ) from error
    _remove_unselected(library, shipped.encoder)
    return Selection(name, before.current)


def weights_by_fold(folder: Path) -> Weights | None:
    """(FOLDS, 5) with which a ranking orders the captions of each fold, unseen; None where it has none.

    The folder may be a stranger's.
    """
    import numpy as np

    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        found = np.array(config["personal"]["by_fold"], np.float64)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if found.shape == (FOLDS, NUMBERS) and np.isfinite(found).all() else None


def _config(shipped: Description, fit: CrossFit, report: Mapping[str, Any]) -> dict[str, Any]:
    mixture = shipped.mixture
    assert mixture is not None
    return {
        "format": 1,
        "encoder": {"name": shipped.encoder, "digest": shipped.digest},
        "generator": {"recipe": "linear", "width": shipped.width, "weights": fit.weights.tolist()},
        "scorer": {"digest": mixture.scorer, "deviation": mixture.deviation},
        "personal": {"by_fold": fit.by_fold.tolist()},
        "report": dict(report),
    }


def _write(parent: Path, name: str, config: Mapping[str, Any], card: str) -> None:
    building = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=parent))
    try:
        for file, text in ((CONFIG, json.dumps(config, indent=1) + "\n"), (CARD, card)):
            (building / file).write_text(text, encoding="utf-8")
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
