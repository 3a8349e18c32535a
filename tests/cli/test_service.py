"""`service`: what it writes, what it asks of the manager, and what it leaves alone."""

from __future__ import annotations

import os
import plistlib
import sys
from pathlib import Path

import pytest

from mediaindex.background.unit_file import NAME, is_ours, name_of
from mediaindex.store.library import open_library
from tests.support.commands import Commands

SYSTEMCTL = r"""#!/bin/sh
# A manager that runs one service: notes what is asked, and answers as systemctl does.
echo "$@" >> "$CALLS"
case "$*" in
    *--property=Version*) exit ${VERSION_CODE:-0} ;;
    *ActiveState*) printf 'ActiveState=active\nMainPID=4242\nStatusText=watching 2 folders = all\n' ;;
    *restart*) [ -z "$BROKEN" ] || { echo "Failed: Unit is masked." >&2; exit 1; } ;;
esac
"""
LAUNCHCTL = r"""#!/bin/sh
echo "$@" >> "$CALLS"
case "$*" in
    "bootstrap "*) [ -z "$BROKEN" ] || { echo "Bootstrap failed: 5" >&2; exit 5; } ;;
    "print gui/"*/*) printf '\tstate = running\n\n\tpid = 4242\n' ;;
esac
"""


class Managed:
    """A machine whose service manager is a script that notes its calls."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.monkeypatch = monkeypatch
        self.calls_file = folder / "calls"
        folder.mkdir()
        monkeypatch.setenv("CALLS", str(self.calls_file))
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def program(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o755)

    def calls(self) -> list[str]:
        """What was asked since the last look, without the look whether it runs."""
        lines = self.calls_file.read_text().splitlines() if self.calls_file.exists() else []
        self.calls_file.unlink(missing_ok=True)
        return [line for line in lines if "Version" not in line]


@pytest.fixture
def managed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Managed:
    """A Linux whose systemctl answers."""
    monkeypatch.setattr(sys, "platform", "linux")
    machine = Managed(tmp_path / "bin", monkeypatch)
    machine.program("systemctl", SYSTEMCTL)
    return machine


@pytest.fixture
def unmanaged(managed: Managed) -> Managed:
    """A Linux without a user's systemd."""
    managed.monkeypatch.setenv("VERSION_CODE", "1")
    return managed


@pytest.fixture(autouse=True)
def _library(library: Path) -> None:
    open_library(library, create=True).close()


@pytest.fixture
def unit(library: Path) -> Path:
    name = name_of(library, Path.home())
    return Path.home() / ".config" / "systemd" / "user" / f"{name}.service"


def test_install_writes_the_unit_and_starts_it(commands: Commands, managed: Managed, unit: Path) -> None:
    done = commands("service", "install")
    assert list(done) == ["schema", "manager", "name", "path", "text", "written", "started", "timer"]
    assert done["timer"] is None
    assert (done["manager"], done["written"], done["started"]) == ("systemd", True, True)
    assert done["path"] == str(unit)
    assert unit.read_text() == done["text"]
    assert is_ours(unit.read_bytes())
    assert f'"watch" "--library" "{commands.library}"' in done["text"]
    assert managed.calls() == [
        "--user --no-pager daemon-reload",
        f"--user --no-pager enable {unit.name}",
        f"--user --no-pager restart --no-block {unit.name}",
    ]
    again = commands.text("service", "install")
    assert (again.code, again.out.splitlines()[0]) == (0, f"unchanged: {unit}")
    assert f"started {unit.stem}" in again.out
    assert "no folder is followed yet" in again.err


def test_status_tells_what_the_service_says(commands: Commands, managed: Managed, unit: Path) -> None:
    before = commands("service", "status")
    assert (before["installed"], before["ours"], before["manager_runs"]) == (False, None, True)
    commands("service", "install")
    status = commands("service", "status")
    assert (status["installed"], status["ours"]) == (True, True)
    assert (status["state"], status["pid"], status["says"]) == ("active", 4242, "watching 2 folders = all")
    shown = commands.text("service", "status").out
    assert shown.splitlines() == [
        f"{unit.stem}: installed ({unit})",
        "active: watching 2 folders = all (pid 4242)",
    ]


def test_uninstall_stops_it_and_removes_the_unit(commands: Commands, managed: Managed, unit: Path) -> None:
    commands("service", "install")
    managed.calls()
    gone = commands("service", "uninstall")
    assert gone == {
        "schema": 1,
        "manager": "systemd",
        "name": unit.stem,
        "path": str(unit),
        "removed": True,
        "timer": None,
    }
    assert not unit.exists()
    assert managed.calls() == [
        f"--user --no-pager disable --now {unit.name}",
        "--user --no-pager daemon-reload",
    ]
    assert commands("service", "uninstall")["removed"] is False
    assert "nothing to remove" in commands.text("service", "uninstall").out
    assert managed.calls() == []


def test_print_shows_the_unit_and_writes_nothing(commands: Commands, unmanaged: Managed, unit: Path) -> None:
    shown = commands.text("service", "install", "--print")
    assert shown.code == 0
    assert "\nType=notify\n" in shown.out
    assert str(unit) in shown.err
    told = commands("service", "install", "--print")
    assert shown.out == told["text"]
    assert (told["written"], told["started"]) == (False, False)
    assert not unit.parent.exists()


@pytest.fixture
def nightly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A settings file with a section [nightly], and nothing in it."""
    path = tmp_path / "config.toml"
    path.write_text("[nightly]\n")
    monkeypatch.setenv("MEDIAINDEX_CONFIG", str(path))
    return path


def test_a_section_nightly_gets_a_timer(
    commands: Commands, managed: Managed, unit: Path, nightly: Path
) -> None:
    timer = unit.with_name(f"{unit.stem}-nightly.timer")
    night = timer.with_suffix(".service")
    done = commands("service", "install")["timer"]
    assert (done["path"], done["written"], done["started"]) == (str(timer), True, True)
    assert timer.read_text() == done["text"]
    assert "\nOnCalendar=*-*-* 03:30:00\n" in done["text"]
    assert f'"eval" "--nightly" "--library" "{commands.library}"' in night.read_text()
    assert f'Environment="MEDIAINDEX_CONFIG={nightly}"' in night.read_text()
    assert all(is_ours(path.read_bytes()) for path in (timer, night))
    assert managed.calls()[-2:] == [
        "--user --no-pager daemon-reload",
        f"--user --no-pager enable --now {timer.name}",
    ]
    assert commands("service", "status")["timer"] == {"path": str(timer), "ours": True}
    assert f"nightly evaluation: installed ({timer})" in commands.text("service", "status").out
    nightly.write_text("[nightly]\nat = '23:05'\n")
    again = commands("service", "install")["timer"]
    assert again["written"]
    assert "OnCalendar=*-*-* 23:05:00" in timer.read_text()
    managed.calls()
    gone = commands("service", "uninstall")
    assert (gone["removed"], gone["timer"]) == (True, str(timer))
    assert not any(path.exists() for path in (timer, night, unit))
    assert managed.calls()[0] == f"--user --no-pager disable --now {timer.name}"


def test_a_timer_goes_with_the_section(
    commands: Commands, managed: Managed, unit: Path, nightly: Path
) -> None:
    commands("service", "install", "--no-start")
    timer = unit.with_name(f"{unit.stem}-nightly.timer")
    assert timer.exists()
    nightly.write_text("")
    said = commands.text("service", "install", "--no-start")
    assert f"removed {timer}: the settings have no [nightly]" in said.out
    assert not timer.exists()
    assert commands("service", "status")["timer"] is None


def test_a_timer_of_somebody_else_stays(
    commands: Commands, managed: Managed, unit: Path, nightly: Path
) -> None:
    timer = unit.with_name(f"{unit.stem}-nightly.timer")
    commands("service", "install")
    timer.write_text(timer.read_text().replace("03:30", "04:30"))
    for action in ("install", "uninstall"):
        ran = commands.ran("service", action)
        assert (ran.code, str(timer) in ran.json["error"]) == (1, True)
    assert unit.exists()
    assert "04:30" in timer.read_text()
    assert commands("service", "status")["timer"]["ours"] is False


def test_print_shows_the_timer_too(commands: Commands, unmanaged: Managed, unit: Path, nightly: Path) -> None:
    shown = commands.text("service", "install", "--print")
    assert "\n[Timer]\n" in shown.out
    assert "\nType=oneshot\n" in shown.out
    assert not unit.parent.exists()


def test_purge_removes_the_timer(commands: Commands, managed: Managed, unit: Path, nightly: Path) -> None:
    commands("service", "install")
    commands("purge", "--yes")
    assert list(unit.parent.glob("mediaindex*")) == []


def test_without_a_manager_nothing_is_written_unasked(
    commands: Commands, unmanaged: Managed, unit: Path
) -> None:
    refused = commands.text("service", "install")
    assert (refused.code, refused.out, refused.err.count("\n")) == (1, "", 2)
    assert "nothing was written" in refused.err
    assert not unit.parent.exists()

    done = commands("service", "install", "--no-start")
    assert (done["written"], done["started"]) == (True, False)
    assert is_ours(unit.read_bytes())
    assert unmanaged.calls() == []

    status = commands("service", "status")
    assert (status["manager_runs"], status["installed"], status["state"]) == (False, True, None)
    assert "no systemd of this user runs here" in commands.text("service", "status").out

    link = unit.parent / "default.target.wants" / unit.name
    link.parent.mkdir()
    link.symlink_to(unit)
    assert commands("service", "uninstall")["removed"] is True
    assert not link.is_symlink()


def test_a_machine_without_systemctl_is_one_without_a_manager(commands: Commands, managed: Managed) -> None:
    (managed.folder / "systemctl").unlink()
    managed.monkeypatch.setenv("PATH", str(managed.folder))
    assert commands("service", "status")["manager_runs"] is False
    assert commands.ran("service", "install").code == 1


def test_the_unit_of_somebody_else_stays(commands: Commands, managed: Managed, unit: Path) -> None:
    unit.parent.mkdir(parents=True)
    unit.write_text("[Service]\nExecStart=/bin/true\n")
    for action in ("install", "uninstall"):
        ran = commands.ran("service", action)
        assert ran.code == 1
        assert str(unit) in ran.json["error"]
    assert unit.read_text() == "[Service]\nExecStart=/bin/true\n"
    assert commands("service", "status")["ours"] is False
    assert "not ours" in commands.text("service", "status").out
    assert [call for call in managed.calls() if "show" not in call] == []


def test_what_the_manager_refuses_is_told(commands: Commands, managed: Managed, unit: Path) -> None:
    managed.monkeypatch.setenv("BROKEN", "1")
    ran = commands.ran("service", "install")
    assert ran.code == 1
    assert ran.json["error"].endswith("failed: Failed: Unit is masked.")


def test_a_service_needs_a_library(commands: Commands, managed: Managed, tmp_path: Path) -> None:
    commands.library = tmp_path / "none"
    ran = commands.ran("service", "install")
    assert ran.code == 2
    assert "there is no library" in ran.json["error"]
    assert commands.ran("service", "install", "--print").code == 0


def test_settings_of_the_shell_go_with_the_service(
    commands: Commands, unmanaged: Managed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my config.toml").write_text("jobs = 2\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDIAINDEX_CONFIG", "my config.toml")
    monkeypatch.setenv("MEDIAINDEX_MAX_LOAD", "3")
    monkeypatch.setenv("MEDIAINDEX_LIBRARY", "/another")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    text = commands("service", "install", "--print")["text"]
    assert f'Environment="MEDIAINDEX_CONFIG={tmp_path}/my config.toml"' in text
    assert 'Environment="MEDIAINDEX_MAX_LOAD=3"' in text
    assert f'Environment="PATH={os.environ["PATH"]}"' in text
    assert "another" not in text
    assert "secret" not in text


def test_the_default_library_has_the_short_name(commands: Commands, unmanaged: Managed) -> None:
    from mediaindex.config import default_library

    commands.library = default_library()
    assert commands("service", "status")["name"] == NAME


@pytest.fixture
def mac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Managed:
    monkeypatch.setattr(sys, "platform", "darwin")
    machine = Managed(tmp_path / "bin", monkeypatch)
    machine.program("launchctl", LAUNCHCTL)
    return machine


def test_launchd_has_a_property_list(commands: Commands, mac: Managed) -> None:
    from mediaindex.background.launchd import Launchd

    name = name_of(commands.library, Path.home())
    file = Launchd().file(name)
    domain = f"gui/{os.getuid()}"
    shown = commands("service", "install", "--print")
    assert shown["path"] == str(file)
    assert file == Path.home() / "Library" / "LaunchAgents" / f"{name}.plist"
    assert plistlib.loads(shown["text"].encode())["Label"] == name
    file.parent.mkdir(parents=True)
    file.write_text(shown["text"])
    Launchd().start(name)
    assert mac.calls() == [f"bootout {domain}/{name}", f"bootstrap {domain} {file}"]
    status = commands("service", "status")
    assert (status["manager"], status["state"], status["pid"], status["says"]) == (
        "launchd",
        "running",
        4242,
        None,
    )
    mac.calls()
    assert commands("service", "uninstall")["removed"] is True
    assert mac.calls() == [f"print {domain}", f"bootout {domain}/{name}"]
    assert not file.exists()


def test_launchd_has_a_property_list_for_the_night(commands: Commands, mac: Managed, nightly: Path) -> None:
    from mediaindex.background.launchd import Launchd

    name = name_of(commands.library, Path.home())
    nightly.write_text("[nightly]\nat = '04:05'\n")
    timer = commands("service", "install")["timer"]
    file = Path(timer["path"])
    assert file == Launchd().file(f"{name}-nightly")
    job = plistlib.loads(file.read_bytes())
    assert job["Label"] == f"{name}-nightly"
    assert job["StartCalendarInterval"] == {"Hour": 4, "Minute": 5}
    assert job["ProgramArguments"][-4:] == ["eval", "--nightly", "--library", str(commands.library)]
    assert "RunAtLoad" not in job
    domain = f"gui/{os.getuid()}"
    assert mac.calls()[-1] == f"bootstrap {domain} {file}"
    assert commands("service", "uninstall")["timer"] == str(file)
    assert f"bootout {domain}/{name}-nightly" in mac.calls()
    assert not file.exists()


def test_what_launchd_refuses_is_told(mac: Managed) -> None:
    from mediaindex.background.launchd import Launchd
    from mediaindex.errors import MediaIndexError

    mac.monkeypatch.setenv("BROKEN", "1")
    with pytest.raises(MediaIndexError, match="Bootstrap failed: 5"):
        Launchd().start("mediaindex")
    (mac.folder / "launchctl").unlink()
    mac.monkeypatch.setenv("PATH", str(mac.folder))
    assert not Launchd().is_running()


def test_other_systems_have_no_manager(commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "freebsd14")
    ran = commands.ran("service", "status")
    assert ran.code == 1
    assert "start 'mediaindex watch' yourself" in ran.json["error"]
