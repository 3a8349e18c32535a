"""A clip's video by its name anywhere below the folder; none or several are named."""

from __future__ import annotations

from pathlib import Path

from mediaindex.learn.benchmarks.annotation_split import BenchmarkClip
from mediaindex.learn.benchmarks.video_files import LeftOut, media_of, without_features


def test_videos_are_found_by_stem_or_by_another_name(tmp_path: Path) -> None:
    for name in ("a.mp4", "deep/b.webm", "c.mov.mp4", "d.mp4", "deep/d.avi"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    clips = [
        BenchmarkClip("a", ("one", "one")),
        BenchmarkClip("v_b", ("two",), 5.0, names=("b",)),
        BenchmarkClip("c", ("three",), names=("c.mov",)),
        BenchmarkClip("d", ("four",)),
        BenchmarkClip("e", ("five",)),
    ]
    media, left_out = media_of(clips, tmp_path, "test", benchmark="some")
    assert [(item.path.name, item.name, item.group) for item in media] == [
        ("a.mp4", "a", "a"), ("b.webm", "v_b", "v_b"), ("c.mov.mp4", "c", "c"),
    ]  # fmt: skip
    (clip,) = media[0].clips
    assert [caption.text for caption in clip.captions] == ["one", "one"]
    assert {caption.source for caption in clip.captions} == {"some"}
    assert media[1].clips[0].end_seconds == 5.0
    doubled = f"{tmp_path / 'd.mp4'} and {tmp_path / 'deep/d.avi'} are both its video"
    assert left_out == [LeftOut("d", doubled), LeftOut("e", "no video of this name")]
    unread = without_features(media, ["a"], {str(media[1].path): "it is no film"})
    assert unread == [LeftOut("v_b", "it is no film"), LeftOut("c", "its video could not be read")]
