"""A gallery of pairs: its rankings in both directions."""

from __future__ import annotations

import pytest
import torch

from mediaindex_models.denoiser import DIRECTIONS, Direction
from mediaindex_models.gallery import Gallery
from mediaindex_models.mining import MinedLists
from mediaindex_models.pairs import Pairs
from tests.support.list_features import WIDTH, learnable_pairs
from tests.support.training_runs import small_matcher


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_hubs_stand_back_in_the_base_ranking(direction: Direction) -> None:
    held = learnable_pairs()
    clip_hubness, text_hubness = torch.rand(24), torch.rand(48)
    plain = held.gallery(torch.arange(0, 48, 2))
    fields = (held.text, held.clip, held.frames, held.mask, held.evidence)
    corrected: Gallery = Pairs(*fields, clip_hubness=clip_hubness, text_hubness=text_hubness).gallery(
        torch.arange(0, 48, 2)
    )
    expected = clip_hubness if direction == "t2v" else text_hubness[::2]
    difference = plain.blended(direction, 5) - corrected.blended(direction, 5)
    torch.testing.assert_close(difference, expected.expand(5, 24))


def test_words_go_to_the_first_stage() -> None:
    held, words = learnable_pairs(), torch.randn(48, 7, WIDTH)
    word_mask = torch.arange(7).expand(48, 7) < 4
    pairs = Pairs(held.text, held.clip, held.frames, held.mask, words=words, word_mask=word_mask)
    gallery = pairs.gallery(torch.tensor([5, 9]))
    assert torch.equal(gallery.words, words[[5, 9]])
    net = small_matcher()
    forwards, backwards = (gallery.through(net).matched(direction, 2, net) for direction in DIRECTIONS)
    torch.testing.assert_close(forwards, backwards.T)
    expected = net(words[[5, 9]], held.frames[[2, 4]], word_mask[[5, 9]], held.mask[[2, 4]])
    torch.testing.assert_close(forwards, expected)
    assert pairs.name(5) == "5"


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_mined_lists_hold_the_candidates_and_their_scores(direction: Direction) -> None:
    gallery = learnable_pairs().gallery(torch.arange(0, 48, 2))
    score = gallery.blended(direction, 2)
    mined = MinedLists(torch.tensor([[3, 0, 7], [1, 5, 2]]), torch.tensor([1, 0]))
    lists = gallery.lists(direction, mined, score).expand_gallery()
    assert torch.equal(lists.score[1], score[1, [1, 5, 2]])
    if direction == "t2v":
        assert torch.equal(lists.text, gallery.text[:2])
        assert torch.equal(lists.video[0], gallery.video[[3, 0, 7]])
    else:
        assert torch.equal(lists.video, gallery.video[:2])
        assert torch.equal(lists.text[0], gallery.text[[3, 0, 7]])
