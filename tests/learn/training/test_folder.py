"""The folder of a training: kept while it runs, gone when it is finished."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors import SafetensorError

from mediaindex.errors import NoSpace, UsageError, WriterBusy
from mediaindex.learn.training.folder import TrainingFolder, writing


def test_a_finished_training_leaves_its_curves_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with TrainingFolder(out, resume=False) as folder:
        folder.state.write_bytes(b"state")
        folder.curves.mkdir()
        (folder.curves / "events").touch()
        out.mkdir()
        folder.finish()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (out / "tensorboard" / "events").is_file()


def test_what_somebody_else_put_there_stays(tmp_path: Path) -> None:
    with TrainingFolder(tmp_path / "out", resume=False) as folder:
        (folder.partial / "notes.txt").write_text("mine")
        folder.state.write_bytes(b"state")
        folder.finish()
    assert [path.name for path in (tmp_path / "out.partial").iterdir()] == ["notes.txt"]


def test_a_kept_run_is_gone_on_with_only_where_that_was_said(tmp_path: Path) -> None:
    with TrainingFolder(tmp_path / "out", resume=False) as folder:
        folder.state.write_bytes(b"state")
    with (
        pytest.raises(UsageError, match="go on with --resume"),
        TrainingFolder(tmp_path / "out", resume=False),
    ):
        pass
    with TrainingFolder(tmp_path / "out", resume=True) as folder:
        assert folder.state.read_bytes() == b"state"


def test_two_trainings_of_one_folder_do_not_run_at_once(tmp_path: Path) -> None:
    with (
        TrainingFolder(tmp_path / "out", resume=False),
        pytest.raises(WriterBusy),
        TrainingFolder(tmp_path / "out", resume=False),
    ):
        pass


def test_a_folder_that_exists_is_refused_and_what_is_left_beside_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(UsageError, match=r"remove it first$"), TrainingFolder(tmp_path / "out", resume=True):
        pass
    (tmp_path / "out.partial").mkdir()
    with (
        pytest.raises(UsageError, match=r"out\.partial is left of its making, and can be removed"),
        TrainingFolder(tmp_path / "out", resume=True),
    ):
        pass


def test_a_batch_is_named_one_caption_a_line(tmp_path: Path) -> None:
    with TrainingFolder(tmp_path / "out", resume=False) as folder:
        path = folder.name_batch(("a.jpg: one", "b.jpg: zwei é"))
    assert path.read_text(encoding="utf-8") == "a.jpg: one\nb.jpg: zwei é\n"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), SafetensorError("No space left")])
def test_a_failed_write_has_one_line_and_a_remedy(tmp_path: Path, error: Exception) -> None:
    reason = r"out cannot be written: No space left.*; free space or"
    with pytest.raises(NoSpace, match=reason) as caught, writing(tmp_path / "out"):
        raise error
    assert caught.value.__cause__ is error
    assert "\n" not in str(caught.value)
