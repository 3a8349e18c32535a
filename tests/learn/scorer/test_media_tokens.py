"""Cells of frames and states of captions, of the media that features name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mediaindex.embed.families.token_states import TokenStates
from mediaindex.learn.scorer import media_tokens
from mediaindex.learn.scorer.media_tokens import FRAMES, fitted_bases, media_of, read_tokens
from mediaindex.learn.training.data import of_clips
from mediaindex_models.patch_cells import patches_in_cells
from tests.support.films import film
from tests.support.pictured import DECODING, Study


def test_every_clip_has_its_cells_and_captions(made: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_tokens, "BASIS_FRAMES", 50)
    told: list[tuple[int, int]] = []
    with TokenStates(made.encoder) as tokens:
        found, skipped = read_tokens(
            made.features,
            made.pictures,
            tokens,
            DECODING,
            progress=lambda done, all_: told.append((done, all_)),
        )
    assert skipped == []
    assert found is not None
    count = len(made.features.paths)
    assert told[-1] == (count, count)
    assert found.clips.tolist() == list(range(count))
    assert found.cells.shape == (count, 16, sum(min(64, width) for width in media_tokens.WIDTHS))
    assert [len(own) for own in found.captions_of] == [2] * count
    assert [made.features.captions[row] for row in found.captions[found.captions_of[7]]] == list(
        made.features.captions[14:16]
    )
    torch.testing.assert_close(found.pictures.norm(dim=1), torch.ones(count))
    states, mask = found.states(np.array([0, 3]))
    assert mask.sum(1).tolist() == made.encoder.token_counts([made.features.captions[row] for row in (0, 3)])
    assert states.mean.shape == (2, 32)
    assert found.cells_at(np.array([4, 5])).shape == (2, 16, found.cells.shape[2])
    some = found.some(np.array([3, 7]))
    assert some.clips.tolist() == [3, 7]
    assert [some.captions[own].tolist() for own in some.captions_of] == [[6, 7], [14, 15]]
    np.testing.assert_array_equal(some.cells[some.first[1] : some.first[2]], found.cells[7:8])
    torch.testing.assert_close(some.said, found.said[[6, 7, 14, 15]])
    np.testing.assert_array_equal(some.texts.of_text(3)[0], found.texts.of_text(15)[0])


def test_what_is_missing_or_lies_outside_is_named(made: Study, tmp_path: Path) -> None:
    names = list(made.features.paths)
    names[0], names[1] = "gone.png", "../../etc/passwd"
    renamed = replace(made.features, paths=tuple(names))
    media, skipped = media_of(renamed, made.pictures)
    assert len(media) == len(names) - 2
    assert [row.reason for row in skipped] == ["there is no such file", f"it lies outside of {made.pictures}"]
    with TokenStates(made.encoder) as tokens:
        found, left_out = read_tokens(renamed, tmp_path, tokens, DECODING)
    assert found is None
    assert len(left_out) == len(names)


def test_a_stretch_of_a_film_has_frames_of_its_own(made: Study, tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", *[(colour, 2.0) for colour in ("red", "blue", "green", "white", "black")])
    one = of_clips(made.features, np.arange(len(made.features.paths)) < 2)
    spans = np.array([[0.0, np.nan], [2.0, 4.0]])
    clips = replace(one, paths=("a.mp4", "a.mp4"), spans=spans)
    with TokenStates(made.encoder) as tokens:
        found, skipped = read_tokens(clips, tmp_path, tokens, DECODING)
    assert skipped == []
    assert found is not None
    lengths = np.diff(found.first)
    assert lengths[0] == FRAMES
    assert 1 <= lengths[1] < FRAMES
    drawn = torch.stack([found.cells_at(np.array([0]))[0] for _ in range(30)])
    assert len(torch.unique(drawn, dim=0)) > 1, "any of its frames"


def test_bases_are_those_of_the_cells_of_each_depth() -> None:
    torch.manual_seed(0)
    tokens = [torch.randn(40, 16, width) + 2 for width in (8, 70, 200)]
    bases = fitted_bases([[depth[row].half().numpy() for depth in tokens] for row in range(40)])
    cells = bases(tokens)
    assert cells.shape == (40, 16, 8 + 70 + 160)
    assert float(cells.mean((0, 1)).abs().max()) < 0.02
    for part in torch.split(cells, [8, 70, 160], dim=-1):
        assert float(part.square().mean()) == pytest.approx(1.0, abs=0.05)
    torch.testing.assert_close(patches_in_cells(tokens[0]), tokens[0])
