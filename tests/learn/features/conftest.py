"""A folder of media to caption."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.films import film, jpeg


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five pictures and a film of two shots."""
    made = tmp_path / "media"
    for colour in ("red", "green", "blue", "yellow", "black"):
        (made / "stills").mkdir(parents=True, exist_ok=True)
        jpeg(made / "stills" / f"{colour}.jpg", colour)
    film(made / "film.mp4", "red", "blue")
    return made
