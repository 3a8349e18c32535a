"""Names, tags and reasons that a stranger chose steer no terminal and change no filter's meaning."""

from __future__ import annotations

import io
import json
import logging
import os
import re
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from mediaindex import cli
from mediaindex.cli.shared.output import Output, ProgressLine
from mediaindex.decode.ffmpeg_binary import ffmpeg_binary
from mediaindex.errors import MediaIndexError, StoreError
from mediaindex.safe_text import PrintableFormatter
from mediaindex.sources.places import mount_listing
from mediaindex.sources.places.mount_listing import Mount
from mediaindex.store.catalog import fulltext, locations, volumes
from mediaindex.store.catalog.schema import failure, location, skipped, subtitle, video, volume, word
from mediaindex.store.library import Library, open_library
from mediaindex.store.mapped.rows import VectorRows
from mediaindex.store.vectors.lance import LanceSpace
from mediaindex.store.words.terms import query_terms
from tests.support.commands import Commands, use_these_encoders
from tests.support.films import film, srt
from tests.support.media import extract_here

STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What may not reach a terminal: all controls but the line feed that ends each line of ours."""

TITLE = "\x1b]0;owned\x07\x1b[2J\x9b31m\r\n\u202egnp.exe"
TEXTS = st.text(st.characters(exclude_categories=[]), max_size=60)
STORABLE = st.text(st.characters(codec="utf-8"), max_size=60)
PARTS = st.sampled_from(
    [
        "'",
        '"',
        "\\",
        "%",
        "_",
        "\n",
        "*",
        "--",
        ";",
        "(",
        ")",
        " OR 1=1",
        "NEAR(",
        "a",
        "b",
        "\x1b[31m",
        "é",
        "?",
    ]
)
FILE_NAMES = st.one_of(
    st.lists(PARTS, min_size=1, max_size=8).map("".join).map(str.encode), st.binary(min_size=1, max_size=40)
).filter(lambda name: not {0, ord("/")} & set(name) and name not in (b".", b".."))

SETTINGS = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def is_harmless(*shown: str) -> bool:
    return not any(STEERING.search(text) for text in shown)


# What is printed


def run(*arguments: object) -> tuple[int, str, str]:
    """A command in this process: exit code, stdout, stderr."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = cli.main([*map(str, arguments)])
        except SystemExit as error:
            code = int(error.code or 0)
    return code, out.getvalue(), err.getvalue()


@SETTINGS
@given(TEXTS)
def test_every_way_to_print_makes_a_text_harmless(text: str) -> None:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        spoken, as_json = Output(as_json=False, command="x"), Output(as_json=True, command="x")
        spoken.line(text)
        spoken.say(text)
        spoken.fail(text, 1)
        as_json.fail(text, 1)
        with ProgressLine(spoken) as progress:
            progress._printed = float("-inf")
            progress({"stage": text, "done": 1, "total": 2})
    *printed, data = out.getvalue().split("\n")[:-1]
    assert len(printed) == 1
    assert data.isascii()
    assert json.loads(data)["error"].encode("utf-16", "surrogatepass") == text.encode(
        "utf-16", "surrogatepass"
    )
    assert len(err.getvalue().split("\n")) == 5
    assert is_harmless(out.getvalue(), err.getvalue())


@SETTINGS
@given(TEXTS, TEXTS)
def test_log_records_and_their_tracebacks_are_harmless(name: str, reason: str) -> None:
    try:
        raise ValueError(reason)
    except ValueError as error:
        fault = (ValueError, error, error.__traceback__)
    record = logging.LogRecord("x", logging.ERROR, "x.py", 1, "decoding %s", (name,), fault)
    shown = PrintableFormatter("%(message)s").format(record)
    assert is_harmless(shown)
    assert "Traceback" in shown


@SETTINGS
@given(TEXTS.filter(lambda text: text and not text.startswith("-")))
def test_the_parser_quotes_no_name_as_it_is(text: str) -> None:
    for arguments in (["show", "a", text], [text], ["search", "x", "--limit", text], ["models", text]):
        code, out, err = run(*arguments)
        assert code == 2
        assert is_harmless(out, err)


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of one film with a subtitle, whose rows the tests rewrite."""
    folder = tmp_path_factory.mktemp("hostile")
    film(folder / "videos/red.mkv", "red")
    srt(folder / "videos/red.srt", (0.0, 1.0, "words"))
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_these_encoders(monkeypatch)
        code, _, err = run("index", folder / "videos", "--library", folder / "library", "--json")
        assert code == 0, err
    return folder / "library"


def rewrite(library: Library, text: str, name: bytes) -> Path:
    """Let every text that a stranger can choose be this one; the film's new path."""
    path = Path("/gone", os.fsdecode(name))
    row = {"path": Path("/gone/failed", os.fsdecode(name)), "reason": text, "size": 1, "mtime_ns": 1}
    with library.write() as connection:
        texts = dict.fromkeys(("container", "codec", "camera", "title", "timecode", "recorded_at"), text)
        streams = [{"index": 0, "kind": text, "codec": text, "language": text, "title": text}]
        connection.execute(sa.update(video).values(**texts, tags={text: text}, streams=streams))
        connection.execute(sa.update(location).values(path=path))
        connection.execute(sa.update(volume).values(label=text, mount_point=path))
        connection.execute(sa.update(subtitle).values(file=text, language=text))
        connection.execute(sa.update(word).values(text=f"red {text}"))
        connection.execute(sa.delete(failure))
        connection.execute(sa.delete(skipped))
        connection.execute(sa.insert(skipped).values(**row))
        state = {"stage": text, "state": "dead", "attempts": 1, "decoder": text, "updated_at": 0.0}
        connection.execute(sa.insert(failure).values(**row, **state))
    return path


@pytest.mark.slow
@settings(SETTINGS, max_examples=8, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(text=STORABLE, name=FILE_NAMES)
def test_no_command_prints_what_a_stranger_wrote_as_it_is(indexed: Path, text: str, name: bytes) -> None:
    assert_commands_are_harmless(indexed, text, name)


def test_a_title_that_is_all_escapes(indexed: Path) -> None:
    shown = assert_commands_are_harmless(indexed, TITLE, TITLE.encode())
    assert r"\x1b]0;owned\x07\x1b[2J\x9b31m\r\n\u202egnp.exe" in shown


def assert_commands_are_harmless(library: Path, text: str, name: bytes) -> str:
    """Run every command that shows rows; what they printed."""
    with open_library(library) as opened:
        path = rewrite(opened, text, name)
    printed = ""
    for arguments, codes in (
        (("search", "red"), (0,)),
        (("search", "red", "--in", path), (0,)),
        (("show", path), (0,)),
        (("status",), (0,)),
        (("open", "1"), (2,)),
        (("similar", path), (0,)),
        (("similar", f"{path}x"), (2,)),
        (("forget", path, "--dry-run"), (0,)),
        (("show", f"{path}x"), (2,)),
        (("check",), (0, 1, 6)),
    ):
        code, out, err = run(*arguments, "--library", library)
        assert code in codes, (arguments, code, out, err)
        assert is_harmless(out, err), arguments
        printed += out + err
        if arguments[0] != "open":
            _, out, err = run(*arguments, "--json", "--library", library)
            assert out.isascii(), arguments
            assert out.count("\n") == 1, arguments
            assert is_harmless(err), arguments
    return printed


HOSTILE_NAMES = [
    b"\x1b]0;owned\x07.mkv",
    b"two\nlines.mkv",
    b"caf\xe9.mkv",
    b"100%_of 'it' \"or\" 1=1 --.mkv",
    b"back\\slash*?.mkv",
    "\u202egnp.mkv".encode(),
    b"-rf.mkv",
    b"\x9b31m\xff.mkv",
]


@pytest.mark.slow
def test_files_with_hostile_names_are_indexed_found_and_forgotten(videos: Path, commands: Commands) -> None:
    folder = Path(os.fsdecode(os.fsencode(videos) + b"/%_'\"\\\x1b[2J\n\xff"))
    source = film(videos.parent / "source.mkv", "red", tags={"title": TITLE, "comment": TITLE})
    broken = film(videos.parent / "broken.mkv", "red").read_bytes()[:200]
    paths = [Path(folder, os.fsdecode(name)) for name in HOSTILE_NAMES]
    folder.mkdir()
    for number, path in enumerate(paths):
        path.write_bytes(source.read_bytes() + bytes(number))
        path.with_suffix(".srt").write_text(f"1\n00:00:00,000 --> 00:00:01,000\nspoken {TITLE!s}\n")
    (folder / "broken\x1b[2J.mkv").write_bytes(broken)
    commands("index", film(videos / "plain.mkv", "blue"))  # the first run measures the encoders
    ran = commands.text("index", videos)
    assert ran.code == 5
    assert is_harmless(ran.out, ran.err)
    assert r"broken\x1b[2J.mkv" in ran.out
    for path in paths:
        assert commands("show", path)["path"] == str(path)
        for arguments in (["red"], ["spoken", "--channel", "words"]):
            (hit,) = commands.hits(*arguments, "--in", path)
            assert hit["path"] == str(path)
            shown = commands.text("search", *arguments, "--in", path)
            assert is_harmless(shown.out, shown.err)
    assert len(commands.hits("red", "--in", folder, "--limit", 50)) == len(paths)
    assert commands.ran("search", "red", "--in", str(folder) + "%").code == 2
    assert len(commands("forget", paths[3])["forgotten"]) == 1
    assert len(commands("forget", folder, "--dry-run")["forgotten"]) >= len(paths) - 1


def test_tags_do_not_forge_what_ffmpeg_says_of_pictures(videos: Path) -> None:
    forged = "[Parsed_showinfo_2 @ 0x1] n:   0 pts:1 pts_time:1.2.3 duration_time:1 iskey:1 type:I"
    tags = {"title": f"x\n{forged}\n{forged}", "comment": "\n".join([forged] * 400)}
    plain = film(videos / "plain.mkv", "red", "blue")
    tagged = film(videos / "tagged.mkv", "red", "blue", tags=tags)
    try:
        ffmpeg_binary()
    except MediaIndexError:
        pytest.skip("no ffmpeg binary here")
    assert extract_here(tagged, "ffmpeg").seconds == extract_here(plain, "ffmpeg").seconds


@pytest.mark.parametrize("name", ["li%20b 'rary'", "a#b?c&d", "_%\\", "{x}", "café \u202e"])
def test_a_library_may_have_any_printable_name(tmp_path: Path, name: str) -> None:
    library = tmp_path / name
    film(tmp_path / "videos/red.mkv", "red")
    code, out, err = run("index", tmp_path / "videos", "--library", library, "--json")
    assert code == 0, (out, err)
    code, out, err = run("search", "red", "--library", library, "--json")
    assert [Path(hit["path"]).name for hit in json.loads(out)["hits"]] == ["red.mkv"]
    assert run("check", "--repair", "--library", library)[0] == 0
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted([library.name, "videos"])


@pytest.mark.parametrize("name", [b"new\nline", b"caf\xe9", b"\x1b[2J"])
def test_a_library_whose_name_lancedb_cannot_write_is_refused(tmp_path: Path, name: bytes) -> None:
    film(tmp_path / "videos/red.mkv", "red")
    library = tmp_path / os.fsdecode(name)
    code, out, err = run("index", tmp_path / "videos", "--library", library)
    assert code == 7, (out, err)
    assert "choose another folder" in err
    assert is_harmless(out, err)
    assert list(library.glob("*")) == []


# What filters mean


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with open_library(tmp_path_factory.mktemp("filters") / "library", create=True) as made:
        yield made


@SETTINGS
@given(names=st.lists(FILE_NAMES, min_size=1, max_size=8, unique=True), asked=FILE_NAMES, deeper=FILE_NAMES)
def test_below_means_equal_or_inside_whatever_the_names(
    empty: Library, names: list[bytes], asked: bytes, deeper: bytes
) -> None:
    every = {Path(os.fsdecode(b"/v/" + name)) for name in [*names, asked]}
    every |= {path / os.fsdecode(deeper) for path in every}
    with empty.write() as connection:
        connection.execute(sa.delete(location))
        here = volumes.ensure_volume(connection, uid="v", label=None, mount_point=Path("/"))
        for path in every:
            row: dict[str, Any] = {"volume_id": here, "size": 1, "mtime_ns": 1, "confirmed": True}
            locations.place(connection, path, **row)
        for folder in (Path("/v", os.fsdecode(asked)), Path("/v"), Path("/")):
            found = set(locations.locations_below(connection, [folder]))
            assert found == {path for path in every if path == folder or folder in path.parents}


@SETTINGS
@given(
    query=st.one_of(
        TEXTS,
        st.lists(st.one_of(PARTS, st.sampled_from(["NOT ", "AND", "^", ":", "{", "}", "+", "-"]))).map(
            " ".join
        ),
    )
)
def test_a_query_is_words_and_never_fts_syntax(empty: Library, query: str) -> None:
    with empty.write() as connection:
        connection.execute(sa.delete(word))
        values = {"hash": "h", "size": 1, "partial_hash": "p", "container": "c", "codec": "c", "rotation": 0}
        numbers = {
            "duration_seconds": 1.0,
            "width": 1,
            "height": 1,
            "added_at": 0.0,
            "tags": {},
            "streams": [],
        }
        connection.execute(sa.delete(video))
        (number,) = connection.execute(sa.insert(video).values(**values, **numbers)).inserted_primary_key or (
            0,
        )
        here = volumes.ensure_volume(connection, uid="v", label=None, mount_point=Path("/"))
        row: dict[str, Any] = {"volume_id": here, "size": 1, "mtime_ns": 1, "confirmed": True}
        place = locations.place(connection, Path("/v/a"), video_id=number, **row)
        fulltext.set_location_words(connection, place, number, Path("/v/apple banana"), None)
        found = fulltext.find(connection, query).hits
        terms = [term.tokens for term in query_terms(query)]
        share = sum(term in (("apple",), ("banana",)) for term in terms) / max(len(terms), 1)
        assert bool(found) == (share >= fulltext.ENOUGH_TERMS)


@SETTINGS
@given(query=STORABLE)
@example(query="«")
@example(query='"')
@example(query="-0")
def test_any_query_is_answered_through_the_command(indexed: Path, query: str) -> None:
    code, out, err = run("search", "--channel", "words", "--library", indexed, "--json", "--", query)
    answer = json.loads(out)
    if "error" in answer:
        assert (code, answer["error"]) == (2, "the query is empty; describe what you look for")
        assert says_nothing(query)
        return
    assert answer["query"] == query
    assert code == (2 if answer["problems"] else 0), err


def says_nothing(query: str) -> bool:
    """Whether it is nothing but spaces and the marks of quotations."""
    return not re.sub(r'["“”«»\s]', "", query)


def test_a_generation_is_a_number_or_nothing_is_asked(tmp_path: Path) -> None:
    space = LanceSpace(tmp_path, 1, 2, None)
    generations = np.array([1, 2], np.int64)
    vectors = np.ones((2, 2), np.float16)
    space.add(VectorRows(generations, np.zeros(2, np.int32), np.ones(2, np.float32), vectors))
    for hostile in ("1) OR (true", "NULL) OR (generation > 0", "1; DROP TABLE space_1"):
        with pytest.raises(StoreError):
            space.delete([hostile])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
        with pytest.raises(StoreError):
            space.read([hostile])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    assert space.generations() == {1, 2}


def test_a_drive_whose_name_is_no_utf8_can_be_stored(
    videos: Path, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mount_listing, "_linux_mount", lambda _: Mount("/mnt/caf\udce9", "ext4", "/dev/none"))
    monkeypatch.setattr(
        mount_listing, "_listed_mount", lambda _: Mount("/mnt/caf\udce9", "ext4", "/dev/none")
    )
    path = film(videos / "red.mkv", "red")
    assert commands("index", videos)["indexed"] == 1
    assert commands("show", path)["volume"] == r"caf\udce9"
