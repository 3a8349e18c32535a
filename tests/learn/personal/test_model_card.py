"""The model card of a personal ranking: what it was trained on, its weights, figures and gate."""

from __future__ import annotations

from mediaindex.learn.personal.model_card import personal_card
from tests.support.personal_reports import report


def test_it_says_what_was_trained_on_and_what_it_gains() -> None:
    card = personal_card(report())
    assert card.startswith("# A personal ranking for tiny\n")
    assert "of 60 captions of 30 videos,\n2 marked queries and 3 picks" in card
    assert "Five weights, held to the shipped ones as by 30 captions, made by" in card
    assert "No photographs of a training are known for tiny: what ships is kept by the prior alone." in card
    assert "error (0.125), above the least was taken." in card
    assert "| weights | 30 |  | 1.5 |" in card
    assert "| last layers |  | 40 | stopped before |" in card
    assert "| similarity | 1.000 | 2.000 |" in card
    assert "| personal | 60 | 1.50 [-1.00, 4.00] |" in card
    assert "| personal less instant | 60 | +1.50 [-1.00, +4.00] |" in card
    assert "on: proven on your 60 captions: MRR +9.00 [+4.00, +14.00]." in card
    assert max(map(len, card.splitlines())) < 200


def test_of_an_infinite_strength_it_says_that_the_order_is_the_shipped_one() -> None:
    assert "in the shipped order" in personal_card({**report(), "level": "shipped", "strength": None})


def test_it_names_the_layers_that_were_trained_and_the_photographs_that_were_rehearsed() -> None:
    rehearsed = {"photographs": 250, "photograph_loss": 1.25, "shipped_photograph_loss": 1.2}
    card = personal_card({**report(), **rehearsed, "level": "last layers", "steps": 20})
    assert (
        "Five weights and the last layers of the scorer's text side, 20 steps from the shipped ones" in card
    )
    assert (
        "250 photographs of the shipped training, which a text side rehearses: their loss is 1.250, by the"
        in card
    )
    assert "the whole text side" in personal_card({**report(), "level": "text side", "steps": 5})


def test_names_of_a_stranger_steer_no_terminal() -> None:
    assert "\x1b" not in personal_card({**report(), "encoder": "a\x1b[2Jb"})
