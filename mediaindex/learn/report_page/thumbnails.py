"""Pictures small enough for a page: JPEGs of a bounded size, as data URIs, within a budget of bytes."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable

from mediaindex.errors import DecodeError
from mediaindex.learn.report_page.page_data import Picture
from mediaindex.media import decoded

SIDE = 240
"""Pixels of the longer side, at most."""
QUALITY = 70


def data_uris(pictures: Iterable[Picture | None], budget: int) -> list[str]:
    """Of each picture its data URI; "" for none, for a damaged one, and where the budget is spent.

    Args:
        pictures: the most important first. budget: bytes of all URIs together.
    """
    uris = []
    for picture in pictures:
        uri = "" if picture is None or picture.jpeg is None else _data_uri(picture.jpeg)
        if len(uri) > budget:
            uri, budget = "", 0
        budget -= len(uri)
        uris.append(uri)
    return uris


def _data_uri(jpeg: bytes) -> str:
    """A smaller JPEG of the same picture, without what else the file told; "" for what is none."""
    try:
        image = decoded(jpeg, enough=(SIDE, SIDE)).convert("RGB")
    except DecodeError:
        return ""
    image.thumbnail((SIDE, SIDE))
    small = io.BytesIO()
    image.save(small, "JPEG", quality=QUALITY, optimize=True, comment="")
    return "data:image/jpeg;base64," + base64.b64encode(small.getvalue()).decode("ascii")
