"""Units: read by systemd's own rules, with any path that a library may have."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from mediaindex.background.systemd import Systemd, quoted
from mediaindex.background.unit_file import text_of
from mediaindex.errors import MediaIndexError
from tests.support.unit_files import COMMAND, PATHS, unit

ANALYZE = shutil.which("systemd-analyze")
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

# Words are parted by systemd's blanks; Python's \s has more, such as U+0085.
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|([^ \t\r\n]+)', re.DOTALL)
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
