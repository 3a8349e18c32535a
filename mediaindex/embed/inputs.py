"""What an encoder is given: cached frames as arrays, sentences as a tokenizer can take them.

Importing this loads neither torch nor numpy: whoever writes to a library imports it.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from mediaindex.media import decoded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CHARACTERS_PER_TOKEN = 16


def readable(text: str, *, tokens: int) -> str:
    """The text without control, unassigned and surrogate characters, cut to what `tokens` can hold.

    Joiners stay (category Cf): they hold emoji and Indic words together.
    """
    bounded = text[: tokens * _CHARACTERS_PER_TOKEN]
    return "".join(" " if unicodedata.category(c) in ("Cc", "Cn", "Co", "Cs") else c for c in bounded)


def picture(jpeg: bytes) -> NDArray[np.uint8]:
    """A sampled frame as (H, W, 3) RGB.

    Raises:
        DecodeError: it is no picture, or one larger than any sampled frame.
    """
    import numpy as np

    return np.asarray(decoded(jpeg).convert("RGB"))
