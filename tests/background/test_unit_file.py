"""The files of services: read by systemd's and launchd's own rules, and never mistaken for somebody's own."""

from __future__ import annotations

import os
import plistlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mediaindex.background import unit_file
from mediaindex.background.launchd import Launchd
from mediaindex.background.systemd import Systemd, quoted
from mediaindex.background.unit_file import (
    Manager,
    is_ours,
    name_of,
    text_of,
)
from mediaindex.errors import MediaIndexError, NoSpace

ANALYZE = shutil.which("systemd-analyze")
COMMAND = (sys.executable, "-m", "mediaindex", "watch", "--library")
MANAGERS = [Systemd(), Launchd()]
# No file system names a file by half a surrogate pair; bytes that are no UTF-8 come from the second half.
PATHS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1) | st.binary(
    min_size=1
).filter(lambda name: b"\0" not in name).map(os.fsdecode)
NASTY = (
    "/home/ann/Meine Videos",
    "/100%/%h/%%",
    "/\"quoted\"/'single'",
    "/back\\slash\\",
    "/$HOME/${HOME}/$$",
    "/caf\u00e9/\u6620\u753b/\U0001f3ac",
    "/latin-\udce9",
    "/new\nline\ttab\x7f",
    "/; rm -rf ~ #",
    "/\u202eright\ufdd0",
    " leading and trailing ",
    ";",
)


def unit(library: str, environment: dict[str, str] | None = None) -> str:
    about = f"mediaindex watch (library {library})"
    return text_of(Systemd(), "mediaindex", (*COMMAND, library), environment or {}, about=about).decode()


# systemd

_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)', re.DOTALL)
_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|[0-7]{3}|.)", re.DOTALL)
_NAMED = {"n": b"\n", "t": b"\t", "r": b"\r", "a": b"\a", "b": b"\b", "f": b"\f", "v": b"\v", "s": b" "}


def words(line: str) -> list[str]:
    """The words of a command line with C's escapes in double quotes, as systemd reads and shows them."""

    def meant(escape: re.Match[bytes]) -> bytes:
        code = escape[1].decode()
        if re.fullmatch("[0-7]{3}", code):
            return bytes([int(code, 8)])
        return bytes([int(code[1:], 16)]) if len(code) == 3 else _NAMED.get(code, escape[1])

    pattern = re.compile(_ESCAPE.pattern.encode(), re.DOTALL)
    inner = (match[1] if match[1] is not None else match[2] for match in _WORD.finditer(line))
    return [os.fsdecode(pattern.sub(meant, os.fsencode(word))) for word in inner]


@given(library=PATHS)
def test_any_path_stays_one_word_of_one_line(library: str) -> None:
    text = unit(library, {"MEDIAINDEX_CONFIG": "/a b"})
    lines = text.split("\n")
    (command,) = [line for line in lines if line.startswith("ExecStart=")]
    assert words(command.removeprefix("ExecStart=:").replace("%%", "%")) == [*COMMAND, library]
    assert "%" not in command.replace("%%", "")
    (about,) = [line for line in lines if line.startswith("Description=")]
    assert about.isprintable()
    assert "%" not in about.replace("%%", "")
    assert not about.endswith("\\")
    assert len(lines) == len(unit("/plain", {"MEDIAINDEX_CONFIG": "/a b"}).split("\n"))
    assert all(line.isprintable() for line in text.splitlines())


def loaded_by_systemd(folder: Path, text: str) -> str:
    """What the real systemd understood of a unit."""
    file = folder / "mediaindex.service"
    file.write_text(text)
    command = [ANALYZE or "", "verify", "--user", "--man=no", str(file)]
    variables = {**os.environ, "XDG_RUNTIME_DIR": str(folder), "SYSTEMD_LOG_LEVEL": "debug"}
    done = subprocess.run(command, capture_output=True, env=variables, timeout=60, check=False)
    said = os.fsdecode(done.stdout + done.stderr)
    assert done.returncode == 0, said[-2000:]
    return said


@pytest.mark.skipif(ANALYZE is None, reason="needs systemd-analyze")
def test_systemd_finds_nothing_to_complain_of(tmp_path: Path) -> None:
    file = tmp_path / "mediaindex.service"
    file.write_text(unit(NASTY[0], {"PATH": "/usr/bin:/bin", "MEDIAINDEX_PLAYER": 'mpv "%" $x \\'}))
    command = [ANALYZE or "", "verify", "--user", "--man=no", str(file)]
    variables = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, env=variables, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(ANALYZE is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("library", NASTY)
def test_systemd_reads_the_path_that_was_meant(library: str, tmp_path: Path) -> None:
    said = loaded_by_systemd(tmp_path, unit(library, {"MEDIAINDEX_PLAYER": "mpv %s"}))
    (shown,) = [line for line in said.split("\n") if "Command Line: " in line and "mediaindex" in line]
    assert words(shown.split("Command Line: ")[1]) == [*COMMAND, library]
    assert "MEDIAINDEX_PLAYER=mpv %s" in said
    assert "WatchdogSec: 10min" in said
    assert "KillMode: mixed" in said


@pytest.mark.skipif(ANALYZE is None, reason="needs systemd-analyze")
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(library=PATHS)
def test_systemd_reads_any_path(library: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        said = loaded_by_systemd(Path(folder), unit(library))
    (shown,) = [line for line in said.split("\n") if "Command Line: " in line and "mediaindex" in line]
    assert words(shown.split("Command Line: ")[1]) == [*COMMAND, library]


def test_quoting_by_example() -> None:
    assert quoted('a "b" 100% \\ é\n\udce9') == '"a \\"b\\" 100%% \\\\ é\\x0a\\xe9"'


def test_what_a_unit_cannot_say_is_refused() -> None:
    with pytest.raises(MediaIndexError, match="starts no program"):
        text_of(Systemd(), "mediaindex", ('/opt/"py"/python', "-m"), {}, about="x")
    with pytest.raises(MediaIndexError, match="MEDIAINDEX_PLAYER"):
        text_of(Systemd(), "mediaindex", COMMAND, {"MEDIAINDEX_PLAYER": "a\nb"}, about="x")


def test_units_lie_where_systemd_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Systemd().file("mediaindex") == Path.home() / ".config/systemd/user/mediaindex.service"
    monkeypatch.setenv("XDG_CONFIG_HOME", "/elsewhere")
    assert Systemd().file("mediaindex") == Path("/elsewhere/systemd/user/mediaindex.service")


# launchd


@given(library=st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"])))
def test_a_property_list_holds_the_path_that_was_meant(library: str) -> None:
    environment = {"PATH": "/opt/homebrew/bin:/usr/bin", "MEDIAINDEX_ENCODER": '<fast> & "small"'}
    text = text_of(Launchd(), "mediaindex", (*COMMAND, library), environment, about="x")
    read = plistlib.loads(text)
    assert read["ProgramArguments"] == [*COMMAND, library]
    assert read["EnvironmentVariables"] == environment
    assert (read["Label"], read["Umask"], read["ProcessType"]) == ("mediaindex", 0o077, "Background")
    assert read["KeepAlive"] == {"SuccessfulExit": False}
    assert is_ours(text)


@pytest.mark.parametrize("library", ["/a\x1bb", "/latin-\udce9"])
def test_what_a_property_list_cannot_hold_is_refused(library: str) -> None:
    with pytest.raises(MediaIndexError, match="property list cannot hold"):
        text_of(Launchd(), "mediaindex", (*COMMAND, library), {}, about="x")


# Whose file it is


@pytest.mark.parametrize("manager", MANAGERS, ids=["systemd", "launchd"])
@given(data=st.data())
def test_a_changed_file_is_no_longer_ours(manager: Manager, data: st.DataObject) -> None:
    text = text_of(manager, "mediaindex", (*COMMAND, "/lib sha256 " + "0" * 64), {"PATH": "/bin"}, about="x")
    assert is_ours(text)
    place = data.draw(st.integers(0, len(text) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != text[place]))
    assert not is_ours(text[:place] + bytes([byte]) + text[place + 1 :])
    assert not is_ours(text + b"\n")


@given(text=st.binary())
def test_other_files_are_not_ours(text: bytes) -> None:
    assert not is_ours(text)


def test_each_library_has_a_service_of_its_own(tmp_path: Path) -> None:
    default = tmp_path / "library"
    assert name_of(default, default) == "mediaindex"
    others = {name_of(Path(os.fsdecode(name)), default) for name in (b"/a", b"/b", b"/\xe9")}
    assert len(others) == 3
    assert all(re.fullmatch("mediaindex-[0-9a-f]{8}", name) for name in others)


@pytest.fixture
def text() -> bytes:
    return unit("/library").encode()


def test_a_file_is_written_once_and_replaced_when_it_is_ours(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "systemd" / "user" / "mediaindex.service"
    assert unit_file.write(path, text)
    assert not unit_file.write(path, text)
    assert unit_file.write(path, unit("/another").encode())
    assert path.read_bytes() == unit("/another").encode()
    assert list(path.parent.iterdir()) == [path]
    unit_file.remove(path)
    assert unit_file.installed(path) is None


@pytest.mark.parametrize(
    "content", [b"", b"[Service]\nExecStart=/bin/true\n", unit("/library").encode() + b"# mine\n"]
)
def test_a_file_of_somebody_else_stays(tmp_path: Path, text: bytes, content: bytes) -> None:
    path = tmp_path / "mediaindex.service"
    path.write_bytes(content)
    for refused in (lambda: unit_file.write(path, text), lambda: unit_file.remove(path)):
        with pytest.raises(MediaIndexError, match="not written by mediaindex"):
            refused()
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "target", ["/dev/null", "/nowhere/at/all", "."], ids=["masked", "dangling", "folder"]
)
def test_a_link_stays(tmp_path: Path, text: bytes, target: str) -> None:
    path = tmp_path / "mediaindex.service"
    path.symlink_to(target)
    with pytest.raises(MediaIndexError, match="not written by mediaindex"):
        unit_file.write(path, text)
    assert os.readlink(path) == target


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "systemd").write_text("a file in the way")
    with pytest.raises(NoSpace, match="cannot be written"):
        unit_file.write(tmp_path / "systemd" / "mediaindex.service", text)
