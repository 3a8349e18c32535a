"""The command by which a user is told that something fell: a desktop notification, a mail."""

from __future__ import annotations

import shlex
import subprocess

from mediaindex.errors import ConfigError, MediaIndexError
from mediaindex.safe_text import printable

SUMMARY = "{summary}"
WAIT_SECONDS = 60.0


def command_of(template: str) -> tuple[str, ...]:
    """The words of a configured command; no shell reads them.

    Raises:
        ConfigError: it cannot be read, names no program, or lacks `{summary}`.
    """
    try:
        words = tuple(shlex.split(template))
    except ValueError as error:
        raise ConfigError(f"the setting nightly.notify cannot be read ({error}): {template}") from error
    if not any(SUMMARY in word for word in words[1:]):
        raise ConfigError(f"the setting nightly.notify needs a program and {SUMMARY}: {template}")
    return words


def notify(template: str, summary: str) -> None:
    """Run the command, with the summary in one argument.

    Raises:
        ConfigError: see `command_of`. MediaIndexError: it cannot be started, fails, or does not end.
    """
    program, *words = command_of(template)
    command = [program, *(word.replace(SUMMARY, printable(summary)) for word in words)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=WAIT_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MediaIndexError(f"nightly.notify: {program} could not be run: {error}") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise MediaIndexError(
            f"nightly.notify: {program} ended with {done.returncode} {''.join(said)}".rstrip()
        )
