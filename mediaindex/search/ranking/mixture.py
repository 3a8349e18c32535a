"""The constants of the linear mixture: a similarity and what a scorer says, weighed into one score.

    score = ⟨w, (s, L1, L2, L3, −hub)⟩        s = similarity less its hub, divided by the bank's deviation

`mediaindex_models.evidence_mixture` fits the weights. It needs five numbers of a candidate, no network and no
list: what every generator is compared with. A personal one may bring weights of the scorer's text side, which
take the place of those of the same names; what is stored of frames is the scorer's in any case.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mediaindex.errors import GeneratorUnavailable

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

NUMBERS = 5
TEXT_SIDE = "text_side.safetensors"
LARGEST_FILE = 64 << 20
"""So many bytes are read of a file of weights: a whole text side has 2 MB."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """The constants of a mixture.

    Attributes:
        scorer: digest of the scorer whose numbers it weighs.
        weights: of s, L1, L2, L3 and −hub. deviation: by which a similarity is divided.
        text_side: hex SHA-256 of the file with its own weights of the scorer's text side, None without.
    """

    scorer: str
    weights: tuple[float, ...]
    deviation: float
    text_side: str | None = None

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Mixture:
        """As a generator's config.json has it.

        Raises:
            KeyError, TypeError, ValueError: it is not there, or holds no such numbers.
        """
        weights = tuple(map(float, config["generator"]["weights"]))
        deviation = float(config["scorer"]["deviation"])
        if len(weights) != NUMBERS or not all(map(math.isfinite, weights)) or not 0 < deviation < math.inf:
            raise ValueError("a mixture has five finite weights and a deviation above zero")
        text_side = config["scorer"].get("text_side")
        own = None if text_side is None else str(text_side)
        return cls(str(config["scorer"]["digest"]), weights, deviation, own)


def read_weights(path: Path, digest: str) -> dict[str, NDArray[np.float32]]:
    """Weights by their names, of a file that may be a stranger's.

    Args:
        digest: hex SHA-256 of its bytes.

    Raises:
        GeneratorUnavailable: it is missing, is not that file, or holds what is no float32 number.
    """
    import numpy as np
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE or hashlib.sha256(content).hexdigest() != digest:
            raise ValueError("it is not the file that config.json describes")
        weights = load(content)
        for name, values in weights.items():
            if values.dtype != np.float32 or not np.isfinite(values).all():
                raise ValueError(f"{name} holds what is no float32 number")
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise GeneratorUnavailable(f"{path}: {reason}") from error
    return weights
