"""`mediaindex` in processes that may be killed: starting them, ending them, and finding survivors."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench._report import say

GRACE_SECONDS = 10.0
ENVIRONMENT = {**os.environ, "MEDIAINDEX_THREADS": "1", "OMP_NUM_THREADS": "1", "MEDIAINDEX_JOBS": "2"}
STARTED_SECONDS = 300.0


def command(name: str, library: Path, *arguments: str) -> list[str]:
    """One `mediaindex` command with JSON on stdout."""
    return [sys.executable, "-m", "mediaindex", name, *arguments, "--library", str(library), "--json"]


def ask(name: str, library: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run a command to its end; its exit code and its object. Its output goes to stderr where it failed."""
    done = subprocess.run(command(name, library, *arguments), capture_output=True, text=True, env=ENVIRONMENT)
    if done.returncode:
        say(f"{name} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.returncode, json.loads(done.stdout) if done.stdout.strip() else {}


def run_to_the_end(name: str, library: Path, *arguments: str) -> bool:
    """Whether a command ended with 0, and failed on no file; its output goes to stderr where not."""
    code, answer = ask(name, library, *arguments)
    if code == 0 and (failed := answer.get("failed")):
        say(f"{name} failed on {failed}")
        return False
    return code == 0


def wait_for_retries(library: Path, *, seconds: float) -> None:
    """Wait until no failed file waits to be tried again, at most so long."""
    from mediaindex.store.catalog import failures
    from mediaindex.store.library import open_library

    deadline = time.monotonic() + seconds
    with open_library(library) as opened:
        while time.monotonic() < deadline:
            with opened.read() as connection:
                if failures.next_due(connection) is None:
                    return
            time.sleep(1.0)


def kill_group(leader: int) -> None:
    """Kill a process and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def kill_session(process: subprocess.Popen[Any], *, group: bool) -> int:
    """Kill a process that leads a session, alone or with its group; how many of the session lived on."""
    if group:
        kill_group(process.pid)
    process.kill()
    process.wait()
    left = session(process.pid, GRACE_SECONDS)
    if left:
        say(f"living on after the kill: {left}")
        kill_group(process.pid)
    return len(left)


def session(leader: int, seconds: float) -> list[str]:
    """The processes that are left of a session after at most some seconds."""
    import psutil

    deadline = time.monotonic() + seconds
    while True:
        left = []
        for process in psutil.process_iter(["pid", "status", "cmdline"]):
            try:
                if os.getsid(process.pid) == leader and process.info["status"] != psutil.STATUS_ZOMBIE:
                    left.append(f"{process.pid} {process.info['cmdline']}")
            except OSError:
                continue
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)


class Watch:
    """`mediaindex watch` in a session of its own, followed by the events that it prints.

    Args:
        log: a file for its events, new for each watcher.
        first: called in the new process before the command begins.
    """

    def __init__(
        self, library: Path, log: Path, *arguments: str, first: Callable[[], None] | None = None
    ) -> None:
        self._log = log
        with log.open("wb") as out, log.with_suffix(".err").open("wb") as err:
            self.process = subprocess.Popen(
                command("watch", library, *arguments),
                stdout=out,
                stderr=err,
                env=ENVIRONMENT,
                start_new_session=True,
                preexec_fn=first,
            )

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self.process.pid

    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def events(self) -> list[dict[str, Any]]:
        """The events so far."""
        whole = self._log.read_bytes().rpartition(b"\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def stderr(self) -> str:
        """What it wrote on stderr."""
        return self._log.with_suffix(".err").read_text(errors="replace")

    def wait_for(
        self, event: str, *, seconds: float = STARTED_SECONDS, after: int = 0, **fields: object
    ) -> dict[str, Any]:
        """Wait for an event with these fields among those after the first `after`.

        Raises:
            RuntimeError: it ended, or the event did not come in time.
        """
        deadline = time.monotonic() + seconds
        while True:
            ended = not self.runs()
            for event_fields in self.events()[after:]:
                if event_fields["event"] == event and fields.items() <= event_fields.items():
                    return event_fields
            if ended or time.monotonic() > deadline:
                raise RuntimeError(
                    f"no {event} {fields} of the watcher: {self.events()[-3:]} {self.stderr()}"
                )
            time.sleep(0.05)

    def wait_until_idle(self, quiet: float, *, seconds: float = STARTED_SECONDS) -> None:
        """Wait until its first pass is done and no event has come for `quiet` seconds.

        Raises:
            RuntimeError: it ended, or does not come to rest.
        """
        self.wait_for("looked", why="first", seconds=seconds)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.runs():
            events = Counter(event["event"] for event in self.events())
            resting = events["looking"] == events["looked"] + events["failed"]
            resting = resting and events["paused"] == events["resumed"]
            if resting and time.time() - self._log.stat().st_mtime > quiet:
                return
            time.sleep(0.1)
        raise RuntimeError(f"the watcher does not come to rest: {self.events()[-3:]} {self.stderr()}")

    def stop(self, *, seconds: float = 60.0) -> int:
        """End it as a service manager does; its exit code.

        Raises:
            RuntimeError: it goes on.
        """
        self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            kill_session(self.process, group=True)
            raise RuntimeError(f"the watcher did not end: {self.events()[-3:]} {self.stderr()}") from None
