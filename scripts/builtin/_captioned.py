"""What a scorer is trained and tested on: cells of photographs, states of their captions, and a similarity.

The similarity, of a photograph as a whole and a caption, is that of the first head where it chooses what a
scorer is trained on. Vectors are kept in --work,
    vectors-HEAD.npz    pictures (N, 384) and captions (C, 384), unit rows
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from builtin._photographs import Item, read_items
from builtin._regions import cells_of, maps_of_chunk
from numpy.typing import NDArray
from torch import Tensor

from mediaindex.embed.families.builtin import image_tower, text_tower
from mediaindex.embed.families.builtin_files import FILES, NAME, HeadFiles, builtin_spec, heads_of
from mediaindex.learn.scorer.caption_states import CaptionStates
from mediaindex_models.builtin_head import Cells, ImageTower, depths, pooled
from mediaindex_models.minilm import WIDTH, SentenceStates

FIRST_HEAD = [head for head in heads_of(FILES) if head.name == NAME][-1]
"""Of the similarity: it has seen nothing of pascal, rooms, aerial and coco-64, as later heads have."""

CLASSES = 1000
_AT_ONCE = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Captioned:
    """N photographs with everything that is read of them.

    Attributes:
        cells: (N, 16, 313). captions_of: rows of the captions of each photograph.
        pictures: (N, D) and said: (C, D), unit vectors of the first head.
    """

    items: list[Item]
    cells: NDArray[np.float16]
    captions_of: list[NDArray[np.intp]]
    captions: CaptionStates
    pictures: Tensor
    said: Tensor

    def cells_at(self, places: NDArray[np.intp]) -> Tensor:
        """(B, 16, 313) float32 of some photographs."""
        return torch.from_numpy(self.cells[places]).float()

    def states(self, captions: NDArray[np.intp]) -> tuple[SentenceStates, Tensor]:
        """States of some captions, padded, and their mask (B, T) bool."""
        return self.captions.states(captions)

    def meant(self, captions: NDArray[np.intp]) -> Tensor:
        """(B, 384) unit: what MiniLM makes of some captions."""
        return F.normalize(self.captions.mean[captions], dim=-1)


def read_captioned(work: Path) -> Captioned:
    """Everything that prepare.py left; cells and vectors are made where they are missing."""
    names, mean, shallow = _sentences(work)
    classes = F.normalize(mean[len(names) :], dim=-1).view(-1, CLASSES, WIDTH).mean(0)
    items = [item for own in read_items(work).values() for item in own]
    row_of = {name: row for row, name in enumerate(names)}
    captions_of = [np.array([row_of[caption] for caption in item.captions]) for item in items]
    tower = image_tower(FILES, head=FIRST_HEAD)
    cells = cells_of(work, tower.backbone.classifier, F.normalize(classes, dim=-1))
    with np.load(work / "tokens.npz") as stored:
        captions = CaptionStates(mean, shallow, stored["states"], stored["first"])
    pictures, said = vectors_by(work, captions, head=FIRST_HEAD)
    return Captioned(items, cells, captions_of, captions, pictures, said)


def _sentences(work: Path) -> tuple[list[str], Tensor, Tensor]:
    with np.load(work / "sentences.npz") as stored:
        names: list[str] = stored["captions"].tolist()
        return names, torch.from_numpy(stored["mean"]), torch.from_numpy(stored["shallow"])


def vectors_by(
    work: Path, captions: CaptionStates, *, head: HeadFiles, files: Path = FILES
) -> tuple[Tensor, Tensor]:
    """Unit vectors of all photographs and captions by a head of an encoder's files."""
    path = work / f"vectors-{head.digest[:16]}.npz"
    if not path.exists():
        tower = image_tower(files, head=head)
        pictures = torch.cat([_picture_vectors(work, chunk, tower) for chunk in read_items(work)])
        said = _caption_vectors(captions, files, head)
        np.savez(path, pictures=pictures.numpy(), captions=said.numpy())
    with np.load(path) as stored:
        return torch.from_numpy(stored["pictures"]), torch.from_numpy(stored["captions"])


@torch.inference_mode()
def _picture_vectors(work: Path, chunk: str, tower: ImageTower) -> Tensor:
    """Unit vectors of the photographs of a chunk, from what the head sees of their stored maps."""
    maps, colours = maps_of_chunk(work, chunk)
    cells = Cells(maps.low.float(), maps.middle.float(), colours.float(), maps.last.float())
    features = pooled(cells.last)
    seen = torch.cat([features, depths(cells)], dim=1)
    return F.normalize(tower.vectors(seen, tower.backbone.classifier(features)), dim=-1)


@torch.inference_mode()
def _caption_vectors(captions: CaptionStates, files: Path, of_head: HeadFiles) -> Tensor:
    head = text_tower(files, head=of_head, places=builtin_spec(files).text_length).head
    parts = []
    for mean, shallow in zip(
        torch.split(captions.mean, _AT_ONCE), torch.split(captions.shallow, _AT_ONCE), strict=True
    ):
        states = SentenceStates(mean[:, None], mean, shallow, shallow[:, None])
        parts.append(F.normalize(head(states)[0], dim=-1))
    return torch.cat(parts)
