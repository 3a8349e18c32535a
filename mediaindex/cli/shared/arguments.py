"""Options that several commands have, and the types of what is typed behind options."""

from __future__ import annotations

import argparse
import datetime
import math
import re

from mediaindex.decode.sampling.policy import DECODERS
from mediaindex.embed.encoder import DEVICES

MEBIBYTES = {"": 1, "M": 1, "G": 1 << 10, "T": 1 << 20}


def add_shared(parser: argparse.ArgumentParser, *, again: bool = False) -> None:
    """The options of every command.

    Args:
        again: behind an action's name, where a default would undo what was typed before it.
    """
    parser.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS if again else False,
        help="print one JSON object on stdout",
    )
    parser.add_argument(
        "--library",
        metavar="DIR",
        default=argparse.SUPPRESS if again else None,
        help="folder of the library",
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """The option of every command in which a network runs."""
    parser.add_argument("--device", choices=DEVICES, help="where the encoder runs (default: auto)")


def add_indexing(parser: argparse.ArgumentParser) -> None:
    """The options of the commands that index files: how these are read, and what they are embedded with."""
    add_device(parser)
    parser.add_argument(
        "--encoder", type=named, metavar="NAME", help="encoder to index with (see 'models list')"
    )
    parser.add_argument("--jobs", type=int, metavar="N", help="decoding processes side by side")
    parser.add_argument("--decoder", choices=DECODERS, help="what reads the videos")
    parser.add_argument(
        "--cache-limit",
        dest="cache_limit_mib",
        type=mebibytes,
        metavar="SIZE",
        help="largest size of the frame cache, such as 20G or 500M (default: 0, any)",
    )


def add_no_wait(parser: argparse.ArgumentParser) -> None:
    """The option of the commands that can wait for another writer, or not."""
    parser.add_argument(
        "--no-wait", dest="wait", action="store_false", help="give up (3) where another process writes"
    )


# The types: each raises ArgumentTypeError (or ValueError), which the parser tells the user.


def named(text: str) -> str:
    """A name; an empty one would count as not given."""
    if not text.strip():
        raise argparse.ArgumentTypeError("a name is empty")
    return text


def positive(text: str) -> int:
    """A whole number above zero, of at most nine digits."""
    number = whole(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above zero")
    return number


def whole(text: str) -> int:
    """A whole number of at most nine digits, zero included."""
    if not re.fullmatch(r"\d{1,9}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number")
    return int(text)


def positive_number(text: str) -> float:
    """A number above zero, below 1e9."""
    value = float(text)
    if not 0.0 < value < 1e9:
        raise argparse.ArgumentTypeError("must be a number above 0")
    return value


def duration(text: str) -> float:
    """Seconds: a number from zero on, below 1e9."""
    value = finite(text)
    if not 0.0 <= value < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration in seconds")
    return value


def finite(text: str) -> float:
    """A number, neither infinite nor undefined."""
    value = float(text)
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is no number")
    return value


def share(text: str) -> float:
    """A number from 0 to 1."""
    value = finite(text)
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is no share from 0 to 1")
    return value


def day(text: str) -> str:
    """A day as YYYY-MM-DD."""
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day; write YYYY-MM-DD") from None


def mebibytes(text: str) -> int:
    """A size with its unit, such as 500M or 20G, in mebibytes; 0 needs no unit."""
    size = re.fullmatch(r"(\d{1,9}(?:\.\d{1,3})?)([MGT]?)(?:i?B)?", text.strip(), flags=re.IGNORECASE)
    if size is None or (not size[2] and float(size[1])):
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 20G or 500M")
    return round(float(size[1]) * MEBIBYTES[size[2].upper()])
