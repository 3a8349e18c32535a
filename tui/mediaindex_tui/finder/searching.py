"""The searcher of a library and its encoder, which a thread loads while the words answer.

Only what is typed here is imported at once: the searcher brings numpy, which the words do not need.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mediaindex.assembly.serving import load_space_text_encoder
from mediaindex.config import Config
from mediaindex.embed.language import language_note
from mediaindex.errors import MediaIndexError
from mediaindex.store.library import Library
from mediaindex.store.vectors.spaces import Space
from mediaindex_tui.finder.words import common_words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mediaindex.embed.encoder import EncoderSpec, TextEncoder
    from mediaindex.media import QueryFeatures
    from mediaindex.search.ranking.shortlist import Reranker
    from mediaindex.search.searcher import Searcher
    from mediaindex_models.late_interaction_numpy import AskedText

logger = logging.getLogger(__name__)

TEXTS_KEPT = 512
WARM_UP = "a dog on the beach"
NO_PICTURES = "the pictures do not answer: the search stopped while it loaded their encoder"
A_FOREIGN_QUERY = "ein Hund am Strand"


class SpaceSwitched(Exception):
    """Another space serves: `mediaindex models use` was run meanwhile."""


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """What the loading thread came to.

    Attributes:
        encoder: None where there is none, and then `note` says why, and the command that helps.
        reranker: None where no generator is on.
        tells_languages: whether the language of a query can be told without waiting.
    """

    library: Library
    space: Space
    encoder: TextEncoder | None = None
    reranker: Reranker | None = None
    tells_languages: bool = False
    note: str | None = None


class RememberedTexts:
    """A text encoder that embeds no sentence twice, as long as it is one of the last."""

    def __init__(self, encoder: TextEncoder) -> None:
        self._encoder = encoder
        self._vectors: OrderedDict[str, NDArray[np.float32]] = OrderedDict()

    @property
    def spec(self) -> EncoderSpec:
        """The identity of its embedding space."""
        return self._encoder.spec

    def texts(self, texts: Sequence[str], *, tokens: bool = False) -> QueryFeatures:
        """Embeddings of B texts; with token features they are always made anew."""
        import numpy as np

        from mediaindex.media import QueryFeatures

        if tokens:
            return self._encoder.texts(texts, tokens=True)
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors |= zip(new, self._encoder.texts(new).pooled, strict=True)
        for text in texts:
            self._vectors.move_to_end(text)
        pooled = [self._vectors[text] for text in texts]
        while len(self._vectors) > TEXTS_KEPT:
            self._vectors.popitem(last=False)
        return QueryFeatures(np.array(pooled, np.float32).reshape(len(texts), self.spec.dim))

    def asked(self, text: str) -> AskedText:
        """One text, to be compared with the evidence of regions; made anew each time."""
        return self._encoder.asked(text)


class Searching:
    """The searcher of the space that serves, as soon as its encoder is loaded.

    Args:
        tell: takes what a loading thread came to; it is given back to `take`.
        words_only: whether nothing is loaded.

    Attributes:
        space: that serves. searcher: None until its encoder is loaded, and where there is none.
        note: why there is none. tells_languages: whether the language of a query can be told at once.
    """

    def __init__(self, config: Config, tell: Callable[[Loaded], None], *, words_only: bool = False) -> None:
        self.searcher: Searcher | None = None
        self.note: str | None = None
        self.tells_languages = False
        self._config = config
        self._tell = tell
        self._words_only = words_only
        self._library: Library | None = None
        self.space: Space | None = None

    def follow(self, library: Library | None, space: Space | None) -> bool:
        """Load the encoder of a space, unless that is done or begun; whether it is another than before."""
        if library is self._library and space == self.space:
            return False
        self.searcher, self.note, self.tells_languages = None, None, False
        self._library, self.space = library, space
        if library is None or space is None:
            return True
        if self._words_only:
            self._tell(Loaded(library, space, note=NO_PICTURES))
        else:
            arguments = (library, space, self._config, self._tell)
            threading.Thread(target=_load, args=arguments, name="loader", daemon=True).start()
        return True

    def take(self, loaded: Loaded) -> bool:
        """Search with what was loaded; whether that answers otherwise than before."""
        if loaded.library is not self._library or loaded.space != self.space:
            return False
        self.note, self.tells_languages = loaded.note, loaded.tells_languages
        if self.searcher is not None:
            self.searcher.reranker = loaded.reranker
            return loaded.reranker is not None
        if loaded.encoder is not None:
            from mediaindex.search.searcher import Searcher

            self.searcher = Searcher(
                loaded.library,
                loaded.space,
                loaded.encoder,
                reranker=loaded.reranker,
                load_encoder=_switched,
                exact_limit_mib=self._config.exact_limit_mib,
            )
        return True


def _switched(space: Space) -> TextEncoder:
    """Loading here would let every question wait."""
    raise SpaceSwitched(space.encoder)


def _load(library: Library, space: Space, config: Config, tell: Callable[[Loaded], None]) -> None:
    """Load the encoder of a space, and the generator where one is on; embed one sentence to have it warm."""
    try:
        import mediaindex.search.searcher  # noqa: F401 (its import takes long, and is not waited for)

        common_words(WARM_UP[0])
        encoder = RememberedTexts(load_space_text_encoder(library, space, config))
        encoder.texts([WARM_UP])
    except MediaIndexError as error:
        tell(Loaded(library, space, note=str(error)))
    except Exception as error:
        logger.exception("the encoder %s cannot be loaded", space.encoder)
        tell(Loaded(library, space, note=f"the encoder {space.encoder} cannot be loaded: {error}"))
    else:
        tell(Loaded(library, space, encoder))
        # What makes answers better, and is not waited for either.
        reranker = _reranker(library, space)
        language_note(A_FOREIGN_QUERY, encoder.spec)
        tell(Loaded(library, space, encoder, reranker, tells_languages=True))


def _reranker(library: Library, space: Space) -> Reranker | None:
    """The generator that is on for a space, None where none is, or it cannot be loaded."""
    from mediaindex.search.ranking.generator_registry import decide
    from mediaindex.search.ranking.user_gate import UserGates

    decision = decide(space, library.root, None, "auto", UserGates.of(library))
    if not decision.gate.on or decision.generator is None:
        return None
    from mediaindex.search.ranking.reranker import load_reranker

    try:
        return load_reranker(decision.generator, threads=1)
    except MediaIndexError as error:
        logger.warning("the generator is left out: %s", error)
        return None
