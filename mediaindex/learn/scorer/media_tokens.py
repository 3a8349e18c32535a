"""The media that feature files name → cells of their frames and states of their captions, for a scorer.

Media are decoded again, since features keep vectors alone; a frame then costs one more pass of the image
tower. The bases of the cells are fitted to the first media, in an order that their names give by chance.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mediaindex.embed.families.token_states import TokenStates
from mediaindex.embed.inputs import picture
from mediaindex.ingest.pools.file_reading import Decoding
from mediaindex.learn.features.caption_tables import SkippedInput
from mediaindex.learn.features.captioned_media import CaptionedClip, CaptionedMedia
from mediaindex.learn.features.clip_frames import ClipFrames, clip_frames
from mediaindex.learn.features.feature_set import Features
from mediaindex.learn.scorer.caption_states import CaptionStates
from mediaindex.search.channels.similarity import unit
from mediaindex_models.minilm import SentenceStates
from mediaindex_models.patch_cells import PatchCells
from mediaindex_models.principal_basis import principal_basis

FRAMES = 3
"""Of a clip, evenly spread."""
CAPTIONS = 3
"""Of a clip, the first."""
WIDTHS = (48, 96, 160)
"""Numbers of a cell of each depth, the shallow one first; fewer where the tower is narrower."""
BASIS_FRAMES = 1500
"""To so many frames the bases are fitted."""

Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class CaptionedTokens:
    """Frames of N clips as cells, and C captions of these clips as states.

    Attributes:
        bases: of the cells. cells: (P, 16, cell) float16 of all frames, those of a clip one behind the other.
        clips: (N,) places in the features. first: (N + 1,) rows of the first frame of each.
        captions: (C,) rows of the features' captions, ascending. texts: their states.
        captions_of: of each clip, places among the C.
        pictures: (N, D) and said: (C, D), unit vectors of the encoder; a clip has its mean frame.
    """

    bases: PatchCells
    cells: NDArray[np.float16]
    clips: Places
    first: Places
    captions: Places
    texts: CaptionStates
    captions_of: Sequence[Places]
    pictures: Tensor
    said: Tensor

    def some(self, places: Places) -> CaptionedTokens:
        """The same with some of the clips.

        Args:
            places: among the N, ascending.
        """
        bounds, chosen = self.first.tolist(), places.tolist()
        frames = [np.arange(bounds[place], bounds[place + 1]) for place in chosen]
        own = [self.captions_of[place] for place in chosen]
        rows = np.concatenate(own)
        behind = np.cumsum([len(captions) for captions in own])
        return CaptionedTokens(
            self.bases,
            self.cells[np.concatenate(frames)],
            self.clips[places],
            np.cumsum([0, *map(len, frames)]).astype(np.intp),
            self.captions[rows],
            self.texts.some(rows),
            [np.arange(end - len(captions), end) for end, captions in zip(behind, own, strict=True)],
            self.pictures[torch.from_numpy(places)],
            self.said[torch.from_numpy(rows)],
        )

    def cells_at(self, places: Places) -> Tensor:
        """(B, 16, cell) float32 of one frame of each of some clips, drawn by torch's random numbers."""
        counts = self.first[places + 1] - self.first[places]
        drawn = (torch.rand(len(places)).numpy() * counts).astype(np.intp)
        return self.cells_of_frames(self.first[places] + np.minimum(drawn, counts - 1))

    def cells_of_frames(self, rows: Places) -> Tensor:
        """(B, 16, cell) float32."""
        return torch.from_numpy(self.cells[rows]).float()

    def states(self, captions: Places) -> tuple[SentenceStates, Tensor]:
        """States of some captions, padded, and their mask (B, T) bool."""
        return self.texts.states(captions)

    def meant(self, captions: Places) -> Tensor:
        """(B, D) unit: the encoder's own vectors."""
        return self.said[captions]


def read_tokens(
    features: Features,
    folder: Path,
    tokens: TokenStates,
    decoding: Decoding,
    *,
    bases: PatchCells | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[CaptionedTokens | None, list[SkippedInput]]:
    """The tokens of the clips of some features, None where no media could be read; and what was left out.

    Args:
        folder: to which the names in the features are relative; what lies outside of it is left out.
        bases: of the cells; None fits them. progress: called with the media that are done, and all of them.
    """
    media, skipped = media_of(features, folder)
    order = sorted(
        media, key=lambda item: hashlib.blake2b(item.name.encode("utf-8", "surrogateescape")).digest()
    )
    places = {name: number for number, name in enumerate(_clip_names(features))}
    raw: list[tuple[int, list[NDArray[np.float16]]]] = []
    kept: list[tuple[int, NDArray[np.float16]]] = []

    def settle() -> PatchCells:
        made = fitted_bases([cells for _place, cells in raw]) if bases is None else bases
        kept.extend((place, _in_basis(made, cells)) for place, cells in raw)
        raw.clear()
        return made

    for done, item in enumerate(clip_frames(order, decoding)):
        progress(done, len(order))
        if isinstance(item, SkippedInput):
            skipped.append(item)
            continue
        skipped += item.skipped
        raw += _cells(item, tokens, places)
        if bases is None and len(raw) >= BASIS_FRAMES:
            bases = settle()
        elif bases is not None:
            settle()
    progress(len(order), len(order))
    if not raw and not kept:
        return None, skipped
    bases = settle() if raw or bases is None else bases
    return _captioned(features, bases, sorted(kept, key=lambda one: one[0]), tokens), skipped


def media_of(features: Features, folder: Path) -> tuple[list[CaptionedMedia], list[SkippedInput]]:
    """The media files that features name, each with its clips, and those that are not there."""
    clips: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(features.paths):
        clips[name].append(place)
    found, skipped = [], []
    inside = folder.resolve()
    for name, places in clips.items():
        path = folder / name
        if not path.resolve().is_relative_to(inside):
            skipped.append(SkippedInput(str(path), f"it lies outside of {folder}"))
        elif not path.is_file():
            skipped.append(SkippedInput(str(path), "there is no such file"))
        else:
            own = tuple(CaptionedClip(*_span(features, place), ()) for place in places)
            split = features.splits[places[0]]
            group = features.groups[places[0]]
            found.append(CaptionedMedia(path, name, "", group, split, own))  # type: ignore[arg-type]
    return found, skipped


def fitted_bases(frames: Sequence[Sequence[NDArray[np.float16]]]) -> PatchCells:
    """The bases for frames whose cells of each depth are given, (16, D) each."""
    state, widths, offsets = {}, [], []
    for depth, columns in enumerate(zip(*frames, strict=True)):
        cells = torch.from_numpy(np.concatenate(columns)).double()
        width = min(WIDTHS[depth], cells.shape[1])
        basis, offset = principal_basis(cells, width)
        widths.append((cells.shape[1], width))
        state[f"basis_{depth}"] = basis.float()
        offsets.append(offset.float())
    bases = PatchCells(widths)
    bases.load_state_dict(state | {"offset": torch.cat(offsets)})
    return bases


def _cells(
    item: ClipFrames, tokens: TokenStates, places: dict[tuple[str, float | None, float | None], int]
) -> list[tuple[int, list[NDArray[np.float16]]]]:
    """(clip, its cells of each depth (16, D)) of at most `FRAMES` frames of each clip of a file."""
    chosen = []
    for clip, indices in item.clips:
        place = places[item.media.name, clip.start_seconds, clip.end_seconds]
        spread = np.unique(np.linspace(0, len(indices) - 1, min(FRAMES, len(indices))).round().astype(int))
        chosen += [(place, indices[number]) for number in spread]
    if not chosen:
        return []
    of_frame = {index: number for number, index in enumerate(dict.fromkeys(index for _clip, index in chosen))}
    depths = [
        depth.half().numpy() for depth in tokens.cells([picture(item.jpegs[index]) for index in of_frame])
    ]
    return [(place, [depth[of_frame[index]] for depth in depths]) for place, index in chosen]


def _in_basis(bases: PatchCells, cells: Sequence[NDArray[np.float16]]) -> NDArray[np.float16]:
    """(16, cell) of one frame. Cells are a grid of 4×4 patches themselves, so that their means are they."""
    with torch.inference_mode():
        given: NDArray[np.float16] = (
            bases([torch.from_numpy(depth).float()[None] for depth in cells])[0].half().numpy()
        )
    return given


def _captioned(
    features: Features,
    bases: PatchCells,
    kept: Sequence[tuple[int, NDArray[np.float16]]],
    tokens: TokenStates,
) -> CaptionedTokens:
    clips, first = np.unique([place for place, _cells in kept], return_index=True)
    captions, captions_of = _captions(features, clips.tolist())
    pieces = tokens.states([features.captions[row] for row in captions])
    means = [torch.stack([states[depth].mean(0) for states in pieces]) for depth in (1, 0)]
    lengths = [len(states[0]) for states in pieces]
    texts = CaptionStates(
        means[0],
        means[1],
        np.concatenate([torch.stack(states, dim=1).half().numpy() for states in pieces]),
        np.concatenate([[0], np.cumsum(lengths)]),
    )
    frames = unit(features.frames.astype(np.float32)) * features.mask[..., None]
    pictures = unit(frames.sum(axis=1))[clips]
    return CaptionedTokens(
        bases,
        np.stack([cells for _place, cells in kept]),
        clips.astype(np.intp),
        np.append(first, len(kept)).astype(np.intp),
        captions,
        texts,
        captions_of,
        torch.from_numpy(pictures),
        torch.from_numpy(unit(features.text[captions].astype(np.float32))),
    )


def _captions(features: Features, clips: Sequence[int]) -> tuple[Places, list[Places]]:
    """Rows of the first captions of some clips, and of each clip their places among these."""
    rows: list[int] = []
    of: list[Places] = []
    for clip in clips:
        first, behind = np.searchsorted(features.clip, [clip, clip + 1])
        own = range(int(first), min(int(behind), int(first) + CAPTIONS))
        of.append(np.arange(len(rows), len(rows) + len(own)))
        rows += own
    return np.array(rows, np.intp), of


def _clip_names(features: Features) -> Iterator[tuple[str, float | None, float | None]]:
    for place, name in enumerate(features.paths):
        yield (name, *_span(features, place))


def _span(features: Features, place: int) -> tuple[float | None, float | None]:
    start, end = (None if math.isnan(bound) else float(bound) for bound in features.spans[place].tolist())
    return start, end
