"""Captioned clips: what fits together, how they are drawn, what a fingerprint tells."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mediaindex_models.pairs import Pairs
from tests.support.list_features import FRAMES, WIDTH, learnable_pairs
from tests.support.training_runs import small_matcher


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"text": torch.zeros(48, WIDTH + 1)}, "text has the shape"),
        ({"mask": torch.zeros(24, FRAMES + 1, dtype=torch.bool)}, "mask has the shape"),
        ({"evidence": torch.zeros(23, FRAMES, 2)}, "evidence has the shape"),
        ({"clip": torch.zeros(48, dtype=torch.long)}, "every clip has a caption"),
        ({"names": ("one",)}, "1 names for 48 captions"),
        ({"text": torch.zeros(48, WIDTH, dtype=torch.float16)}, "text is of torch.float32"),
        ({"mask": torch.ones(24, FRAMES)}, "mask is of torch.bool"),
        ({"clip": torch.zeros(48)}, "clip is of torch.int64"),
        ({"clip": torch.arange(48) // 2 - 1}, "numbered from 0"),
        ({"words": torch.zeros(48, 3, WIDTH)}, "with their mask"),
        ({"clip_hubness": torch.full((24,), torch.nan)}, "NaN"),
        ({"text": torch.zeros(0, WIDTH)}, "no pair"),
    ],
)
def test_pairs_that_do_not_fit_are_refused(changes: dict[str, object], message: str) -> None:
    held = learnable_pairs()
    fields = {name: getattr(held, name) for name in ("text", "clip", "frames", "mask", "evidence", "names")}
    with pytest.raises(ValueError, match=message):
        Pairs(**{**fields, **changes})


def test_features_that_are_no_numbers_are_named() -> None:
    held = learnable_pairs()
    held.frames[3, 1, 0] = torch.nan
    with pytest.raises(
        ValueError, match="of 2 pairs hold a NaN or an infinity: clip 3 caption 6, clip 3 caption 7"
    ):
        Pairs(held.text, held.clip, held.frames, held.mask, names=held.names)


def test_a_fingerprint_is_of_all_features_and_not_of_names() -> None:
    held = learnable_pairs()
    fields = {name: getattr(held, name) for name in ("text", "clip", "frames", "mask", "evidence")}
    assert Pairs(**fields).fingerprint == held.fingerprint
    changed: list[dict[str, Tensor | None]] = [
        {"frames": 2.0 * held.frames},
        {"mask": torch.ones_like(held.mask)},
        {"evidence": None},
    ]
    others = {Pairs(**{**fields, **change}).fingerprint for change in changed}
    assert len(others | {held.fingerprint}) == 4


def test_drawn_captions_are_of_different_clips() -> None:
    pairs, random = learnable_pairs(), torch.Generator().manual_seed(0)
    seen = set()
    for _ in range(30):
        drawn = pairs.draw(10, random)
        assert len(set(pairs.clip[drawn].tolist())) == 10
        seen |= set(drawn.tolist())
    assert seen == set(range(len(pairs)))
    with pytest.raises(ValueError, match="25 different clips"):
        pairs.draw(25, random)


def test_a_first_stage_changes_the_frames_alone() -> None:
    held, first_stage = learnable_pairs(), small_matcher().eval()
    through = held.through(first_stage, rows=5)
    with torch.no_grad():
        expected = first_stage.temporal(held.frames, held.mask)
    torch.testing.assert_close(through.frames, expected)
    for name in ("text", "clip", "mask", "evidence"):
        assert torch.equal(getattr(through, name), getattr(held, name))
    assert through.names == held.names
