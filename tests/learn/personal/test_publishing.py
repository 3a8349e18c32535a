"""A personal ranking appears whole, the one before it stays, and a kill at any step changes no search."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mediaindex.errors import GeneratorUnavailable, NoSpace
from mediaindex.learn.personal import publishing
from mediaindex.learn.personal.cross_fitting import FOLDS
from mediaindex.learn.personal.publishing import publish, weights_by_fold
from mediaindex.search.ranking.generator_registry import decide, generator_named
from mediaindex.search.ranking.personal_selection import Selection, personal_lock, read_selection, swap
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
    weights = weights_by_fold(folder)
    assert weights is not None
    np.testing.assert_array_equal(weights, fit().by_fold)


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
    assert weights_by_fold(tmp_path) is None
    assert weights_by_fold(tmp_path / "gone") is None
    assert fit().by_fold.shape == (FOLDS, 5)
