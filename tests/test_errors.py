"""The tree of errors: its drawing is true, and every error is one line with its exit code."""

from __future__ import annotations

import inspect
import re

from mediaindex import errors
from mediaindex.errors import DecoderDied, MediaError, MediaIndexError, ProbeError

CLASSES = {
    name: kind
    for name, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, MediaIndexError)
}


def drawn() -> dict[str, tuple[int, str | None]]:
    """Class → (exit code, class above it), as the module's docstring draws them."""
    found: dict[str, tuple[int, str | None]] = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"([ │├└─]*)(\w+) +(\d)  ", line)
        if match is None:
            continue
        depth = len(match[1])
        above = [(at, name) for at, name in above if at < depth]
        found[match[2]] = (int(match[3]), above[-1][1] if above else None)
        above.append((depth, match[2]))
    return found


def test_the_drawing_shows_every_class_with_its_parent_and_exit_code() -> None:
    def parent(kind: type[MediaIndexError]) -> str | None:
        return None if kind is MediaIndexError else kind.__bases__[0].__name__

    assert drawn() == {name: (kind.exit_code, parent(kind)) for name, kind in CLASSES.items()}


def test_what_a_person_reads_is_the_reason() -> None:
    error = ProbeError("no moov atom", transient=True)
    assert (str(error), error.reason, error.transient, error.stage) == (
        "no moov atom",
        "no moov atom",
        True,
        "probe",
    )
    assert MediaError("x").transient is False


def test_a_decoder_that_died_is_tried_again() -> None:
    died = DecoderDied("it was killed")
    assert died.transient
    assert died.stage == "decode"


def test_codes_without_a_class_are_no_class_of_another_meaning() -> None:
    assert errors.DONE == 0
    assert errors.INTERRUPTED == 130
    assert MediaError.exit_code == errors.SOME_MEDIA_FAILED
    assert not {errors.DONE, errors.INTERRUPTED} & {kind.exit_code for kind in CLASSES.values()}
