"""Which subtitle file belongs to which film: by the longest name they share, and what may follow it.

`Harbour.2021.en.srt` belongs to `Harbour.2021.mp4`, never to `Harbour.mp4`: after a film's name only
languages and flags may follow. Case and Unicode form of names make no difference.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mediaindex.sources.filetypes import OTHER_EXTENSIONS, extension_of
from mediaindex.sources.language_tags import language_of

SUBTITLE_EXTENSIONS = frozenset({".srt", ".vtt", ".ass", ".ssa", ".sub"})

FORCED = frozenset({"forced", "foreign"})
_FLAGS = """
sdh hi cc default full sub subs subtitle subtitles caption captions commentary signs songs lyrics auto
orig original dialogue dialog utf8 utf
"""
FLAGS = FORCED | frozenset(_FLAGS.split())

_SEPARATOR = re.compile(r"[._\-\s()\[\]]")
# `pt_BR` is one word; every other underscore parts two.
_JOINED_REGION = re.compile(r"(?<![a-z])([a-z]{2,3})_(?!hi|cc)([a-z]{2}|hans|hant)(?![a-z])")


@dataclass(frozen=True, slots=True)
class Sidecar:
    """A subtitle file beside its film.

    Attributes:
        language: BCP 47 tag by the file's name, None where it names none.
        forced: it holds only what is spoken in a foreign language.
    """

    path: Path
    language: str | None = None
    forced: bool = False


def find_sidecars(video: Path, siblings: Sequence[str]) -> tuple[Sidecar, ...]:
    """The text subtitles of a film, by name.

    Args:
        siblings: all names in the film's folder; the other films among them claim their own.
    """
    names = _sidecars_by_film(tuple(siblings)).get(video.name, ())
    return tuple(Sidecar(video.parent / name, language, forced) for name, language, forced in names)


def sidecars_by_film(folder: Path, siblings: Sequence[str]) -> dict[str, tuple[Sidecar, ...]]:
    """The text subtitles of every film of a folder that has some, by the film's name.

    Args:
        siblings: all names in the folder.
    """
    found = _sidecars_by_film(tuple(siblings))
    return {
        film: tuple(Sidecar(folder / name, language, forced) for name, language, forced in names)
        for film, names in found.items()
    }


@functools.lru_cache(maxsize=4)  # asked once for each film of a folder
def _sidecars_by_film(siblings: tuple[str, ...]) -> dict[str, list[tuple[str, str | None, bool]]]:
    """Film → (sidecar, language, forced), of one folder."""
    films: dict[str, set[str]] = {}
    for name in siblings:
        if extension_of(name) not in OTHER_EXTENSIONS:
            films.setdefault(_comparable(name), set()).add(name)
            films.setdefault(_comparable(_stem(name)), set()).add(name)
    pictures = {_comparable(_stem(name)) for name in siblings if extension_of(name) == "idx"}
    found: dict[str, list[tuple[str, str | None, bool]]] = {}
    for name in sorted(siblings):
        stem = _comparable(_stem(name))
        # The .sub beside an .idx holds pictures of words (VobSub).
        if f".{extension_of(name)}" not in SUBTITLE_EXTENSIONS or stem in pictures:
            continue
        for prefix, rest in _splits(stem):
            if prefix in films and (meaning := _meaning(rest)) is not None:
                for film in films[prefix]:
                    found.setdefault(film, []).append((name, *meaning))
                break
    return found


def _splits(stem: str) -> Iterator[tuple[str, str]]:
    """Each (film name, what follows it) that a sidecar's stem can mean, the longest film name first."""
    yield stem, ""
    for separator in reversed(list(_SEPARATOR.finditer(stem))):
        yield stem[: separator.start()], stem[separator.start() :]


def _meaning(rest: str) -> tuple[str | None, bool] | None:
    """(language, forced) of what follows a film's name, None where it holds any other word."""
    language: str | None = None
    forced = False
    for word in _words(rest):
        if word in FLAGS and (word != "hi" or language is not None):
            forced = forced or word in FORCED
        elif (tag := language_of(word)) is not None:
            language = language or tag
        elif language is None or not re.fullmatch("[0-9]{1,2}", word):  # `en.2` is a second English one
            return None
    return language, forced


def _words(rest: str) -> Iterator[str]:
    """The words of what follows a film's name; a tag such as `zh-hans` is one."""
    for word in re.split(r"[._\s()\[\]]+", _JOINED_REGION.sub(r"\1-\2", rest)):
        if language_of(word) is not None:
            yield word
        else:
            yield from filter(None, word.split("-"))


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _comparable(name: str) -> str:
    """A name without regard to case and Unicode form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
