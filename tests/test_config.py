from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.config import SETTINGS, available_cores, config_path, load_config
from mediaindex.errors import ConfigError, UsageError
from mediaindex.sources.filetypes import NOT_MEDIA

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes the configuration file that the next `load_config` reads."""
    path = tmp_path / "config.toml"
    monkeypatch.setenv("MEDIAINDEX_CONFIG", str(path))

    def write_text(text: str) -> Path:
        path.write_text(text, encoding="utf-8")
        return path

    return write_text


def test_defaults_stand_without_any_file() -> None:
    config = load_config()
    assert config.encoder == "builtin"
    assert config.device == "auto"
    assert config.not_media == tuple(NOT_MEDIA)
    assert config.player is None
    assert config.threads == available_cores()
    assert 1 <= config.jobs <= max(1, config.threads - 1)
    assert config.library.is_relative_to(Path.home())
    assert set(config.origins.values()) == {"default"}


def test_each_source_beats_the_one_below(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("jobs = 3\nthreads = 5\nframe_quality = 70\nexclude = ['raw*']\n")
    monkeypatch.setenv("MEDIAINDEX_THREADS", "6")
    monkeypatch.setenv("MEDIAINDEX_FRAME_QUALITY", "71")
    config = load_config({"frame_quality": 72, "threads": None})
    assert (config.jobs, config.threads, config.frame_quality) == (3, 6, 72)
    assert config.exclude == ("raw*",)
    assert config.origins["jobs"] == f"file {path}"
    assert config.origins["threads"] == "environment MEDIAINDEX_THREADS"
    assert config.origins["frame_quality"] == "flag --frame-quality"
    assert config.origins["encoder"] == "default"


def test_the_interface_has_a_table_of_its_own(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("")
    defaults = load_config()
    assert (defaults.ui_images, defaults.ui_theme, defaults.ui_view) == ("auto", "dark", "auto")
    assert (defaults.ui_mouse, defaults.ui_history, dict(defaults.ui_keys)) == (True, True, {})
    path = write("[ui]\nimages = 'half'\nmouse = false\nhistory = false\n[ui.keys]\nopen = 'o,enter'\n")
    monkeypatch.setenv("MEDIAINDEX_UI_IMAGES", "off")
    monkeypatch.setenv("MEDIAINDEX_UI_VIEW", "grid")
    config = load_config()
    assert (config.ui_images, config.ui_view, config.ui_mouse, config.ui_history) == (
        "off",
        "grid",
        False,
        False,
    )
    assert dict(config.ui_keys) == {"open": "o,enter"}
    rows = {name: (value, origin) for name, value, origin in config.rows()}
    assert rows["ui.images"] == ("off", "environment MEDIAINDEX_UI_IMAGES")
    assert rows["ui.keys"] == ({"open": "o,enter"}, f"file {path}")


def test_nights_have_a_table_of_their_own(write: Write) -> None:
    write("")
    config = load_config()
    assert not config.has_nightly
    assert (config.nightly_library, config.nightly_at, config.nightly_minutes) == (True, "03:30", 60.0)
    assert (config.nightly_queries, config.nightly_encoders, config.nightly_benchmarks) == (1000, (), ())
    write("[nightly]\n")
    assert load_config().has_nightly
    path = write(
        "[nightly]\nlibrary = false\nencoders = ['a', 'b']\nminutes = 0\nat = '23:59'\nreport = 'page.html'\n"
        "notify = 'mail {summary}'\n"
        "[[nightly.benchmarks]]\nname = 'msvd'\nvideos = 'clips'\nannotations = '/texts'\n"
    )
    config = load_config()
    assert (config.nightly_library, config.nightly_encoders, config.nightly_minutes) == (
        False,
        ("a", "b"),
        None,
    )
    assert config.nightly_report == path.parent / "page.html"
    assert [dict(one) for one in config.nightly_benchmarks] == [
        {"name": "msvd", "videos": str(path.parent / "clips"), "annotations": "/texts"}
    ]
    rows = {name: origin for name, _value, origin in config.rows()}
    assert (rows["nightly.benchmarks"], rows["nightly.queries"]) == (f"file {path}", "default")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[nightly]\nwhen = '03:30'\n", "unknown setting 'nightly.when'"),
        ("nightly = 3\n", "nightly must be a table [nightly], not 3"),
        ("[nightly]\nat = '3:30'\n", "nightly.at must be a time of day such as 03:30, not '3:30'"),
        ("[nightly]\nat = '24:00'\n", "must be a time of day"),
        ("[nightly]\nminutes = -1\n", "nightly.minutes must be a number from 0 to 1440, not -1"),
        ("[nightly]\nqueries = 'all'\n", "nightly.queries must be a whole number"),
        ("[nightly]\nencoders = 'builtin'\n", "nightly.encoders must be a list of names"),
        ("[nightly]\nbenchmarks = ['msvd']\n", "must be tables [[nightly.benchmarks]] of the settings file"),
        (
            "[[nightly.benchmarks]]\nname = 'msvd'\nvideos = '/'\nannotations = '/'\n" + "video = 'x'\n",
            "unknown key 'video' in [[nightly.",
        ),
        ("[[nightly.benchmarks]]\nname = 'msvd'\nvideos = '/tmp'\n", "no key 'annotations' in"),
        (
            "[[nightly.benchmarks]]\nname = 1\nvideos = 'a'\nannotations = 'b'\n",
            "must be tables whose name is",
        ),
        ("[[nightly.benchmarks]]\nname = 'a'\nvideos = 1\nannotations = 'b'\n", "must be a path in videos"),
    ],
)
def test_a_wrong_table_of_nights_is_refused(text: str, said: str, write: Write) -> None:
    write(text)
    with pytest.raises(ConfigError, match=re.escape(said)):
        load_config()


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        (
            "UI_IMAGES",
            "braille",
            "ui.images must be one of auto, quadrant, half, kitty, sixel, off, not 'braille'",
        ),
        ("UI_KEYS", "open=o", 'ui.keys must be a table of the settings file, such as open = "o,enter"'),
        ("UI_IMAGE", "off", "unknown setting 'ui_image'; did you mean 'ui.images'?"),
    ],
)
def test_a_wrong_variable_of_the_interface_is_named(
    variable: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"MEDIAINDEX_{variable}", value)
    with pytest.raises(ConfigError) as caught:
        load_config()
    assert str(caught.value).startswith(f"environment MEDIAINDEX_{variable}: {said}")


def test_cores_are_counted_where_the_system_knows_no_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert available_cores() == os.cpu_count()


def test_rows_show_every_setting_with_its_origin(write: Write) -> None:
    path = write("gap_seconds = 2")
    rows = {name: (value, origin) for name, value, origin in load_config().rows()}
    assert tuple(rows) == SETTINGS
    assert rows["gap_seconds"] == (2.0, f"file {path}")
    assert rows["device"] == ("auto", "default")


def test_a_folder_is_relative_to_where_it_was_written(
    write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = write("library = 'films'")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert load_config().library == path.parent / "films"
    assert load_config({"library": "films"}).library == elsewhere / "films"
    assert load_config({"library": Path("~/films")}).library == Path.home() / "films"


def test_text_from_outside_becomes_what_the_setting_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIAINDEX_GAP_SECONDS", "1.5")
    monkeypatch.setenv("MEDIAINDEX_EXCLUDE", os.pathsep.join(["proxy", "*.bak"]))
    monkeypatch.setenv("MEDIAINDEX_PLAYER", "mpv --start={seconds} {path}")
    monkeypatch.setenv("MEDIAINDEX_JOBS", "")
    config = load_config({"exclude": None})
    assert config.gap_seconds == 1.5
    assert config.exclude == ("proxy", "*.bak")
    assert config.player == "mpv --start={seconds} {path}"
    assert config.origins["jobs"] == "default"
    assert load_config({"exclude": ["one", "two"]}).exclude == ("one", "two")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("framequality = 80", "unknown setting 'framequality'; did you mean 'frame_quality'?"),
        ("[zebra]\nx = 1", "unknown setting 'zebra'; `mediaindex config show` lists all"),
        ("device = 'gpu'", "device must be one of auto, cpu, cuda, mps, not 'gpu'"),
        ("decoder = 1", "decoder must be one of auto, pyav, ffmpeg, not 1"),
        ("jobs = '4'", "jobs must be a whole number from 1 to 1024, not '4'"),
        ("jobs = true", "jobs must be a whole number from 1 to 1024, not True"),
        ("jobs = 0", "jobs must be a whole number from 1 to 1024, not 0"),
        ("gap_seconds = nan", "gap_seconds must be a number from 0.1 to 3600, not nan"),
        ("gap_seconds = false", "gap_seconds must be a number from 0.1 to 3600, not False"),
        ("exclude = 'raw'", "exclude must be a list of globs, not 'raw'"),
        ("exclude = [1]", "exclude must be a list of globs, not [1]"),
        ("library = ''", "library must be the path of a folder, not ''"),
        ("library = 7", "library must be the path of a folder, not 7"),
        ('library = "a\\u0000b"', "library must be the path of a folder, not 'a\\x00b'"),
        ('encoder = "a\\nb"', "encoder must be text on one line, not 'a\\nb'"),
        ("player = 3", "player must be text on one line, not 3"),
        ("ui = 3", "ui must be a table [ui], not 3"),
        ("[ui]\nimage = 'off'", "unknown setting 'ui.image'; did you mean 'ui.images'?"),
        (
            "[ui]\nimages = 'braille'",
            "ui.images must be one of auto, quadrant, half, kitty, sixel, off, not 'braille'",
        ),
        ("[ui]\ntheme = 'blue'", "ui.theme must be one of dark, light, high-contrast, not 'blue'"),
        ("[ui]\nmouse = 'no'", "ui.mouse must be true or false, not 'no'"),
        ("[ui]\nview = 1", "ui.view must be one of auto, lines, cards, grid, not 1"),
        (
            "[ui]\nkeys = 'o'",
            "ui.keys must be a table of the settings file, such as open = \"o,enter\", not 'o'",
        ),
        (
            "[ui.keys]\nopen = 1",
            "ui.keys must be a table of the settings file, such as open = \"o,enter\", not {'open': 1}",
        ),
    ],
)
def test_a_wrong_line_is_named_with_what_is_allowed(write: Write, text: str, said: str) -> None:
    path = write(text)
    with pytest.raises(ConfigError) as caught:
        load_config()
    assert str(caught.value) == f"file {path}: {said}"
    assert caught.value.exit_code == UsageError.exit_code


def test_a_wrong_variable_and_a_wrong_flag_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"^flag --frame-quality: .* from 1 to 95, not 'best'$"):
        load_config({"frame_quality": "best"})
    monkeypatch.setenv("MEDIAINDEX_GAP_SECONDS", "two")
    with pytest.raises(ConfigError, match=r"^environment MEDIAINDEX_GAP_SECONDS: .* not 'two'$"):
        load_config()


def test_a_misspelt_variable_is_refused_and_a_strange_one_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIAINDEX_ZEBRA", "1")
    assert load_config().encoder == "builtin"
    monkeypatch.setenv("MEDIAINDEX_LIBARY", "/films")
    with pytest.raises(
        ConfigError, match="MEDIAINDEX_LIBARY: unknown setting 'libary'; did you mean 'library'"
    ):
        load_config()


def test_a_file_that_was_named_must_be_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MEDIAINDEX_CONFIG", str(tmp_path / "none.toml"))
    with pytest.raises(ConfigError, match=r"none\.toml: no such file; correct or unset MEDIAINDEX_CONFIG"):
        load_config()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"jobs = ", "is not TOML"),
        (b"encoder = '\xff'", "is not TOML"),
        (b"a = " + b"[" * 100_000, "is not TOML"),
        (b"#" * (1 << 20) + b"\n", "is larger than"),
    ],
)
def test_a_damaged_file_is_named(write: Write, content: bytes, said: str) -> None:
    path = write("")
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_config()
    assert str(caught.value).startswith(f"{path} {said}")


def test_a_folder_in_place_of_the_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MEDIAINDEX_CONFIG", str(tmp_path))
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_config()


def test_the_file_lies_in_the_users_own_folder() -> None:
    assert config_path().is_relative_to(Path.home())
    config_path().parent.mkdir(parents=True)
    config_path().write_text("\ufeffjobs = 2\n", encoding="utf-8")
    assert load_config().jobs == 2


@given(
    st.dictionaries(
        st.sampled_from(SETTINGS) | st.text(), st.text() | st.integers() | st.floats() | st.none()
    )
)
def test_whatever_is_typed_gives_a_config_or_one_line(flags: dict[str, object]) -> None:
    try:
        config = load_config(flags)
    except ConfigError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert config.library.is_absolute()
        assert set(config.origins) == set(SETTINGS)


@pytest.mark.parametrize(
    ("text", "expected"), [("true", True), ("Yes", True), ("1", True), ("off", False), ("0", False)]
)
def test_a_flag_is_spelled_in_words(text: str, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIAINDEX_PAUSE_ON_BATTERY", text)
    assert load_config().pause_on_battery is expected
    assert load_config({"pause_on_battery": not expected}).pause_on_battery is not expected


def test_a_flag_in_the_file_is_true_or_false(write: Write) -> None:
    write("")
    assert load_config().pause_on_battery is False
    write("pause_on_battery = true")
    assert load_config().pause_on_battery is True
    for wrong in ("'true'", "1", "[]"):
        path = write(f"pause_on_battery = {wrong}")
        with pytest.raises(ConfigError, match=f"file {path}: pause_on_battery must be true or false"):
            load_config()


def test_no_bound_on_the_load_unless_one_is_set(write: Write) -> None:
    write("")
    assert load_config().max_load is None
    write("max_load = 2.5\nnice = 19\nlog_format = 'json'")
    config = load_config()
    assert (config.max_load, config.nice, config.log_format) == (2.5, 19, "json")
    assert load_config({"max_load": "0"}).max_load is None
