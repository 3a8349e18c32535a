"""The model card of a personal ranking: what it was trained on, its weights, figures and gate."""

from __future__ import annotations

from mediaindex.learn.personal.model_card import personal_card
from tests.support.personal_reports import report


def test_it_says_what_was_trained_on_and_what_it_gains() -> None:
    card = personal_card(report())
    assert card.startswith("# A personal ranking for tiny\n")
    assert "of 60 captions of 30 videos,\n2 marked queries and 3 picks" in card
    assert "held to the shipped ones as by 30 captions" in card
    assert "| similarity | 1.000 | 2.000 |" in card
    assert "| personal | 60 | 1.50 [-1.00, 4.00] |" in card
    assert "| personal less instant | 60 | +1.50 [-1.00, +4.00] |" in card
    assert "on: proven on your 60 captions: MRR +9.00 [+4.00, +14.00]." in card
    assert max(map(len, card.splitlines())) < 200


def test_of_an_infinite_strength_it_says_that_the_order_is_the_shipped_one() -> None:
    assert "in the shipped order" in personal_card({**report(), "strength": None})


def test_names_of_a_stranger_steer_no_terminal() -> None:
    assert "\x1b" not in personal_card({**report(), "encoder": "a\x1b[2Jb"})
