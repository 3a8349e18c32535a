"""mpv, kept open: the next moment is shown in the same window, by a message over its socket.

    {"command": {"name": "loadfile", "url": …, "options": "start=19"}, "request_id": 1}

One JSON object a line goes either way. Arguments have names, since mpv 0.38 put a new one between those of
`loadfile` that have none. A path goes as its bytes: a name that is no UTF-8 is no text. That `loadfile` was
understood says nothing; whether the film could be opened comes as an event behind it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from mediaindex.errors import MediaError, MediaIndexError
from mediaindex.export.command_player import MPV, CommandPlayer, find_player
from mediaindex.export.detached_program import spawned
from mediaindex.export.player import Player, StartedPlayer
from mediaindex.safe_text import format_seconds, printable

START_SECONDS = 15.0
"""So long mpv may take to open its socket,"""
REPLY_SECONDS = 15.0
"""and to answer there: a film may lie on a disk that is asleep."""
POLL_SECONDS = 0.02
TRIES = 3
"""So often a moment is shown again to a mpv that let go of the socket and runs on."""
LINE_BYTES = 1 << 20
SOCKET = "socket"
OPTIONS = ("--idle=yes", "--keep-open=yes", "--force-window=immediate", "--no-terminal")
"""With `--idle=once` a film that is not there would end mpv."""


def new_player(command: str | None = None) -> Player:
    """The player of a configured command, else mpv kept open, else another one on this machine.

    Raises:
        ConfigError, MediaIndexError: see `find_player`.
    """
    if command is None and shutil.which(MPV[0]) is not None:
        return MpvPlayer()
    return find_player(command)


def has_display() -> bool:
    """Whether a window can be opened; mpv would not fail without, but play where nobody sees it."""
    return sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


class MpvPlayer:
    """A mpv that shows one moment after the other; it stays when this program ends.

    Args:
        options: further ones of mpv, such as for a test.
    """

    def __init__(self, options: tuple[str, ...] = ()) -> None:
        self._options = options
        self._lock = threading.Lock()
        self._mpv: _Connection | None = None

    def play(self, path: Path, seconds: float) -> StartedPlayer:
        """Show a film from `seconds` on: in the window that is open, else in a new one.

        Raises:
            MediaError: the film is not there, or mpv cannot open it.
            MediaIndexError: mpv does not run, or there is no display; then the message says what to type.
        """
        path, seconds = Path(os.path.abspath(path)), max(seconds, 0.0)
        command = CommandPlayer(MPV).command(path, seconds)
        if not os.path.exists(path):
            raise MediaError(f"{path} is not there now")
        if not has_display():
            raise MediaIndexError(f"no display here; on your own machine: {shlex.join(command)}")
        with self._lock:
            if self._mpv is not None:
                try:
                    self._mpv.show(path, seconds)
                    return StartedPlayer(command)
                except _Gone:
                    self.close()
            self._mpv = _started(self._options)
            try:
                self._mpv.show(path, seconds)
            except _Gone as error:
                self.close()
                raise MediaIndexError(f"mpv ended; try it by hand: {shlex.join(command)}") from error
        return StartedPlayer(command)

    def close(self) -> None:
        """Let go of mpv, whose window stays, and remove its socket."""
        if self._mpv is not None:
            self._mpv.close()
            self._mpv = None


class _Gone(Exception):
    """The mpv at the other end has ended."""


class _Connection:
    """A connection to a mpv that runs.

    Args:
        folder: of its socket, removed at the end.
    """

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self._folder = folder
        self._process = process
        self._socket = socket.socket(socket.AF_UNIX)
        self._read = b""
        self._number = 0
        try:
            self._connect()
        except BaseException:
            self._socket.close()
            raise

    def _connect(self) -> None:
        """Connect as soon as mpv listens, and stays: one that starts may close the first connections.

        Raises:
            _Gone: mpv has ended. MediaIndexError: it opens no socket. OSError: it cannot be connected.
        """
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise _Gone
            self._socket.close()
            self._socket, self._read = socket.socket(socket.AF_UNIX), b""
            with contextlib.suppress(FileNotFoundError, ConnectionRefusedError, _Gone):
                self._socket.connect(os.fspath(self._folder / SOCKET))
                # What nobody reads would fill the socket.
                self._ask("disable_event", "all")
                self._ask("enable_event", "file-loaded")
                self._ask("enable_event", "end-file")
                return
            time.sleep(POLL_SECONDS)
        raise MediaIndexError(
            "mpv started and opened no socket; name another player with the setting 'player'"
        )

    def show(self, path: Path, seconds: float) -> None:
        """Load a film at a time, or go to that time where it is the one that is shown.

        Raises:
            MediaError: it cannot be opened. _Gone: mpv has ended.
        """
        for _try in range(TRIES):
            try:
                self._show(path, seconds)
                return
            except _Gone:
                self._connect()
        self._process.kill()
        raise _Gone

    def _show(self, path: Path, seconds: float) -> None:
        is_shown = self._ask("get_property", "path").get("data") == str(path)
        if not is_shown or self._ask("seek", seconds, "absolute+exact")["error"] != "success":
            self._load(path, seconds)
        self._ask("set_property", "pause", False)
        self._ask("show-text", f"{printable(path.name)}  {format_seconds(seconds)}", 2000)

    def _load(self, path: Path, seconds: float) -> None:
        named = {"name": "loadfile", "url": str(path), "flags": "replace", "options": f"start={seconds:.3f}"}
        if (error := self._command(named)["error"]) != "success":
            raise MediaError(f"mpv cannot open {path}: {error}")
        until = time.monotonic() + REPLY_SECONDS
        while (event := self._next(until)) is not None:
            if event.get("event") == "file-loaded":
                return
            if event.get("event") == "end-file" and event.get("reason") == "error":
                raise MediaError(f"mpv cannot open {path}: {event.get('file_error') or 'no reason given'}")

    def _ask(self, *words: object) -> dict[str, Any]:
        return self._command(list(words))

    def _command(self, command: object) -> dict[str, Any]:
        """Send a command; the reply, whose `error` is "success" where there is none."""
        self._number += 1
        message = {"command": command, "request_id": self._number}
        line = json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogateescape")
        try:
            self._socket.sendall(line + b"\n")
        except OSError as error:
            raise _Gone from error
        until = time.monotonic() + REPLY_SECONDS
        while (reply := self._next(until)) is not None:
            if reply.get("request_id") == self._number and "error" in reply:
                return reply
        raise MediaIndexError("mpv runs and does not answer; close its window and try again")

    def _next(self, until: float) -> dict[str, Any] | None:
        """The next reply or event, None where none comes in time.

        Raises:
            _Gone: mpv has ended.
        """
        while b"\n" not in self._read:
            self._socket.settimeout(max(0.001, until - time.monotonic()))
            try:
                more = self._socket.recv(1 << 16)
            except TimeoutError:
                return None
            except OSError as error:
                raise _Gone from error
            if not more or len(self._read) > LINE_BYTES:
                raise _Gone
            self._read += more
        line, _, self._read = self._read.partition(b"\n")
        found = json.loads(line.decode("utf-8", "surrogateescape"))
        return found if isinstance(found, dict) else {}

    def close(self) -> None:
        """Close the connection, and remove the socket."""
        self._socket.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        # Whoever lives long must not collect dead children.
        threading.Thread(target=self._process.wait, name="player", daemon=True).start()


def _started(options: tuple[str, ...]) -> _Connection:
    """A mpv that was started, and its socket connected.

    Raises:
        MediaIndexError: it cannot be started, ends at once, or opens no socket.
    """
    folder = Path(tempfile.mkdtemp(prefix="mediaindex-mpv-", dir=os.environ.get("XDG_RUNTIME_DIR") or None))
    command = (MPV[0], *OPTIONS, f"--input-ipc-server={folder / SOCKET}", *options)
    try:
        process = spawned(command)
    except MediaIndexError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    try:
        return _Connection(folder, process)
    except (_Gone, OSError, MediaIndexError) as error:
        process.kill()  # nobody could use its window
        code = process.wait()
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, _Gone):
            by_hand = shlex.join(command)
            raise MediaIndexError(f"mpv ended at once with code {code}; try it by hand: {by_hand}") from error
        if isinstance(error, OSError):
            raise MediaIndexError(f"mpv cannot be reached: {error.strerror or error}") from error
        raise
