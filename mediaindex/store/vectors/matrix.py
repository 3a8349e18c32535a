"""One embedding space as a mapped matrix: derived, exact, rebuilt when it does not match.

    matrix/space_<id>.json              what the files below hold, replaced last and atomically
    matrix/space_<id>.<token>.vectors   (N, D) float16, unit rows
    matrix/space_<id>.<token>.rows      (N,) generation int64, frame int32
    matrix/space_<id>.<token>.beside    (N,) norm float32, evidence (E,) float16: what a generator reads

A LanceDB flat search costs about ten times the memory bandwidth, and importing it 1.8 s: a process
that answers queries maps this file instead. Rows are appended at each commit; rows beyond the count
in the JSON do not exist. SQLite alone says which rows are visible: a reader takes the
generations that its snapshot owns, and asks LanceDB for those that the matrix lacks.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediaindex.store.layout import make_private_folder, private, sync_path
from mediaindex.store.vectors.rows import VectorRows

ROW = np.dtype([("generation", "<i8"), ("frame", "<i4")])


def beside_of(evidence_dim: int) -> np.dtype[np.void]:
    """What stands beside a vector, E being 0 in a space without evidence."""
    return np.dtype([("norm", "<f4"), ("evidence", "<f2", (evidence_dim,))])


@dataclass(frozen=True, slots=True)
class Matrix:
    """A space in memory.

    Attributes:
        generation: (N,) int64. frame: (N,) int32. vector: (N, D) float16, unit rows.
        beside: (N,) of `beside_of`, None where the files do not hold it of every row.
    """

    generation: NDArray[np.int64]
    frame: NDArray[np.int32]
    vector: NDArray[np.float16]
    beside: NDArray[np.void] | None = None

    def __len__(self) -> int:
        return len(self.generation)

    def joined(self, rows: VectorRows) -> Matrix:
        """This matrix with further rows behind; nothing stands beside them any more."""
        return Matrix(
            np.concatenate([self.generation, rows.generation]),
            np.concatenate([self.frame, rows.frame]),
            np.concatenate([self.vector, rows.vector]),
        )


class MatrixFile:
    """The derived files of one space."""

    def __init__(self, folder: Path, space_id: int, dim: int) -> None:
        self.folder = folder
        self.dim = dim
        self.state_path = folder / f"space_{space_id}.json"

    def load(self) -> Matrix:
        """Map the files; absent, unfit or unreadable ones are an empty matrix, which a reader then fills."""
        try:
            return self.load_to_extend()
        except OSError:
            return self._nothing()

    def load_to_extend(self) -> Matrix:
        """As `load`, for the writer, to whom rows that cannot be seen for a moment are not gone.

        Raises:
            OSError: the disk of the files fails.
        """
        state = self._read_state()
        if state is None or not state["rows"]:
            return self._nothing()
        try:
            return self._mapped(state)
        except (FileNotFoundError, ValueError):  # gone or cut short since its state was read
            return self._nothing()

    def _nothing(self) -> Matrix:
        return Matrix(np.empty(0, np.int64), np.empty(0, np.int32), np.empty((0, self.dim), np.float16))

    def _mapped(self, state: Mapping[str, Any]) -> Matrix:
        count = state["rows"]
        vectors, rows, beside = self._paths(state["token"])
        # Copy on write: torch warns of arrays that it may not write, and nothing here writes.
        index = np.memmap(rows, ROW, "c", shape=(count,))
        matrix = np.memmap(vectors, np.float16, "c", shape=(count, self.dim))
        further = None
        if state.get("evidence") is not None:
            further = np.memmap(beside, beside_of(state["evidence"]), "c", shape=(count,))
        generation, frame = np.ascontiguousarray(index["generation"]), np.ascontiguousarray(index["frame"])
        return Matrix(generation, frame, matrix, further)

    def append(self, rows: VectorRows) -> None:
        """Add the rows of a commit. Only the writer calls this."""
        # Rows that cannot be seen for a moment must not be taken for none.
        state = self._read_state() or {"token": secrets.token_hex(4), "rows": 0}
        count = state["rows"]
        vectors, index, further = self._paths(state["token"])
        make_private_folder(self.folder)
        entries = np.empty(len(rows), ROW)
        entries["generation"], entries["frame"] = rows.generation, rows.frame
        parts: list[tuple[Path, NDArray[Any], int]] = [
            (vectors, np.ascontiguousarray(rows.vector), 2 * self.dim),
            (index, entries, ROW.itemsize),
        ]
        beside = _beside(rows)
        evidence = beside["evidence"].shape[1] if not count or "evidence" in state else None
        if count and evidence != state.get("evidence"):
            evidence = None  # rows of a space in which evidence came or went: LanceDB is read for them
        if evidence is not None:
            parts.append((further, beside, beside.itemsize))
        for path, data, width in parts:
            with open(path, "r+b" if path.exists() else "wb", opener=private) as file:
                file.seek(count * width)
                file.write(data.tobytes())
                # A power loss may take pages but keep the state file, which readers trust.
                file.flush()
                os.fsync(file.fileno())
        self._publish(
            {"token": state["token"], "rows": count + len(rows), "dim": self.dim, "evidence": evidence}
        )

    def replace(self, rows: VectorRows) -> None:
        """Write the whole matrix anew under fresh names; readers keep the one they have mapped."""
        old = self._state()
        self._publish({"token": secrets.token_hex(4), "rows": 0, "dim": self.dim})
        self.append(rows)
        if old is not None:
            for path in self._paths(old["token"]):
                path.unlink(missing_ok=True)

    def remove_leftovers(self) -> None:
        """Unlink what a killed `replace` or `append` left: files that the state does not name."""
        state = self._state()
        named = set() if state is None else {self.state_path, *self._paths(str(state["token"]))}
        for path in set(self.folder.glob(f"{self.state_path.stem}.*")) - named:
            path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Unlink the files of a space that is gone."""
        for path in self.folder.glob(f"{self.state_path.stem}.*"):
            path.unlink(missing_ok=True)

    def _paths(self, token: str) -> tuple[Path, Path, Path]:
        """Of the vectors, the rows, and what stands beside them."""
        of_space = self.folder / f"{self.state_path.stem}.{token}"
        vectors, rows, beside = (
            of_space.with_name(f"{of_space.name}.{part}") for part in ("vectors", "rows", "beside")
        )
        return vectors, rows, beside

    def _state(self) -> dict[str, Any] | None:
        try:
            return self._read_state()
        except OSError:
            return None

    def _read_state(self) -> dict[str, Any] | None:
        """What the files hold; None where they are not there, or do not fit.

        Raises:
            OSError: their disk fails.
        """
        try:
            state: dict[str, Any] = json.loads(self.state_path.read_bytes())
            vectors, rows, beside = self._paths(str(state["token"]))
            count, evidence = int(state["rows"]), state.get("evidence")
            fits = (
                state["dim"] == self.dim
                and count >= 0
                and (not count or vectors.stat().st_size >= count * 2 * self.dim)
                and (not count or rows.stat().st_size >= count * ROW.itemsize)
            )
            if evidence is not None and count:
                fits = fits and beside.stat().st_size >= count * beside_of(evidence).itemsize
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        return state if fits else None

    def _publish(self, state: dict[str, Any]) -> None:
        make_private_folder(self.folder)
        temporary = self.state_path.with_suffix(".tmp")
        with open(temporary, "w", encoding="utf-8", opener=private) as file:
            json.dump(state, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.state_path)
        with contextlib.suppress(OSError):
            sync_path(self.folder)


def _beside(rows: VectorRows) -> NDArray[np.void]:
    evidence = np.empty((len(rows), 0), np.float16) if rows.evidence is None else rows.evidence
    beside: NDArray[np.void] = np.empty(len(rows), beside_of(evidence.shape[1]))
    beside["norm"], beside["evidence"] = rows.norm, evidence
    return beside
