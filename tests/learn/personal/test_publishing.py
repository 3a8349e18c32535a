"""A personal ranking appears whole, the one before it stays, and a kill at any step changes no search."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save

from mediaindex.errors import GeneratorUnavailable, NoSpace
from mediaindex.learn.personal import publishing
from mediaindex.learn.personal.cross_fitting import FOLDS
from mediaindex.learn.personal.publishing import TEXT_SIDES_BY_FOLD, fits_by_fold, publish
from mediaindex.search.ranking.generator_registry import decide, generator_named
from mediaindex.search.ranking.mixture import TEXT_SIDE, read_weights
from mediaindex.search.ranking.personal_selection import Selection, personal_lock, read_selection, swap
from mediaindex.search.ranking.reranker import load_reranker
from tests.support.personal_reports import DIGEST, SHIPPED, SPACE, fit, report


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with personal_lock(tmp_path):  # makes the folder
        pass
    return tmp_path


def published(root: Path, first: float = 2.0) -> Selection:
    return publish(root, SHIPPED, fit(first), report(), "A card.\n")


def folders(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "generators").iterdir() if path.is_dir())


def test_a_search_uses_what_was_published_and_its_card_lies_beside(root: Path) -> None:
    assert published(root) == Selection("tiny-personal-1", None)
    decision = decide(SPACE, root, None, "auto")
    assert decision.gate.on
    assert decision.preset == "linear"
    assert decision.generator is not None
    assert decision.generator.personal
    assert decision.generator.mixture is not None
    assert decision.generator.mixture.weights == (2.0, 1.0, 1.0, 1.0, 0.5)
    folder = root / "generators" / "tiny-personal-1"
    assert (folder / "README.md").read_text() == "A card.\n"
    assert folder.stat().st_mode & 0o077 == 0
    by_fold = fits_by_fold(folder)
    assert by_fold is not None
    for one, before in zip(by_fold, fit().by_fold, strict=True):
        np.testing.assert_array_equal(one.weights, before.weights)
        assert one.text_side is None


def test_the_one_before_stays_and_older_ones_go(root: Path) -> None:
    for number in (1, 2, 3):
        published(root, float(number))
    assert read_selection(root, DIGEST) == Selection("tiny-personal-3", "tiny-personal-2")
    assert folders(root) == ["tiny-personal-2", "tiny-personal-3"]
    swap(root, DIGEST)
    decision = decide(SPACE, root, None, "auto")
    assert decision.generator is not None
    assert decision.generator.name == "tiny-personal-2"


def test_after_going_back_to_none_the_next_one_has_none_before_it(root: Path) -> None:
    published(root)
    swap(root, DIGEST)
    assert decide(SPACE, root, None, "auto").generator is None
    assert published(root) == Selection("tiny-personal-2", None)
    assert folders(root) == ["tiny-personal-2"]


def test_a_preset_means_the_one_in_use_and_a_name_any(root: Path) -> None:
    published(root)
    assert generator_named(root, "linear", DIGEST).name == "tiny-personal-1"
    swap(root, DIGEST)
    with pytest.raises(GeneratorUnavailable, match="there is no generator linear"):
        generator_named(root, "linear", DIGEST)
    assert generator_named(root, "tiny-personal-1", DIGEST).library_videos == {1, 2}
    assert decide(replace(SPACE, digest="e" * 64), root, "linear", "auto").generator is None


def test_a_folder_of_the_user_is_left_alone(root: Path) -> None:
    for name in ("tiny-personal-notes", "mine", "tiny-personal-1.old"):
        (root / "generators" / name).mkdir()
    published(root)
    published(root)
    assert set(folders(root)) >= {"tiny-personal-notes", "mine", "tiny-personal-1.old"}


class _Killed(BaseException):
    pass


@pytest.mark.parametrize("step", ["mkdtemp", "rename", "select", "rmtree"])
def test_a_kill_at_any_step_leaves_what_was_or_what_is_to_be(
    root: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    published(root, 1.0)
    before = read_selection(root, DIGEST)

    def die(*_arguments: object, **_options: object) -> None:
        raise _Killed

    owner = {"mkdtemp": tempfile, "rename": os, "select": publishing, "rmtree": shutil}[step]
    published(root, 2.0)
    with monkeypatch.context() as killed:
        killed.setattr(owner, step, die)
        if step != "rmtree":  # nothing is tidied up by a process that is dead
            killed.setattr(shutil, "rmtree", lambda *_arguments, **_options: None)
        with pytest.raises(_Killed):
            published(root, 3.0)
    after = read_selection(root, DIGEST)
    expected = Selection("tiny-personal-2", before.current)
    assert after == (Selection("tiny-personal-3", "tiny-personal-2") if step == "rmtree" else expected)
    decision = decide(SPACE, root, None, "auto")
    assert decision.generator is not None
    assert decision.generator.name == after.current
    again = published(root, 4.0)
    assert again.previous == after.current
    assert set(folders(root)) == {again.current, again.previous}


def test_where_nothing_can_be_written_it_says_so_and_nothing_changes(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(root)

    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as without_room:
        without_room.setattr(os, "rename", full)
        with pytest.raises(
            NoSpace, match=r"tiny-personal-2 cannot be written: No space left on device; free"
        ):
            published(root)
    assert read_selection(root, DIGEST) == Selection("tiny-personal-1", None)
    assert folders(root) == ["tiny-personal-1"]


@pytest.mark.parametrize(
    "config", ["", "{}", '{"personal": {}}', '{"personal": {"by_fold": [[1, 2]]}}', '{"personal": 1}']
)
def test_a_folder_that_was_tampered_with_gives_no_weights(tmp_path: Path, config: str) -> None:
    (tmp_path / "config.json").write_text(config)
    assert fits_by_fold(tmp_path) is None
    assert fits_by_fold(tmp_path / "gone") is None
    assert len(fit().by_fold) == FOLDS


def last_layer(value: float = 0.5) -> dict[str, NDArray[np.float32]]:
    return {"words.weight.bias": np.full(1, value, np.float32), "log_sharpness": np.array(value, np.float32)}


def test_a_text_side_is_stored_and_read_again_bit_for_bit(root: Path) -> None:
    publish(root, SHIPPED, fit(text_side=last_layer()), report(), "A card.\n")
    folder = root / "generators" / "tiny-personal-1"
    decision = decide(SPACE, root, None, "auto")
    assert decision.generator is not None
    mixture = decision.generator.mixture
    assert mixture is not None
    assert mixture.text_side is not None
    stored = read_weights(folder / TEXT_SIDE, mixture.text_side)
    assert {name: values.tolist() for name, values in stored.items()} == {
        "words.weight.bias": [0.5],
        "log_sharpness": 0.5,
    }
    by_fold = fits_by_fold(folder)
    assert by_fold is not None
    assert by_fold[0].text_side is None
    assert by_fold[1].text_side is not None
    assert by_fold[1].text_side.keys() == stored.keys()
    assert folder.joinpath(TEXT_SIDE).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("damage", ["gone", "cut", "another", "empty"])
def test_a_damaged_text_side_is_one_sentence_and_the_next_training_does_without(
    root: Path, damage: str
) -> None:
    publish(root, SHIPPED, fit(text_side=last_layer()), report(), "A card.\n")
    folder = root / "generators" / "tiny-personal-1"
    for path in (folder / TEXT_SIDE, folder / TEXT_SIDES_BY_FOLD):
        content = path.read_bytes()
        path.unlink()
        if damage != "gone":
            path.write_bytes({"cut": content[:-3], "another": save(last_layer(0.25)), "empty": b""}[damage])
    decision = decide(SPACE, root, None, "auto")
    assert decision.generator is not None
    with pytest.raises(GeneratorUnavailable) as refused:
        load_reranker(decision.generator)
    reason = "No such file" if damage == "gone" else "it is not the file that config.json describes"
    assert str(refused.value).startswith(f"{folder / TEXT_SIDE}: {reason}")
    assert "\n" not in str(refused.value)
    assert fits_by_fold(folder) is None


def test_a_text_side_of_another_scorer_is_passed_over_with_a_sentence(root: Path) -> None:
    publish(root, SHIPPED, fit(text_side=last_layer()), report(), "A card.\n")
    decision = decide(replace(SPACE, scorer="a newer scorer"), root, "linear", "auto")
    assert not decision.gate.on
    assert "tiny-personal-1 was trained on another scorer's evidence; 'mediaindex train'" in (
        decision.gate.reason
    )
