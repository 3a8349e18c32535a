"""Requests of commands to the writer: carried out here, or by the process that holds the writer lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mediaindex.cli.shared.output import Output, ProgressLine
from mediaindex.config import Config
from mediaindex.errors import MediaIndexError

if TYPE_CHECKING:
    from mediaindex.ingest.writer.requests import Outcome, Request
    from mediaindex.store.library import Library


class _WriterFailure(MediaIndexError):
    """An error that the holder of the lock reported; it keeps its exit code."""

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


def through_the_writer(
    library: Library,
    config: Config,
    output: Output,
    request: Request,
    *,
    wait: bool = True,
) -> Outcome:
    """Carry out one request with progress on stderr.

    Raises:
        MediaIndexError: it failed; the text and exit code are the writer's.
    """
    from mediaindex.assembly.writing import new_writer
    from mediaindex.ingest.writer import queue

    writer = new_writer(library, config)
    with ProgressLine(output) as progress:
        outcome = queue.carry_out(library, request, perform=writer.perform, progress=progress, wait=wait)
    if outcome.error is not None:
        raise _WriterFailure(outcome.error, outcome.exit_code)
    return outcome
