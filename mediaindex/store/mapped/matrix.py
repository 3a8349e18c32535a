"""One embedding space as mapped files: derived, exact, made anew when they do not fit.

    matrix/space_<id>.json               what the files below hold, replaced last and atomically
    matrix/space_<id>.<token>.vectors    (N, D) float16, unit rows
    matrix/space_<id>.<token>.rows       (N,) generation int64, frame int32
    matrix/space_<id>.<token>.beside     (N,) norm float32, evidence (E,) float16: what a generator reads
    matrix/space_<id>.<token>.segments   (S,) of `SEGMENT`: what a score needs of each segment
    matrix/space_<id>.<token>.<bank>.hubs   (S,) float32: what each segment is to a bank of queries

A LanceDB flat search costs about ten times the memory bandwidth, and importing it 1.8 s: a process
that answers queries maps these files instead. Rows are appended at each commit, whole generations with their
frames in order; what lies beyond the counts in the JSON does not exist. SQLite alone says which rows are
visible: a reader takes the generations that its snapshot owns, and asks LanceDB for what the files lack.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mediaindex.store.layout import make_private_folder, private, sync_path
from mediaindex.store.mapped.bank import Hubs
from mediaindex.store.mapped.rows import VectorRows
from mediaindex.store.mapped.segments import SEGMENT, lies_within, no_segments
from mediaindex.store.mapped.state_file import read_state, state_path

FORM = 2
"""Of the files; what another form holds is made anew."""
ROW = np.dtype([("generation", "<i8"), ("frame", "<i4")])
HUB_BYTES = 4
PARTS = ("vectors", "rows", "beside", "segments")


def beside_of(evidence_dim: int) -> np.dtype[np.void]:
    """What stands beside a vector, E being 0 in a space without evidence."""
    return np.dtype([("norm", "<f4"), ("evidence", "<f2", (evidence_dim,))])


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """The files of a space in memory, mapped.

    Attributes:
        token: names the files; rows of one token never change.
        rows: (N,) of `ROW`. vector: (N, D) float16, unit rows.
        beside: (N,) of `beside_of`, None where the files do not hold it of every row.
        segments: (S,) of `SEGMENT`. hubs: of all segments, None where the files do not hold them.
    """

    token: str
    rows: NDArray[np.void]
    vector: NDArray[np.float16]
    beside: NDArray[np.void] | None
    segments: NDArray[np.void]
    hubs: Hubs | None = None

    def __len__(self) -> int:
        return len(self.vector)

    def holds_the_rows_of(self, other: Matrix) -> bool:
        """Whether both are of the same files with as many rows, and with the hubs of one bank."""
        banks = [None if one.hubs is None else one.hubs.bank for one in (self, other)]
        return (self.token, len(self), banks[0]) == (other.token, len(other), banks[1])

    @property
    def generation(self) -> NDArray[np.int64]:
        """(N,) of each row."""
        return np.ascontiguousarray(self.rows["generation"])

    @property
    def frame(self) -> NDArray[np.int32]:
        """(N,) of each row."""
        return np.ascontiguousarray(self.rows["frame"])


class MatrixFile:
    """The derived files of one space."""

    def __init__(self, folder: Path, space_id: int, dim: int) -> None:
        self.folder = folder
        self.dim = dim
        self.state_path = state_path(folder, space_id)

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

    def count(self) -> int:
        """How many rows the files hold, without mapping them; 0 where they do not fit.

        Raises:
            OSError: the disk of the files fails.
        """
        state = self._read_state()
        return 0 if state is None else int(state["rows"])

    @property
    def is_damaged(self) -> bool:
        """Whether the files count rows that `load` cannot take from them, or hubs that are not as written."""
        state = self._state()
        if state is None or not state["rows"]:
            return False
        return not len(self.load()) or not self._has_sound_hubs(state)

    def _nothing(self) -> Matrix:
        return Matrix("", np.empty(0, ROW), np.empty((0, self.dim), np.float16), None, no_segments())

    def _mapped(self, state: Mapping[str, Any]) -> Matrix:
        count, paths = state["rows"], self._paths(state["token"])
        # Copy on write: torch warns of arrays that it may not write, and nothing here writes.
        beside = None
        if state["evidence"] is not None:
            beside = np.memmap(paths["beside"], beside_of(state["evidence"]), "c", shape=(count,))
        segments = no_segments()
        if state["segments"]:
            segments = np.memmap(paths["segments"], SEGMENT, "c", shape=(state["segments"],))
        if not lies_within(segments, count):
            return self._nothing()
        return Matrix(
            state["token"],
            np.memmap(paths["rows"], ROW, "c", shape=(count,)),
            np.memmap(paths["vectors"], np.float16, "c", shape=(count, self.dim)),
            beside,
            segments,
            self._mapped_hubs(state) if len(segments) else None,
        )

    def _mapped_hubs(self, state: Mapping[str, Any]) -> Hubs | None:
        """The hubs that a state names; None where they are not there any more, or are no numbers."""
        if state["hubs"] is None:
            return None
        bank: str = state["hubs"]["bank"]
        path = self._hubs_path(state["token"], bank)
        try:
            values = np.memmap(path, np.float32, "c", shape=(state["segments"],))
        except (FileNotFoundError, ValueError):
            return None
        return Hubs(bank, values) if np.isfinite(values).all() else None

    def append(self, rows: VectorRows, segments: NDArray[np.void], hubs: Hubs | None = None) -> None:
        """Add the rows of a commit. Only the writer calls this.

        Args:
            rows: whole generations one behind the other, frames in order.
            segments: of `segment_table`, with `first_row` being `count()`.
            hubs: of these segments; those of all are given up where they are not of the same bank.
        """
        # Rows that cannot be seen for a moment must not be taken for none.
        state = self._read_state()
        self._publish(self._extended(state or self._new_state(), rows, segments, hubs))

    def replace(self, parts: Iterable[tuple[VectorRows, NDArray[np.void], Hubs | None]]) -> None:
        """Write everything anew under fresh names; readers keep the files that they have mapped.

        Args:
            parts: rows, segments and hubs as `append` takes them, the first row of all being 0.
        """
        old = self._state()
        state = self._new_state()
        self._publish(state)
        for rows, segments, hubs in parts:
            state = self._extended(state, rows, segments, hubs)
        self._publish(state)
        if old is not None:
            for path in self.folder.glob(f"{self.state_path.stem}.{old['token']}.*"):
                path.unlink(missing_ok=True)

    def set_hubs(self, hubs: Hubs, matrix: Matrix) -> bool:
        """Put what all segments are to a bank beside them. Only the writer calls this.

        Args:
            matrix: whose segments they are of.

        Returns:
            Whether the files still hold these segments; else nothing is written.

        Raises:
            OSError: the disk fails.
        """
        state = self._read_state()
        if state is None or (state["token"], state["segments"]) != (matrix.token, len(hubs.values)):
            return False
        _write(self._hubs_path(state["token"], hubs.bank), 0, hubs.values)
        self._publish({**state, "hubs": {"bank": hubs.bank, "crc32": zlib.crc32(hubs.values.tobytes())}})
        if state["hubs"] is not None and state["hubs"]["bank"] != hubs.bank:
            self._hubs_path(state["token"], state["hubs"]["bank"]).unlink(missing_ok=True)
        return True

    def remove_leftovers(self) -> None:
        """Unlink what a killed `replace` or `append` left: files that the state does not name."""
        state = self._state()
        named = set() if state is None else {self.state_path, *self._named(state)}
        for path in set(self.folder.glob(f"{self.state_path.stem}.*")) - named:
            path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Unlink the files of a space that is gone."""
        for path in self.folder.glob(f"{self.state_path.stem}.*"):
            path.unlink(missing_ok=True)

    def _new_state(self) -> dict[str, Any]:
        token = secrets.token_hex(4)
        holds: dict[str, Any] = {"rows": 0, "segments": 0, "dim": self.dim, "evidence": None, "hubs": None}
        return {"form": FORM, "token": token, **holds}

    def _extended(
        self, state: Mapping[str, Any], rows: VectorRows, segments: NDArray[np.void], hubs: Hubs | None
    ) -> dict[str, Any]:
        """Write rows behind those of a state, and the state that counts them too."""
        count, paths = state["rows"], self._paths(state["token"])
        make_private_folder(self.folder)
        entries = np.empty(len(rows), ROW)
        entries["generation"], entries["frame"] = rows.generation, rows.frame
        beside = _beside(rows)
        evidence: int | None = beside["evidence"].shape[1]
        if count and evidence != state["evidence"]:
            evidence = None  # rows of a space in which evidence came or went: LanceDB is read for them
        _write(paths["vectors"], count * 2 * self.dim, np.ascontiguousarray(rows.vector))
        _write(paths["rows"], count * ROW.itemsize, entries)
        if evidence is not None:
            _write(paths["beside"], count * beside.itemsize, beside)
        _write(paths["segments"], state["segments"] * SEGMENT.itemsize, segments)
        return {
            **state,
            "rows": count + len(rows),
            "segments": state["segments"] + len(segments),
            "evidence": evidence,
            "hubs": self._extended_hubs(state, segments, hubs),
        }

    def _extended_hubs(
        self, state: Mapping[str, Any], segments: NDArray[np.void], hubs: Hubs | None
    ) -> dict[str, Any] | None:
        """Write hubs behind those of a state, and what it then says of them; None where not all have some."""
        held: dict[str, Any] | None = state["hubs"]
        if not len(segments):
            return held
        if state["segments"] == 0:
            held = None if hubs is None else {"bank": hubs.bank, "crc32": 0}
        if hubs is None or held is None or hubs.bank != held["bank"]:
            return None
        _write(self._hubs_path(state["token"], hubs.bank), state["segments"] * HUB_BYTES, hubs.values)
        return {"bank": hubs.bank, "crc32": zlib.crc32(hubs.values.tobytes(), held["crc32"])}

    def _paths(self, token: str) -> dict[str, Path]:
        """The file of each of `PARTS`."""
        return {part: self.folder / f"{self.state_path.stem}.{token}.{part}" for part in PARTS}

    def _hubs_path(self, token: str, bank: str) -> Path:
        return self.folder / f"{self.state_path.stem}.{token}.{bank}.hubs"

    def _named(self, state: Mapping[str, Any]) -> list[Path]:
        """The files that a state names."""
        paths = list(self._paths(str(state["token"])).values())
        if state["hubs"] is None:
            return paths
        return [*paths, self._hubs_path(state["token"], state["hubs"]["bank"])]

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
        state = read_state(self.state_path)
        if state is None:
            return None
        try:
            paths = self._paths(str(state["token"]))
            count, segments, evidence = int(state["rows"]), int(state["segments"]), state["evidence"]
            widths = {"vectors": count * 2 * self.dim, "rows": count * ROW.itemsize}
            widths["segments"] = segments * SEGMENT.itemsize
            if evidence is not None:
                widths["beside"] = count * beside_of(evidence).itemsize
            state["hubs"] = self._hubs_in(state, segments)
            fits = state["form"] == FORM and state["dim"] == self.dim and min(count, segments) >= 0
            fits = fits and all(
                not size or paths[part].stat().st_size >= size for part, size in widths.items()
            )
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        return state if fits else None

    def _hubs_in(self, state: Mapping[str, Any], segments: int) -> dict[str, Any] | None:
        """What a state says of hubs that the files hold of every segment; files of before know none."""
        hubs = state.get("hubs")
        bank = hubs.get("bank") if isinstance(hubs, dict) else None
        if not isinstance(hubs, dict) or not isinstance(bank, str) or not bank.isalnum():
            return None
        try:
            size = self._hubs_path(str(state["token"]), bank).stat().st_size
        except FileNotFoundError:
            return None
        is_whole = isinstance(hubs.get("crc32"), int) and size >= segments * HUB_BYTES
        return hubs if is_whole else None

    def _has_sound_hubs(self, state: Mapping[str, Any]) -> bool:
        if state["hubs"] is None:
            return True
        path = self._hubs_path(state["token"], state["hubs"]["bank"])
        written = path.read_bytes()[: state["segments"] * HUB_BYTES]
        return bool(zlib.crc32(written) == state["hubs"]["crc32"])

    def _publish(self, state: Mapping[str, Any]) -> None:
        make_private_folder(self.folder)
        temporary = self.state_path.with_suffix(".tmp")
        with open(temporary, "w", encoding="utf-8", opener=private) as file:
            json.dump(state, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.state_path)
        with contextlib.suppress(OSError):
            sync_path(self.folder)


def _write(path: Path, offset: int, data: NDArray[Any]) -> None:
    with open(path, "r+b" if path.exists() else "wb", opener=private) as file:
        file.seek(offset)
        file.write(data.tobytes())
        # A power loss may take pages but keep the state file, which readers trust.
        file.flush()
        os.fsync(file.fileno())


def _beside(rows: VectorRows) -> NDArray[np.void]:
    evidence = np.empty((len(rows), 0), np.float16) if rows.evidence is None else rows.evidence
    beside: NDArray[np.void] = np.empty(len(rows), beside_of(evidence.shape[1]))
    beside["norm"], beside["evidence"] = rows.norm, evidence
    return beside
