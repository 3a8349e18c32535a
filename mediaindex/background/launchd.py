"""macOS's launchd as the service manager of this user: property lists, and calls of launchctl."""

from __future__ import annotations

import os
import plistlib
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from mediaindex.background.unit_file import State, UnitFile
from mediaindex.errors import MediaIndexError

WAIT_SECONDS = 150.0
NICE = 10
RESTART_SECONDS = 30
STOP_SECONDS = 90
UMASK = 0o077


class Launchd:
    """The launchd of this user."""

    name = "launchd"
    kind = "property list"
    hint = "it runs while you are logged in"

    def file(self, service: str) -> Path:
        """Where the property list of a service lies."""
        return Path.home() / "Library" / "LaunchAgents" / f"{service}.plist"

    def text(
        self, service: str, command: Sequence[str], environment: Mapping[str, str], *, about: str, mark: str
    ) -> bytes:
        """The property list.

        Raises:
            MediaIndexError: it cannot hold a word of the command or a variable's value.
        """
        always = {
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": RESTART_SECONDS,
        }
        return _property_list(service, command, environment, always, mark)

    def timer(
        self,
        service: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        at: str,
        about: str,
        mark: str,
    ) -> list[UnitFile]:
        """The property list of a job at a time of day; one that was slept through is made up for on waking.

        Raises:
            MediaIndexError: as `text`.
        """
        hour, minute = map(int, at.split(":"))
        daily = {"StartCalendarInterval": {"Hour": hour, "Minute": minute}}
        (path,) = self.timer_files(service)
        return [UnitFile(path, _property_list(path.stem, command, environment, daily, mark))]

    def timer_files(self, service: str) -> list[Path]:
        """Where that property list lies."""
        return [self.file(f"{service}-nightly")]

    def start_timer(self, service: str) -> None:
        """Let the time come, now and after each login."""
        self.start(f"{service}-nightly")

    def stop_timer(self, service: str) -> None:
        """Let it not come any more."""
        self.stop(f"{service}-nightly")

    def is_running(self) -> bool:
        """Whether this user has a session of launchd."""
        try:
            return _launchctl("print", _domain()).returncode == 0
        except MediaIndexError:
            return False

    def start(self, service: str) -> None:
        """Start it now, anew where it runs, and whenever the user logs in."""
        _launchctl("bootout", f"{_domain()}/{service}")  # fails where it does not run
        done = _launchctl("bootstrap", _domain(), str(self.file(service)))
        if done.returncode != 0:
            raise MediaIndexError(f"launchctl bootstrap failed: {done.stderr.strip() or done.returncode}")

    def stop(self, service: str) -> None:
        """Stop it now."""
        _launchctl("bootout", f"{_domain()}/{service}")

    def forget(self, service: str) -> None:
        """Nothing to do: launchd reads the folder of property lists at each login."""

    def state(self, service: str) -> State:
        """The service now, in launchd's words; launchd keeps no status line."""
        answer = _launchctl("print", f"{_domain()}/{service}").stdout
        state = re.search(r"^\s*state = (.+)$", answer, re.MULTILINE)
        pid = re.search(r"^\s*pid = (\d+)$", answer, re.MULTILINE)
        return State(state=state[1] if state else None, pid=int(pid[1]) if pid else None, says=None)


def _property_list(
    label: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    when: Mapping[str, object],
    mark: str,
) -> bytes:
    """A job with its mark in a comment.

    Args:
        when: what starts it.

    Raises:
        MediaIndexError: a property list cannot hold a word of it.
    """
    job = {
        "Label": label,
        "ProgramArguments": list(command),
        "EnvironmentVariables": dict(environment),
        **when,
        "ExitTimeOut": STOP_SECONDS,
        "ProcessType": "Background",
        "LowPriorityIO": True,
        "Nice": NICE,
        "Umask": UMASK,
    }
    try:
        plist = plistlib.dumps(job, sort_keys=False)
    except ValueError as error:
        raise MediaIndexError(f"a property list cannot hold this service: {error}") from error
    return plist.replace(b"<plist ", f"<!-- {mark} -->\n<plist ".encode(), 1)


def _domain() -> str:
    return f"gui/{os.getuid()}"


def _launchctl(*words: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["launchctl", *words],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=WAIT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MediaIndexError(f"launchctl cannot be asked: {error}") from error
