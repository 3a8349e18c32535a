"""The described clips, ranked by a scorer and without it, by eight frames of each.

A clip's similarity is what the product gives to a segment that is the whole clip: half the mean of the three
best frames, half the mean frame. Of the scorer the three frames with the largest logit less hub count, and
their numbers are averaged. All clips are ranked; there is no list of candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from bench._evidence_lists import CORRECTED, PLAIN, QB_NORM, Lists, Matrix, Places, Ranker, Sides, Similarity
from bench.hubs import less_hubs
from bench.recall import Clip, read_clips
from builtin.prepare import SIDE, TextStates
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor

from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.worker import DecodeWorker, new_worker
from mediaindex.embed.families.builtin import image_tower
from mediaindex.embed.families.builtin_files import FILES, builtin_bank, builtin_spec
from mediaindex.embed.families.builtin_text import BuiltinTexts
from mediaindex.embed.preprocess import centre_squares
from mediaindex.errors import DecodeError
from mediaindex.learn.evaluation.metrics import ranks
from mediaindex.learn.scorer.caption_states import CaptionStates
from mediaindex.media import MediaInfo, SampledFrame, decoded
from mediaindex.search.ranking.qb_norm import querybank_normalised
from mediaindex.store.mapped.bank import BETA as BETA_OF_SIMILARITY
from mediaindex.store.mapped.scores import BEST_FRAMES
from mediaindex_models.builtin_head import cells_of, depths, pooled
from mediaindex_models.evidence_mixture import evidence_numbers
from mediaindex_models.named_colours import colour_shares
from mediaindex_models.region_cells import RegionCells

FRAMES = 8
QUERIES, CAPTIONS = "clips, queries", "clips, captions"


@dataclass(frozen=True, slots=True, eq=False)
class Clips:
    """C clips with what is read of their frames, and T texts about them.

    Attributes:
        cells: (8 C, 16, 313). vectors: (8 C, D) unit rows, the frames of a clip one behind the other.
        texts: states of the texts. said: (T, D) unit. right: (T,) the clip of each.
        is_query: (T,) bool: the query of a clip, not one of its captions.
    """

    cells: Tensor
    vectors: Matrix
    texts: CaptionStates
    said: Matrix
    right: Places
    is_query: NDArray[np.bool_]

    @classmethod
    def of(cls, folder: Path, bases: Path) -> Clips:
        """Of the clips in a folder.

        Args:
            bases: of the cells, as scripts/builtin left them.
        """
        clips = read_clips(folder)
        cells, vectors = _read(clips, bases)
        texts = [clip.query for clip in clips] + [text for clip in clips for text in clip.captions]
        right = [*range(len(clips)), *(place for place, clip in enumerate(clips) for _ in clip.captions)]
        said = _unit(BuiltinTexts(FILES).texts(texts).pooled)
        is_query = np.arange(len(texts)) < len(clips)
        return cls(cells, vectors, states_of(texts), said, np.array(right), is_query)

    def lists(self, ranker: Ranker, similarity: Similarity) -> dict[str, Lists]:
        """All clips for every query, and for every caption, with the numbers of a scorer."""
        frames = self.vectors.reshape(-1, FRAMES, self.vectors.shape[1])
        plain, of_bank = (blended(rows, frames) for rows in (self.said, builtin_bank(FILES)))
        corrected = less_hubs(plain, of_bank)
        numbers = evidence_numbers(
            torch.from_numpy(corrected / similarity.deviation), *self._of_best_frames(ranker)
        )
        count = plain.shape[1]
        best = torch.from_numpy(corrected).topk(count, dim=1).indices
        sorted_numbers = numbers.gather(1, best[..., None].expand(-1, -1, numbers.shape[2]))
        place = (best == torch.from_numpy(self.right)[:, None]).int().argmax(1, keepdim=True)
        norm = querybank_normalised(plain, of_bank, beta=BETA_OF_SIMILARITY)
        cheap = {
            name: ranks(scores, self.right)
            for name, scores in ((PLAIN, plain), (CORRECTED, corrected), (QB_NORM, norm))
        }
        sides = Sides(torch.from_numpy(self.said), torch.from_numpy(frames), best, similarity.deviation)
        lists = Lists(sorted_numbers, place, cheap, self.right, sides)
        return {QUERIES: lists.where(self.is_query), CAPTIONS: lists.where(~self.is_query)}

    def _of_best_frames(self, ranker: Ranker) -> tuple[Tensor, Tensor]:
        """Agreements (T, C, 3) and hub numbers (T, C) of each clip's best frames, averaged."""
        texts = ranker.scorer.words(*self.texts.states(np.arange(len(self.right))))
        regions = ranker.scorer.regions(self.cells)
        agreements = ranker.scorer.agreements(texts, regions)
        hubs = ranker.hubs(regions).expand(agreements.shape[:2])
        said = (ranker.scorer.logits(agreements) - hubs).view(len(agreements), -1, FRAMES)
        best = said.topk(BEST_FRAMES, dim=2).indices

        def averaged(numbers: Tensor) -> Tensor:
            """(T, 8 C, n) → (T, C, n)."""
            of_clips = numbers.view(*said.shape, -1)
            return of_clips.gather(2, best[..., None].expand(-1, -1, -1, of_clips.shape[3])).mean(2)

        return averaged(agreements), averaged(hubs)[..., 0]


def blended(rows: Matrix, frames: Matrix) -> Matrix:
    """(Q, C) similarities of texts (Q, D) to clips, whose frames (C, 8, D) are unit vectors."""
    blend = builtin_spec(FILES).blend
    best = np.sort(np.einsum("qd,cfd->qcf", rows, frames, optimize=True))[..., -BEST_FRAMES:].mean(-1)
    mean = rows @ _unit(frames.mean(axis=1)).T
    return np.asarray(blend * best + (1 - blend) * mean, np.float32)


@torch.inference_mode()
def _read(clips: Sequence[Clip], bases: Path) -> tuple[Tensor, Matrix]:
    """Cells and vectors of the frames of all clips."""
    tower = image_tower(FILES).eval()
    network = RegionCells()
    network.load_state_dict(load_file(bases))
    cells, vectors = [], []
    with new_worker() as worker:
        pictures = [centre_squares(frames_of(worker, clip.path), SIDE) for clip in clips]
    for squares in pictures:
        pixels = squares.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
        maps, classifier = tower.backbone.feature_maps(pixels), tower.backbone.classifier
        features = pooled(maps.last)
        seen = torch.cat([features, depths(cells_of(maps, squares))], dim=1)
        cells.append(network(maps, colour_shares(squares), classifier))
        vectors.append(F.normalize(tower.vectors(seen, classifier(features)), dim=-1))
    return torch.cat(cells), torch.cat(vectors).numpy()


def frames_of(worker: DecodeWorker, path: Path) -> list[NDArray[np.uint8]]:
    """Eight frames of a film, one of the middle of each of eight equal parts.

    Raises:
        MediaError: it is no film, or cannot be read.
    """
    info = worker.probe(path)
    if not isinstance(info, MediaInfo) or info.duration_seconds is None:
        raise DecodeError(f"{path} is no film whose length is known")
    frames: list[NDArray[np.uint8]] = []
    for place in range(FRAMES):
        seconds = (place + 0.5) * info.duration_seconds / FRAMES
        values = worker.moment(path, info, Sampling(), seconds)
        frames += [np.asarray(decoded(one.jpeg), np.uint8) for one in values if isinstance(one, SampledFrame)]
    return frames


def states_of(texts: Sequence[str]) -> CaptionStates:
    """What MiniLM makes of some texts."""
    parts = sorted(TextStates().of(texts), key=lambda part: part[0])
    first = np.cumsum([0, *(len(part[1]) for part in parts)])
    tokens = torch.cat([torch.stack([part[1], part[2]], 1) for part in parts])
    return CaptionStates(
        torch.stack([part[4] for part in parts]),
        torch.stack([part[3] for part in parts]),
        tokens.half().numpy(),
        first,
    )


def _unit(rows: Matrix) -> Matrix:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)
