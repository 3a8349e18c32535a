"""Cells of the frames of prepared films, and which frames stand side by side or belong to one film."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from bench._evidence_clips import FRAMES
from builtin._films import ACTIONS
from builtin._photographs import fraction_of
from builtin._regions import BASES
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from mediaindex_models.builtin_head import Cells, ImageTower, depths, pooled
from mediaindex_models.efficientnet import FeatureMaps
from mediaindex_models.region_cells import FINE_SIDE, RegionCells

HELD_BACK = 0.2

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Films:
    """F films of eight frames each.

    Attributes:
        names: (F, 3): SOURCE/NAME, the longer film that it was cut from, what it shows.
        cells: (F, 8, 16, 313) float16. segments: (F, 8), numbers within a film.
    """

    names: NDArray[np.str_]
    cells: Tensor
    segments: NDArray[np.int64]

    def where(self, wanted: NDArray[np.bool_]) -> Films:
        """Some of the films."""
        return Films(self.names[wanted], self.cells[torch.from_numpy(wanted)], self.segments[wanted])

    def halves(self) -> tuple[Films, Films]:
        """Those to train on, and a fifth that is held back, by the hash of the name."""
        held = np.array([fraction_of(name, "film held back") < HELD_BACK for name in self.names[:, 0]])
        return self.where(~held), self.where(held)

    def neighbours(self) -> Rows:
        """(P, 2) rows of frames side by side in one segment; a row is 8 · film + frame."""
        film, frame = np.nonzero(self.segments[:, 1:] == self.segments[:, :-1])
        first = FRAMES * film + frame
        return np.stack([first, first + 1], axis=1)

    def drawn_pairs(self, count: int, numbers: np.random.Generator) -> Rows:
        """(B, 2) rows of two frames of one film, of another film each.

        Of two segments where the film has several, else of its first and of its last half.
        """
        films = numbers.choice(len(self.segments), min(count, len(self.segments)), replace=False)
        pairs = []
        for film in films:
            own = self.segments[film]
            first = int(numbers.integers(FRAMES))
            others = np.flatnonzero(own != own[first])
            if not len(others):
                others = np.flatnonzero(np.arange(FRAMES) // (FRAMES // 2) != first // (FRAMES // 2))
            pairs.append((FRAMES * film + first, FRAMES * film + int(numbers.choice(others))))
        return np.array(pairs, dtype=np.intp)

    def cells_at(self, rows: Rows) -> Tensor:
        """(…, 16, 313) float32 of frames."""
        return self.cells.flatten(0, 1)[torch.from_numpy(rows)].float()


def read_films(folder: Path, work: Path, classifier: nn.Linear) -> Films:
    """The films to learn from: every prepared set but `actions`.

    Args:
        folder: of prepare_films.py. work: of prepare.py, where the bases of the cells are.
        classifier: of the backbone that made the maps.
    """
    paths = [path for path in sorted(folder.glob("*.npz")) if path.stem != ACTIONS.name]
    if not paths:
        raise SystemExit(f"{folder}: no film was prepared there: run scripts/builtin/prepare_films.py first")
    parts = [_read(path, _bases(work), classifier) for path in paths]
    return Films(
        np.concatenate([part.names for part in parts]),
        torch.cat([part.cells for part in parts]),
        np.concatenate([part.segments for part in parts]),
    )


@torch.inference_mode()
def read_actions(folder: Path, work: Path, tower: ImageTower) -> tuple[Films, Tensor]:
    """The films of `actions`, and unit vectors (F, 8, D) of their frames by an encoder's head."""
    path = folder / f"{ACTIONS.name}.npz"
    films = _read(path, _bases(work), tower.backbone.classifier)
    maps, colours = _maps(path)
    cells = Cells(maps.low.float(), maps.middle.float(), colours.float(), maps.last.float())
    features = pooled(cells.last)
    seen = torch.cat([features, depths(cells)], dim=1)
    vectors = nn.functional.normalize(tower.vectors(seen, tower.backbone.classifier(features)), dim=-1)
    return films, vectors.view(len(films.names), FRAMES, -1)


def _bases(work: Path) -> RegionCells:
    network = RegionCells()
    network.load_state_dict(load_file(work / BASES))
    return network


@torch.inference_mode()
def _read(path: Path, network: RegionCells, classifier: nn.Linear) -> Films:
    maps, colours = _maps(path)
    cells = torch.cat(
        [
            network(FeatureMaps(*(part[rows] for part in maps)), colours[rows], classifier).half()
            for rows in (slice(first, first + FRAMES) for first in range(0, len(colours), FRAMES))
        ]
    )
    with np.load(path) as stored:
        films, segments = stored["films"].tolist(), stored["segments"]
    names = np.array([[f"{path.stem}/{name}", longer, kind] for name, longer, kind in films])
    return Films(names, cells.view(len(names), FRAMES, *cells.shape[1:]), segments)


def _maps(path: Path) -> tuple[FeatureMaps, Tensor]:
    """Maps and shares of colours, (8 F, C, 7, 7) float16."""
    with np.load(path) as stored:
        low, middle, last, colours = (
            torch.from_numpy(part).mT.reshape(len(part), -1, FINE_SIDE, FINE_SIDE)
            for part in (stored[name] for name in ("low", "middle", "last", "colours"))
        )
    return FeatureMaps(low, middle, last), colours
