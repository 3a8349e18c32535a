from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from mediaindex.media import CloudPlaceholder, FileEvent, UnreadablePath
from mediaindex.sources import scan as scan_module
from mediaindex.sources.ignore_file import IGNORE_FILE
from mediaindex.sources.rules import Rules
from mediaindex.sources.scan import is_dataless, scan
from tests.support.spelling import IgnoringCase
from tests.support.unreadable import closed

FTYP = b"\0\0\0\x18ftypisom" + bytes(24)
TRANSPORT_STREAM = (b"\x47" + bytes(187)) * 20


def put(path: Path, content: bytes = FTYP) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


class Notes:
    def __init__(self) -> None:
        self.unreadable: list[tuple[str, str]] = []
        self.placeholders: list[str] = []

    def names(self, root: Path, *more: Path, exclude: tuple[str, ...] = ()) -> list[str]:
        """The paths that a scan yields, from `root` on."""
        seen = list(scan([root, *more], rules=Rules(exclude=exclude)))
        self.unreadable += [(it.path.name, it.reason) for it in seen if isinstance(it, UnreadablePath)]
        self.placeholders += [it.path.name for it in seen if isinstance(it, CloudPlaceholder)]
        return [os.path.relpath(it.path, root) for it in seen if isinstance(it, FileEvent)]


@pytest.fixture
def notes() -> Notes:
    return Notes()


def test_films_are_found_in_the_order_of_names_with_size_and_time(tmp_path: Path) -> None:
    for name in ("b/2.MKV", "b/1.mp4", "a.webm", "c.txt", "b/pic.jpg"):
        put(tmp_path / name)
    os.utime(tmp_path / "a.webm", ns=(5, 1_234_567_890_123_456_789))
    events = [seen for seen in scan([tmp_path]) if isinstance(seen, FileEvent)]
    assert [e.path for e in events] == [tmp_path / "a.webm", tmp_path / "b/1.mp4", tmp_path / "b/2.MKV"]
    assert (events[0].size, events[0].mtime_ns, events[0].kind) == (36, 1_234_567_890_123_456_789, "present")


def test_empty_films_are_found_so_that_they_fail_with_a_reason(tmp_path: Path, notes: Notes) -> None:
    put(tmp_path / "empty.mkv", b"")
    put(tmp_path / "empty", b"")
    put(tmp_path / "empty.ts", b"")
    assert notes.names(tmp_path) == ["empty.mkv", "empty.ts"]


@pytest.mark.parametrize(
    "name",
    [
        "._film.mp4",
        ".hidden.mp4",
        ".folder/film.mp4",
        ".AppleDouble/film.mp4",
        "@eaDir/film.mp4",
        "#RECYCLE/film.mp4",
        "#snapshot/film.mp4",
        "$Recycle.Bin/film.mp4",
        ".Trashes/film.mp4",
        "System Volume Information/film.mp4",
        "film.mp4.part",
        "film.mp4.crdownload",
        "film.mp4.!uT",
        "film.mp4.aria2",
        "film.tmp",
        "Film.download/film.mp4",
        "~$film.mp4",
    ],
)
def test_what_is_not_media_is_passed_over(tmp_path: Path, name: str, notes: Notes) -> None:
    put(tmp_path / name)
    put(tmp_path / "kept.mp4")
    assert notes.names(tmp_path) == ["kept.mp4"]


def test_the_list_of_what_is_not_media_can_be_changed(tmp_path: Path) -> None:
    put(tmp_path / ".hidden.mp4")
    put(tmp_path / "raw_1.mp4")
    assert [e.path.name for e in scan([tmp_path], rules=Rules(not_media=["raw_*"]))] == [".hidden.mp4"]


def test_excluded_names_and_paths_are_passed_over(tmp_path: Path, notes: Notes) -> None:
    for name in ("a/private/x.mp4", "b/Private/y.mp4", "b/c/z.mp4", "b/d/z.mp4", "e/w.mp4", "proxy_1.mov"):
        put(tmp_path / name)
    exclude = ("private", "b/c/", f"{tmp_path}/e", "proxy_*")
    assert notes.names(tmp_path, exclude=exclude) == ["b/d/z.mp4"]


def test_composed_and_decomposed_names_are_the_same_to_a_rule(tmp_path: Path, notes: Notes) -> None:
    put(tmp_path / "Cafe\u0301" / "x.mp4")
    put(tmp_path / "z.mp4")
    assert notes.names(tmp_path, exclude=("Caf\u00e9",)) == ["z.mp4"]


def test_a_root_that_is_a_file_is_taken_whatever_its_name(tmp_path: Path, notes: Notes) -> None:
    film = put(tmp_path / ".odd.txt", b"anything")
    assert [e.path for e in scan([film])] == [film]
    put(tmp_path / "film.mp4")
    assert notes.names(tmp_path, tmp_path / "film.mp4") == ["film.mp4"]


def test_a_path_below_a_root_is_named_as_its_folders_spell_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A watcher is told of a renamed file by its old spelling too, which leads to the file as well."""
    ignoring_case = IgnoringCase(monkeypatch)
    root = tmp_path / "videos"
    film, trip = put(root / "film.mp4"), put(root / "trip" / "a.mp4").parent
    renamed = [ignoring_case.rename(film, root / "Film.mp4"), ignoring_case.rename(trip, root / "Trip")]
    seen = scan([film, renamed[0], trip, renamed[1], trip / "a.mp4"], roots=[root])
    assert [it.path for it in seen] == [root / "Film.mp4", root / "Trip" / "a.mp4"]
    as_typed = scan([film], roots=[])
    assert [it.path for it in as_typed] == [film], "a path that is its own root is named as it was typed"


def test_overlapping_and_repeated_roots_give_each_file_once(tmp_path: Path, notes: Notes) -> None:
    put(tmp_path / "a/b/film.mp4")
    (tmp_path / "alias").symlink_to(tmp_path / "a")
    roots = (tmp_path / "a", tmp_path / "a/b", tmp_path / "alias", tmp_path)
    assert notes.names(tmp_path, *roots) == ["a/b/film.mp4"]


def test_a_relative_root_gives_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "a/film.mp4")
    monkeypatch.chdir(tmp_path)
    assert [e.path for e in scan([Path("a")])] == [tmp_path / "a/film.mp4"]


def test_linked_folders_are_followed_once_and_real_paths_preferred(tmp_path: Path, notes: Notes) -> None:
    put(tmp_path / "root/z/film.mp4")
    put(tmp_path / "elsewhere/other.mp4")
    (tmp_path / "root/a").symlink_to(tmp_path / "root/z")
    (tmp_path / "root/b").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "root/c").symlink_to(tmp_path / "elsewhere")
    assert notes.names(tmp_path / "root") == ["z/film.mp4", "b/other.mp4"]


def test_loops_of_links_end(tmp_path: Path, notes: Notes) -> None:
    put(tmp_path / "a/film.mp4")
    (tmp_path / "a/up").symlink_to(tmp_path)
    (tmp_path / "a/here").symlink_to(".")
    (tmp_path / "self.mp4").symlink_to("self.mp4")
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    (tmp_path / "nowhere.mp4").symlink_to("missing")
    assert notes.names(tmp_path) == ["a/film.mp4"]
    assert notes.unreadable == []


def test_links_to_files_and_hard_links_are_places_of_their_own(tmp_path: Path, notes: Notes) -> None:
    film = put(tmp_path / "film.mp4")
    (tmp_path / "link.mp4").symlink_to(film)
    (tmp_path / "hard.mp4").hardlink_to(film)
    assert notes.names(tmp_path) == ["film.mp4", "hard.mp4", "link.mp4"]


def test_file_systems_that_number_nothing_end_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "a/film.mp4")
    (tmp_path / "a/up").symlink_to(tmp_path)
    real_stat = os.stat

    def stat_without_inode(path: str) -> os.stat_result:
        fields = list(real_stat(path))
        fields[1] = 0
        return os.stat_result(fields)

    monkeypatch.setattr(os, "stat", stat_without_inode)
    assert [e.path for e in scan([tmp_path])] == [tmp_path / "a/film.mp4"]


def test_missing_roots_and_special_files_are_told(tmp_path: Path, notes: Notes) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    assert notes.names(tmp_path, tmp_path / "gone", tmp_path / "pipe.mp4") == []
    assert notes.unreadable == [
        ("gone", "No such file or directory"),
        ("pipe.mp4", "it is neither a file nor a folder"),
    ]


def test_unreadable_folders_and_files_are_told_and_the_rest_goes_on(
    tmp_path: Path, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "closed/film.mp4")
    put(tmp_path / "open/film.mp4")
    real_scandir = os.scandir

    def scandir(path: str) -> object:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return real_scandir(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert notes.names(tmp_path) == ["open/film.mp4"]
    assert notes.unreadable == [("closed", "Permission denied")]


def test_a_folder_without_permission_is_told(tmp_path: Path, notes: Notes) -> None:
    put(tmp_path / "closed/film.mp4")
    put(tmp_path / "listed/film.mp4")
    put(tmp_path / "listed/other.txt")
    with closed(tmp_path / "closed"), closed(tmp_path / "listed", 0o444):
        assert notes.names(tmp_path) == []
    assert notes.unreadable == [("closed", "Permission denied"), ("film.mp4", "Permission denied")]


class Broken:
    """An entry of a folder whose disk answers with an error."""

    def __init__(self, path: Path) -> None:
        self.name, self.path = path.name, str(path)

    def is_dir(self) -> bool:
        raise OSError(5, "Input/output error")

    def stat(self) -> os.stat_result:
        raise OSError(5, "Input/output error")


def test_an_entry_on_a_broken_disk_is_told_and_the_rest_goes_on(
    tmp_path: Path, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "z.mp4")
    real_entries = scan_module._Scan._entries

    def entries(self: scan_module._Scan, folder: str) -> list[object]:
        return [Broken(tmp_path / "film.mp4"), Broken(tmp_path / "unknown"), *real_entries(self, folder)]

    monkeypatch.setattr(scan_module._Scan, "_entries", entries)
    assert notes.names(tmp_path) == ["z.mp4"]
    assert set(notes.unreadable) == {("film.mp4", "Input/output error"), ("unknown", "Input/output error")}


def test_placeholders_of_clouds_are_told_and_never_opened(
    tmp_path: Path, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / ".beach.mp4.icloud")
    put(tmp_path / ".notes.txt.icloud")
    put(tmp_path / "here.mp4")
    assert notes.names(tmp_path) == ["here.mp4"]
    assert notes.placeholders == ["beach.mp4"]
    put(tmp_path / "no_extension")
    monkeypatch.setattr(scan_module, "is_dataless", lambda _status: True)
    real_open = os.open

    def open_rules_only(path: str, flags: int) -> int:
        assert path.endswith(IGNORE_FILE)
        return real_open(path, flags)

    monkeypatch.setattr(os, "open", open_rules_only)
    notes.placeholders.clear()
    assert notes.names(tmp_path) == []
    assert notes.placeholders == ["beach.mp4", "here.mp4"]


def test_the_flag_of_macos_marks_a_placeholder() -> None:
    assert is_dataless(SimpleNamespace(st_flags=0x4000_0020))
    assert not is_dataless(SimpleNamespace(st_flags=0x20))
    assert not is_dataless(os.stat("/"))


@pytest.mark.parametrize(
    "name",
    [
        "line\nbreak.mp4",
        "quo\"te's.mp4",
        "猫 🎥.mp4",
        "-i.mp4",
        "[x] *?.mp4",
        os.fsdecode(b"caf\xe9.mp4"),
        "x" * 251 + ".mp4",
    ],
)
def test_names_of_any_kind_are_found(tmp_path: Path, name: str) -> None:
    film = put(tmp_path / name)
    assert [e.path for e in scan([tmp_path])] == [film]


def test_folders_deeper_than_a_path_can_be_are_told(tmp_path: Path, notes: Notes) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=descriptor)
        below = os.open("d" * 250, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(descriptor)
    put(tmp_path / "film.mp4")
    assert notes.names(tmp_path) == ["film.mp4"]
    assert [reason for _name, reason in notes.unreadable] == ["File name too long"]


@pytest.mark.parametrize(
    "head",
    [
        FTYP,
        b"\0\0\0\x08wide" + bytes(8),
        b"\x1a\x45\xdf\xa3" + bytes(30),
        b"RIFF\0\0\0\0AVI LIST",
        b"OggS\0\2",
        b"FLV\x01\x05",
        b"\0\0\1\xba\x44",
        bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"),
        bytes.fromhex("060e2b34020501010d010201"),
        b"GIF89a",
        b".RMF",
        b"\x1f\x07\0\x3f",
        TRANSPORT_STREAM,
        bytes(40) + TRANSPORT_STREAM,
        (bytes(4) + b"\x47" + bytes(187)) * 20,
    ],
)
def test_films_without_an_extension_are_known_by_their_first_bytes(
    tmp_path: Path, head: bytes, notes: Notes
) -> None:
    put(tmp_path / "recording", head)
    put(tmp_path / "recording.unknown", head)
    put(tmp_path / "recording.jpg", head)
    assert notes.names(tmp_path) == ["recording", "recording.unknown"]


@pytest.mark.parametrize(
    "head",
    [
        b"RIFF\0\0\0\0WAVEfmt ",
        b"RIFF\0\0\0\0WEBPVP8 ",
        b"\0\0\0\x18ftypheic",
        b"\0\0\0\x18ftypM4A ",
        b"The free and the brave",
        b"\xff\xd8\xff\xe0",
        b"\x7fELF",
        b"%PDF-1.7",
        bytes(4096),
    ],
)
def test_other_files_without_an_extension_are_not_films(tmp_path: Path, head: bytes, notes: Notes) -> None:
    put(tmp_path / "something", head)
    assert notes.names(tmp_path) == []


def test_sources_of_typescript_are_not_transport_streams(tmp_path: Path, notes: Notes) -> None:
    put(tmp_path / "main.ts", "export const café = 1;\r\n\tlet x\x0c".encode())
    put(tmp_path / "module.mts", b"import x from 'y'")
    put(tmp_path / "camera.ts", TRANSPORT_STREAM)
    put(tmp_path / "damaged.mts", bytes(1000))
    assert notes.names(tmp_path) == ["camera.ts", "damaged.mts"]


def test_a_file_that_cannot_be_sniffed_is_no_film(
    tmp_path: Path, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "recording")

    real_open = os.open

    def refuse(path: str, flags: int) -> int:
        if path.endswith("recording"):
            raise PermissionError(13, "Permission denied")
        return real_open(path, flags)

    monkeypatch.setattr(os, "open", refuse)
    assert notes.names(tmp_path) == []
    assert notes.unreadable == []


def test_ten_thousand_files_are_scanned(tmp_path: Path) -> None:
    for folder in range(100):
        (tmp_path / f"{folder:03}").mkdir()
        for number in range(100):
            (tmp_path / f"{folder:03}" / f"clip_{number:03}.mp4").touch()
    assert sum(1 for _ in scan([tmp_path])) == 10_000


def part(root: Path, *paths: Path, rules: Rules | None = None, roots: Sequence[Path] = ()) -> list[str]:
    """What a scan of parts of a source yields, from the root on."""
    events = scan(paths, roots=[root, *roots], rules=rules)
    return [os.path.relpath(event.path, root) for event in events]


def test_a_part_of_a_source_is_seen_as_in_a_scan_of_the_whole(tmp_path: Path) -> None:
    root = tmp_path / "v"
    names = ("a/film.mp4", "a/x.txt", "a/main.ts", ".hidden/b/film.mp4", "a/raw/x.mov", "a/raw/y.mov")
    for name in names:
        put(root / name)
    put(root / "a/main.ts", b"export const x = 1")
    (root / ".mediaindexignore").write_text("*.mov\n")
    (root / "a/raw/.mediaindexignore").write_text("!y.mov\n")
    whole = part(root, root)
    assert whole == ["a/film.mp4", "a/raw/y.mov"]
    for name in names:
        expected = [name] if name in whole else []
        assert part(root, root / name) == expected
    assert part(root, root / "a/raw") == ["a/raw/y.mov"]
    assert part(root, root / ".hidden/b") == part(root, root / ".hidden") == []
    assert part(root, root / "a", root / "a/film.mp4") == ["a/film.mp4", "a/raw/y.mov"]


def test_excluded_paths_count_from_the_source_on(tmp_path: Path) -> None:
    put(tmp_path / "a/b/film.mp4")
    rules = Rules(exclude=["a/b"])
    assert part(tmp_path, tmp_path / "a/b/film.mp4", rules=rules) == []
    assert part(tmp_path, tmp_path / "a/b", rules=rules) == []
    assert part(tmp_path, tmp_path / "a/b", rules=rules, roots=[tmp_path / "a/b"]) == ["a/b/film.mp4"]


def test_a_path_in_no_source_is_its_own_root(tmp_path: Path) -> None:
    odd = put(tmp_path / ".odd/.film.txt")
    assert [event.path for event in scan([odd], roots=[tmp_path / "v"])] == [odd]


def test_a_link_that_leads_into_a_source_is_named_there(tmp_path: Path) -> None:
    put(tmp_path / "real/film.mp4")
    put(tmp_path / ".hidden/shown.mp4")
    (tmp_path / "links").mkdir()
    (tmp_path / "links/real").symlink_to(tmp_path / "real")
    (tmp_path / "links/hidden").symlink_to(tmp_path / ".hidden")
    assert part(tmp_path, tmp_path / "links") == ["links/hidden/shown.mp4"]
    assert part(tmp_path, tmp_path) == ["real/film.mp4", "links/hidden/shown.mp4"]


def test_rules_of_a_folder_hold_below_it_and_behind_its_links(tmp_path: Path, notes: Notes) -> None:
    put(tmp_path / "elsewhere/x.mov")
    put(tmp_path / "elsewhere/x.mp4")
    put(tmp_path / "v/b/c/x.mov")
    put(tmp_path / "v/b/c/raw/x.mp4")
    put(tmp_path / "v/x.mov")
    (tmp_path / "v/b/link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "v/b/.mediaindexignore").write_text("*.mov\nraw/\n[z-a]\n")
    (tmp_path / "elsewhere/.mediaindexignore").write_text("x.mp4\n!x.mov")
    assert notes.names(tmp_path / "v") == ["x.mov", "b/link/x.mov"]
    assert notes.unreadable == [(IGNORE_FILE, "line 3 is passed over: it is no pattern of gitignore")]


def test_the_library_is_never_looked_into(tmp_path: Path) -> None:
    put(tmp_path / "library/frames/odd.mp4")
    put(tmp_path / "film.mp4")
    (tmp_path / "link").symlink_to(tmp_path / "library/frames")
    alias = tmp_path.with_name("alias")
    alias.symlink_to(tmp_path)
    rules = Rules(apart=[tmp_path / "library", tmp_path / "library/frames"])
    assert [event.path.name for event in scan([tmp_path], rules=rules)] == ["film.mp4"]
    assert [event.path.name for event in scan([alias], rules=rules)] == ["film.mp4"]
