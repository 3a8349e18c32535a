from __future__ import annotations

from pathlib import Path

from mediaindex_tui.counting import SAMPLE, Count, count_videos


def test_videos_are_counted_by_name(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / ".trash").mkdir()
    for name in ("a/one.mp4", "a/b/two.MOV", "a/b/three.txt", ".trash/four.mp4"):
        (tmp_path / name).write_bytes(b"x" * 10)
    (tmp_path / "gone.mkv").symlink_to("nowhere")
    told: list[Count] = []
    count_videos(tmp_path, told.append, lambda: True)
    assert (told[-1].videos, told[-1].is_complete) == (3, True)
    assert told[-1].size >= 20
    assert {Path(one).name for one in told[-1].sample} == {"one.mp4", "two.MOV", "gone.mkv"}


def test_a_sample_is_of_all_and_no_larger_than_it_may_be(tmp_path: Path) -> None:
    for number in range(5 * SAMPLE):
        (tmp_path / f"{number}.mp4").touch()
    told: list[Count] = []
    count_videos(tmp_path, told.append, lambda: True)
    sample = told[-1].sample
    assert len(set(sample)) == len(sample) == SAMPLE
    assert all(Path(one).parent == tmp_path for one in sample)


def test_counting_ends_when_nobody_wants_it(tmp_path: Path) -> None:
    told: list[Count] = []
    count_videos(tmp_path, told.append, lambda: False)
    assert told == []


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    told: list[Count] = []
    count_videos(tmp_path / "nowhere", told.append, lambda: True)
    assert told[0].problem == "there is no such folder"
