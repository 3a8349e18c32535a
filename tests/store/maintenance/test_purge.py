"""What the program wrote is known by name and place; everything else stays, and is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.errors import NoSpace
from mediaindex.store.maintenance import purge

OURS = (
    "frames/ab/abc.mif",
    "frames/half.tmp",
    "vectors/space_1.lance/data/a.lance",
    "matrix/space_1.json",
    "thumbnails/abc-0.jpg",
    "logs/mediaindex.log.1",
    "before-restore-2020/frames/ab/old.mif",
    ".restoring-x/library.sqlite",
    "lock",
    "keep",
    "library.sqlite-wal",
    "library.sqlite",
)
FOREIGN = (
    "notes.txt",
    "frames/ab/holiday.mp4",
    "frames/readme.md",
    "thumbnails/deep/a.jpg",
    "logs/other.log",
)


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"123")
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "library"
    for name in (*OURS, *FOREIGN):
        put(made / name)
    return made


def test_every_file_is_either_the_programs_or_kept(root: Path) -> None:
    traces, kept = purge.of_library(root)
    assert {path for trace in traces for path in trace.files} == {root / name for name in OURS}
    assert {item.path for item in kept} == {root / name for name in FOREIGN}
    assert all(item.reason == "was not written by mediaindex" for item in kept)
    assert sum(trace.bytes for trace in traces) == 3 * len(OURS)
    assert traces[-1].path == root / "library.sqlite", "the catalog goes last"


def test_what_is_removed_leaves_the_foreign_with_their_folders(root: Path) -> None:
    traces, _kept = purge.of_library(root)
    purge.remove(traces)
    assert {path for path in root.rglob("*") if path.is_file()} == {root / name for name in FOREIGN}
    assert not (root / "vectors").exists()
    assert (root / "thumbnails/deep").is_dir()


def test_a_folder_without_a_catalog_is_no_library(root: Path) -> None:
    (root / "library.sqlite").unlink()
    assert purge.of_library(root) == ([], [])


def test_no_link_is_followed(root: Path, tmp_path: Path) -> None:
    outside = put(tmp_path / "outside/ab/abc.mif")
    (root / "frames/link").symlink_to(outside.parent)
    (root / "encoders").symlink_to(outside.parent.parent)
    traces, kept = purge.of_library(root)
    assert {root / "frames/link", root / "encoders"} <= {item.path for item in kept}
    purge.remove(traces)
    assert outside.exists()
    assert (root / "frames/link").is_symlink()


def test_thumbnails_elsewhere_are_known_by_name(tmp_path: Path) -> None:
    assert purge.of_thumbnails(tmp_path / "nowhere") == ([], [])
    ours = put(tmp_path / "thumbnails/abc-0.jpg")
    foreign = put(tmp_path / "thumbnails/abc.png")
    (trace,), (kept,) = purge.of_thumbnails(tmp_path / "thumbnails")
    assert (trace.files, kept.path) == ((ours,), foreign)


def test_one_file_is_a_trace_where_it_is_a_file(tmp_path: Path) -> None:
    path = put(tmp_path / "config.toml")
    assert [(trace.path, trace.bytes) for trace in purge.of_file(path, "settings")] == [(path, 3)]
    (tmp_path / "link").symlink_to(path)
    assert purge.of_file(tmp_path / "link", "settings") == []
    assert purge.of_file(tmp_path / "none", "settings") == []


def test_what_cannot_be_removed_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    traces, _kept = purge.of_library(root)

    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(NoSpace, match="cannot be removed: Permission denied"):
        purge.remove(traces)
    assert (root / "library.sqlite").exists()


def test_the_hubs_cache_is_named_and_never_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert purge.hub_cache() == []
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    (tmp_path / "hub").mkdir()
    assert [item.path for item in purge.hub_cache()] == [tmp_path / "hub"]
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert [item.path for item in purge.hub_cache()] == [tmp_path]
