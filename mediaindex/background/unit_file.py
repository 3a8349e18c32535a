"""The unit file that runs `watch` as a service of this user: signed, written and removed.

The file carries a digest of itself, so that no file of another origin, and none that a person changed,
is overwritten or removed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mediaindex.errors import MediaIndexError, NoSpace

NAME = "mediaindex"
UNSIGNED = "0" * 64
MARK = f"Written by 'mediaindex service install', sha256 {UNSIGNED}"
_SIGNED = re.compile(MARK.replace(UNSIGNED, "([0-9a-f]{64})").encode())


@dataclass(frozen=True, slots=True)
class State:
    """A service as its manager sees it; None for values that the manager does not know.

    Attributes:
        state: in the manager's own word.
        says: the last status line that the service sent.
    """

    state: str | None
    pid: int | None
    says: str | None


@dataclass(frozen=True, slots=True)
class UnitFile:
    """A file of a service manager, and what it is to hold."""

    path: Path
    text: bytes


class Manager(Protocol):
    """A service manager: starts and stops the services of a user.

    Attributes:
        name: of the manager. kind: what it calls a service's file. hint: when its services run.
    """

    name: str
    kind: str
    hint: str

    def file(self, service: str) -> Path:
        """Where the file of a service lies."""
        ...

    def text(
        self, service: str, command: Sequence[str], environment: Mapping[str, str], *, about: str, mark: str
    ) -> bytes:
        """Content of that file, with `mark` in a comment before everything that varies."""
        ...

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
        """The files that run a command every night, that which tells the time first.

        Args:
            service: of the library; the files have names of their own. at: HH:MM.
        """
        ...

    def timer_files(self, service: str) -> list[Path]:
        """Where these lie, whether or not they exist."""
        ...

    def start_timer(self, service: str) -> None:
        """Let the time come, now and after each login."""
        ...

    def stop_timer(self, service: str) -> None:
        """Let it not come any more."""
        ...

    def is_running(self) -> bool:
        """Whether there is a manager that can be asked."""
        ...

    def start(self, service: str) -> None:
        """Start it now and at each login."""
        ...

    def stop(self, service: str) -> None:
        """Stop it, now and for good."""
        ...

    def forget(self, service: str) -> None:
        """Clear up after the file was removed."""
        ...

    def state(self, service: str) -> State:
        """The service now."""
        ...


def name_of(library: Path, default: Path) -> str:
    """The service of a library: each has its own, that of the default library the short name."""
    if library == default:
        return NAME
    return f"{NAME}-{hashlib.sha256(os.fsencode(library)).hexdigest()[:8]}"


def text_of(
    manager: Manager, service: str, command: Sequence[str], environment: Mapping[str, str], *, about: str
) -> bytes:
    """The file of a service, signed."""
    return signed(manager.text(service, command, environment, about=about, mark=MARK))


def timer_of(
    manager: Manager,
    service: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    at: str,
    about: str,
) -> list[UnitFile]:
    """The files of a service's nightly timer, signed."""
    files = manager.timer(service, command, environment, at=at, about=about, mark=MARK)
    return [UnitFile(file.path, signed(file.text)) for file in files]


def signed(text: bytes) -> bytes:
    """A file's text with the digest of itself in its mark."""
    return text.replace(UNSIGNED.encode(), hashlib.sha256(text).hexdigest().encode(), 1)


def is_ours(text: bytes) -> bool:
    """Whether `text_of` made this text, unchanged since."""
    signed = _SIGNED.search(text)
    if signed is None:
        return False
    before, after = text[: signed.start(1)], text[signed.end(1) :]
    return hashlib.sha256(before + UNSIGNED.encode() + after).hexdigest().encode() == signed[1]


def write(path: Path, text: bytes) -> bool:
    """Write a service's file atomically; False where it was there with this text.

    Raises:
        MediaIndexError: a file that is not ours lies there; it stays.
        NoSpace: the folder cannot be written.
    """
    present = installed(path)
    if present == text:
        return False
    if present is not None and not is_ours(present):
        raise _not_ours(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(text)
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise NoSpace(f"{path} cannot be written: {error.strerror}; check permissions and space") from error
    return True


def remove(path: Path) -> None:
    """Remove a service's file.

    Raises:
        MediaIndexError: it is not ours; it stays.
        NoSpace: the folder cannot be written.
    """
    must_be_ours(path)
    try:
        path.unlink()
    except OSError as error:
        raise NoSpace(f"{path} cannot be removed: {error.strerror}; check permissions") from error


def must_be_ours(path: Path) -> None:
    """Check that a service's file may be removed.

    Raises:
        MediaIndexError: it was not written here, or was changed since.
    """
    if not is_ours(installed(path) or b""):
        raise _not_ours(path)


def installed(path: Path) -> bytes | None:
    """Content of a service's file; None without a file, empty where it cannot be read."""
    if not os.path.lexists(path):
        return None
    try:
        with path.open("rb") as file:
            return file.read(1 << 20) if path.is_file() else b""
    except OSError:
        return b""


def _not_ours(path: Path) -> MediaIndexError:
    return MediaIndexError(
        f"{path} was not written by mediaindex, or was changed since: it stays as it is; move it away first"
    )
