"""systemd as the service manager of this user: units, and calls of systemctl."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from mediaindex.background.unit_file import State, UnitFile
from mediaindex.errors import MediaIndexError

WAIT_SECONDS = 150.0

# Only children read a film's bytes. They isolate themselves, for which `RestrictNamespaces` leaves them the
# network and user namespaces. Options that need a mount namespace (ProtectSystem, PrivateTmp) are left out:
# without unprivileged user namespaces the unit would not start, and drives plugged in later could be missed.
# MemoryDenyWriteExecute would stop the code that torch compiles.
UNIT = """\
# {mark}
# Changes belong in a drop-in, which 'systemctl --user edit {name}' opens.

[Unit]
Description={description}

[Service]
Type=notify
NotifyAccess=main
ExecStart=:{command}
{environment}
# Another process may have to finish with the library first.
TimeoutStartSec=infinity
WatchdogSec=10min
Restart=on-failure
RestartSec=30
# A setting, or an encoder that is not here: a person has to act. A damaged library (6) is tried again, so
# that the service goes on by itself once it is repaired.
RestartPreventExitStatus=2 4
# Interrupted, with the library consistent.
SuccessExitStatus=130
# Its decoders end with it; one that is killed counts as a film that cannot be read.
KillMode=mixed
OOMPolicy=continue

Nice=10
CPUSchedulingPolicy=batch
IOSchedulingClass=idle

UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=net user
RestrictAddressFamilies=AF_UNIX AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=~@clock @debug @module @mount @obsolete @raw-io @reboot @swap
SystemCallErrorNumber=EPERM

[Install]
WantedBy=default.target
"""


# A night that was missed, the machine being off, is made up for. It may begin up to five minutes late, so
# that not all of a machine's timers wake at once.
TIMER = """\
# {mark}

[Unit]
Description={description}

[Timer]
OnCalendar=*-*-* {at}:00
Persistent=true
RandomizedDelaySec=5min

[Install]
WantedBy=timers.target
"""
# Exit code 1 tells of a regression, 5 of videos that could not be read: neither is a failure of the unit.
NIGHT = """\
# {mark}

[Unit]
Description={description}

[Service]
Type=oneshot
ExecStart=:{command}
{environment}
SuccessExitStatus=1 5 130

Nice=15
CPUSchedulingPolicy=idle
IOSchedulingClass=idle

UMask=0077
NoNewPrivileges=yes
"""


class Systemd:
    """The systemd of this user."""

    name = "systemd"
    kind = "unit"
    hint = "it stops when you log out, unless 'loginctl enable-linger' was called"

    def file(self, service: str) -> Path:
        """Where the unit of a service lies."""
        configuration = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
        return Path(configuration) / "systemd" / "user" / f"{service}.service"

    def text(
        self, service: str, command: Sequence[str], environment: Mapping[str, str], *, about: str, mark: str
    ) -> bytes:
        """The unit.

        Raises:
            MediaIndexError: a unit cannot name this program or hold a variable's value.
        """
        return _filled(UNIT, command, environment, name=service, mark=mark, description=_described(about))

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
        """The timer, and the unit that it starts.

        Raises:
            MediaIndexError: as `text`.
        """
        timer, unit = self.timer_files(service)
        description = _described(about)
        text = TIMER.format(mark=mark, description=description, at=at).encode()
        return [
            UnitFile(timer, text),
            UnitFile(unit, _filled(NIGHT, command, environment, mark=mark, description=description)),
        ]

    def timer_files(self, service: str) -> list[Path]:
        """Where the timer and its unit lie."""
        folder = self.file(service).parent
        return [folder / f"{service}-nightly.timer", folder / f"{service}-nightly.service"]

    def start_timer(self, service: str) -> None:
        """Let the time come, now and after each login."""
        _must("daemon-reload")
        _must("enable", "--now", f"{service}-nightly.timer")

    def stop_timer(self, service: str) -> None:
        """Let it not come any more; a night that goes on ends by itself."""
        _must("disable", "--now", f"{service}-nightly.timer")

    def is_running(self) -> bool:
        """Whether a systemd of this user can be asked."""
        with contextlib.suppress(MediaIndexError):
            return _systemctl("show", "--property=Version").returncode == 0
        return False

    def start(self, service: str) -> None:
        """Start it now, anew where it runs, and whenever the user logs in."""
        _must("daemon-reload")
        _must("enable", f"{service}.service")
        # No waiting: it is up once it holds the writer lock, which another process may be holding.
        _must("restart", "--no-block", f"{service}.service")

    def stop(self, service: str) -> None:
        """Stop it now, and never start it by itself again."""
        _must("disable", "--now", f"{service}.service")

    def forget(self, service: str) -> None:
        """Remove the link that enabled a unit whose file is gone."""
        folder = self.file(service).parent
        links = (f"default.target.wants/{service}.service", f"timers.target.wants/{service}-nightly.timer")
        for link in (folder / name for name in links):
            if link.is_symlink():
                link.unlink()
        if self.is_running():
            _must("daemon-reload")

    def state(self, service: str) -> State:
        """The service now, in systemd's words."""
        names = ("ActiveState", "MainPID", "StatusText")
        answer = _systemctl("show", f"{service}.service", f"--property={','.join(names)}").stdout
        properties: dict[str, str] = {}
        for line in answer.splitlines():
            key, _, value = line.partition("=")
            properties[key] = value
        return State(
            state=properties.get("ActiveState") or None,
            pid=int(properties.get("MainPID") or 0) or None,
            says=properties.get("StatusText") or None,
        )


def _filled(template: str, command: Sequence[str], environment: Mapping[str, str], **values: str) -> bytes:
    """A unit that runs a command.

    Raises:
        MediaIndexError: it cannot name this program or hold a variable's value.
    """
    if re.search(r"""[\x00-\x1f\x7f"'\\]""", command[0]):
        raise MediaIndexError(f"systemd starts no program with such a name: {command[0]}")
    for variable, value in environment.items():
        if not value.isprintable():
            raise MediaIndexError(f"a unit cannot hold the value of {variable}; unset it")
    assignments = "\n".join(f"Environment={quoted(f'{key}={value}')}" for key, value in environment.items())
    words = " ".join(map(quoted, command))
    return template.format(command=words, environment=assignments, **values).encode()


def _described(about: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in about).replace("%", "%%")


def quoted(word: str) -> str:
    r"""One word of a unit's command line, in ASCII quotes.

    Backslash and quote are escaped, unprintable characters and bytes that are no UTF-8 become `\xNN`, and
    a percent sign is doubled, since systemd expands a single one. `$` stays: the colon before the command
    lines of `UNIT` switches variables off.
    """
    return '"' + "".join(map(_escaped, word)) + '"'


def _escaped(character: str) -> str:
    if not character.isprintable():
        return "".join(f"\\x{byte:02x}" for byte in os.fsencode(character))
    return {"%": "%%", '"': r"\"", "\\": r"\\"}.get(character, character)


def _must(*words: str) -> None:
    done = _systemctl(*words)
    if done.returncode != 0:
        messages = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise MediaIndexError(f"systemctl --user {' '.join(words)} failed: {messages[-1]}")


def _systemctl(*words: str) -> subprocess.CompletedProcess[str]:
    command = ["systemctl", "--user", "--no-pager", *words]
    try:
        return subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, timeout=WAIT_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MediaIndexError(f"systemctl cannot be asked: {error}") from error
