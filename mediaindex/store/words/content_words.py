"""What a container says of a content in words: its title, its camera, and the tags that a person wrote.

All other tags are of programs for programs: brands, versions, encoders, handlers, dates, coordinates; so are
the addresses within a text. New tags appear with every device, so those that count are listed here, not the
others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_DESCRIBING = """
actor actors album album_artist arranger artist author caption cast category character characters city
collection comment comments composer conductor copyright country creator description director
director_of_photography episode episode_title event genre grouping headline ikey information isbj keyword
keywords location location.body location.name location.note location_name long_description lyricist lyrics
mood network original_artist part people performer person place podcast producer production_studio project
publisher recording_location remixed_by scene screenplay_by series show state station subject sublocation
subtitle summary synopsis topic uploader writer written_by
"""
DESCRIBING_TAGS = frozenset(_DESCRIBING.split())

_AROUND_A_KEY = re.compile(r"^(?:com\.apple\.quicktime\.|wm/)|-[a-z]{2,3}$")
# Downloaders write where a film is from into each: `https`, `www` and `watch` would find them all.
_ADDRESS = re.compile(r"\b[a-z][a-z\d+.-]*://\S+|\bwww\.\S+|\S+@\S+\.\S+", re.IGNORECASE)
_COORDINATES = re.compile(r"[-+][-+\d.,/ ]*")


def content_words(title: str | None, camera: str | None, tags: Mapping[str, str]) -> list[tuple[str, str]]:
    """The texts of a content with their field (`title`, `camera` or `tag`), none twice in a field.

    Args:
        tags: of the container, keys in lower case.
    """
    described = (text for key, text in tags.items() if _describes(key, text) and text != title)
    told = dict.fromkeys(_ADDRESS.sub(" ", text).strip() for text in described)
    texts = [("title", title), ("camera", camera), *(("tag", text) for text in told)]
    return [(field, text) for field, text in texts if text]


def _describes(key: str, text: str) -> bool:
    """Whether a tag is of those that a person writes; `location` holds coordinates, or a name."""
    return _AROUND_A_KEY.sub("", key) in DESCRIBING_TAGS and not _COORDINATES.fullmatch(text)
