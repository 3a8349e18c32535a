"""How a command speaks: data on stdout, narration on stderr, nothing that steers a terminal."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import Any

from mediaindex.safe_text import format_seconds, printable

SCHEMA = 1
PLAIN_LINE_SECONDS = 10.0
RATE_AFTER_SECONDS = 1.0


class Output:
    """Where one command prints.

    Args:
        as_json: one JSON object on stdout in place of text.
    """

    def __init__(self, *, as_json: bool, command: str) -> None:
        self.as_json = as_json
        self.command = command

    def data(self, values: Mapping[str, Any]) -> None:
        """Print the command's object, where JSON was asked for."""
        if self.as_json:
            # ASCII escapes keep names that are no UTF-8 (lone surrogates) printable and lossless.
            sys.stdout.write(json.dumps({"schema": SCHEMA, **values}, ensure_ascii=True) + "\n")
            # A pipe or a file is buffered: who reads a watcher's events would wait for hours.
            sys.stdout.flush()

    def line(self, text: str = "") -> None:
        """Print a line of the answer for a person, where no JSON was asked for."""
        if not self.as_json:
            sys.stdout.write(encodable(printable(text)) + "\n")
            sys.stdout.flush()

    def say(self, text: str) -> None:
        """Narrate on stderr."""
        sys.stderr.write(encodable(printable(text)) + "\n")
        sys.stderr.flush()

    def fail(self, text: str, exit_code: int) -> None:
        """Say why the command failed, in one line."""
        self.say(f"mediaindex {self.command}: {text}")
        self.data({"error": text, "exit_code": exit_code})


def is_on_terminal() -> bool:
    """Whether a person sits before both ends; a stream that is closed is none."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


def encodable(text: str) -> str:
    """Text that stdout's encoding can take, whatever the locale."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


class ProgressLine:
    """Progress on stderr: a bar on a terminal, a plain line now and then in a pipe."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._began = time.monotonic()
        self._printed = self._began
        self._stage = ""
        self._stage_began = self._began
        self._bar: Any = None
        self._task: Any = None
        if sys.stderr.isatty():
            self._open_bar()

    def _open_bar(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._bar.start()
        self._task = self._bar.add_task("starting", total=None, rate="")

    def __call__(self, step: Mapping[str, Any]) -> None:
        """Show one step: stage, done, total; where it has them, media_seconds, outlook, and a note."""
        now = time.monotonic()
        if step["stage"] != self._stage:
            self._stage, self._stage_began = step["stage"], now
        elapsed = now - self._stage_began
        media = step.get("media_seconds", 0.0)
        rate = f"{media / elapsed:.1f}x real time" if media and elapsed > RATE_AFTER_SECONDS else ""
        rate = ", ".join(filter(None, (rate, step.get("note", ""))))
        if (outlook := step.get("outlook")) is not None:
            rate = ", ".join(filter(None, (rate, outlook_line(outlook))))
        if self._bar is not None:
            self._bar.update(
                self._task,
                description=step["stage"],
                completed=step["done"],
                total=step["total"],
                rate=rate,
            )
        elif now - self._printed >= PLAIN_LINE_SECONDS:
            self._printed = now
            self._output.say(plain_line(step, elapsed, rate))

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._bar is not None:
            self._bar.stop()

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def copy_progress(copied: int, total: int) -> dict[str, object]:
    """The step of a copy, of bytes, in whole megabytes."""
    return {"stage": "copying MB", "done": copied // 10**6, "total": max(1, total // 10**6)}


def plain_line(step: Mapping[str, Any], elapsed: float, rate: str) -> str:
    """One line of progress: what is done, how fast, and the ETA.

    Args:
        elapsed: seconds since the stage began.
        rate: how fast, and other notes; may be empty.
    """
    done, total = step["done"], step["total"]
    parts = [f"{step['stage']} {done}" + (f" of {total}" if total is not None else "")]
    if rate:
        parts.append(rate)
    if total and done and elapsed > RATE_AFTER_SECONDS:
        parts.append(f"{format_seconds(round(elapsed / done * (total - done)))} left")
    return ", ".join(parts)


def outlook_line(outlook: Mapping[str, Any]) -> str:
    """How much of a large library is searchable, and when all will be, in one line."""
    text = f"searchable now {outlook['searchable']:.0%}"
    if outlook["ready_at"] is None:
        return text
    ready = time.strftime("%H:%M", time.localtime(outlook["ready_at"]))
    return f"{text}, ready about {ready}, disk needed {outlook['disk_bytes'] / 1e6:.0f} MB"
