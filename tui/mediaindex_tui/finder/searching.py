"""The searcher of a library and its encoder, which a thread loads while the words answer.

Only what is typed here is imported at once: the searcher brings numpy, which the words do not need.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mediaindex.assembly.remembered_texts import RememberedTexts
from mediaindex.assembly.serving import load_space_text_encoder
from mediaindex.config import Config
from mediaindex.embed.language import language_note
from mediaindex.errors import MediaIndexError
from mediaindex.store.library import Library
from mediaindex.store.vectors.spaces import Space
from mediaindex_tui.finder.library import OpenLibrary
from mediaindex_tui.finder.words import common_words

if TYPE_CHECKING:
    from mediaindex.embed.encoder import TextEncoder
    from mediaindex.search.ranking.generator_registry import Description
    from mediaindex.search.ranking.shortlist import Reranker
    from mediaindex.search.searcher import Searcher

logger = logging.getLogger(__name__)

GENERATORS = "generators"
WARM_UP = "a dog on the beach"
NO_PICTURES = "the pictures do not answer: the search stopped while it loaded their encoder"
A_FOREIGN_QUERY = "ein Hund am Strand"


Generator = tuple[Path, str]
"""A generator: its folder, and the digest of its config.json."""


class SpaceSwitched(Exception):
    """Another space serves: `mediaindex models use` was run meanwhile."""


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """What the loading thread came to.

    Attributes:
        encoder: None where there is none, and then `note` says why, and the command that helps.
        reranker: None where no generator is on. generator: which one is.
        tells_languages: whether the language of a query can be told without waiting.
    """

    library: Library
    space: Space
    encoder: TextEncoder | None = None
    reranker: Reranker | None = None
    generator: Generator | None = None
    tells_languages: bool = False
    note: str | None = None


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
        self._generator: Generator | None = None
        self._decided_at: tuple[int | None, int] | None = None

    def follow(self, library: Library | None, space: Space | None) -> bool:
        """Load the encoder of a space, unless that is done or begun; whether it is another than before."""
        if library is self._library and space == self.space:
            return False
        self.searcher, self.note, self.tells_languages = None, None, False
        self._decided_at = None
        self._library, self.space = library, space
        if library is None or space is None:
            return True
        if self._words_only:
            self._tell(Loaded(library, space, note=NO_PICTURES))
        else:
            arguments = (library, space, self._config, self._tell)
            threading.Thread(target=_load, args=arguments, name="loader", daemon=True).start()
        return True

    def follow_gates(self, here: OpenLibrary) -> None:
        """Rank by the generator that is on now; one that is to be loaded is taken a moment later.

        It is decided again where somebody wrote since: the library holds what the user's captions decide, its
        folder of generators which ranking is in use.
        """
        searcher, space = self.searcher, self.space
        if searcher is None or space is None or not self.tells_languages:
            return
        now = here.version, _changed_at(here.library.root / GENERATORS)
        if now == self._decided_at:
            return
        self._decided_at = now
        chosen = _chosen(here.library, space)
        if _name_of(chosen) == self._generator:
            return
        self._generator, searcher.reranker = _name_of(chosen), None
        if chosen is not None:
            arguments = (here.library, space, searcher.encoder, chosen, self._tell)
            threading.Thread(target=_load_generator, args=arguments, name="generator", daemon=True).start()

    def take(self, loaded: Loaded) -> bool:
        """Search with what was loaded; whether that answers otherwise than before."""
        if loaded.library is not self._library or loaded.space != self.space:
            return False
        if self.tells_languages and loaded.generator != self._generator:
            return False  # another one is on meanwhile
        self.note, self.tells_languages = loaded.note, loaded.tells_languages
        if self.searcher is not None:
            self._generator, self.searcher.reranker = loaded.generator, loaded.reranker
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
        chosen = _chosen(library, space)
        reranker = None if chosen is None else _reranker(chosen)
        language_note(A_FOREIGN_QUERY, encoder.spec)
        tell(Loaded(library, space, encoder, reranker, _name_of(chosen), tells_languages=True))


def _load_generator(
    library: Library,
    space: Space,
    encoder: TextEncoder | None,
    chosen: Description,
    tell: Callable[[Loaded], None],
) -> None:
    """Load the generator that was turned on while the encoder was there."""
    try:
        tell(Loaded(library, space, encoder, _reranker(chosen), _name_of(chosen), tells_languages=True))
    except Exception:
        logger.exception("the generator %s cannot be loaded", chosen.name)


def _chosen(library: Library, space: Space) -> Description | None:
    """The generator that is on for a space, None where none is."""
    from mediaindex.search.ranking.generator_registry import decide
    from mediaindex.search.ranking.user_gate import UserGates

    decision = decide(space, library.root, None, "auto", UserGates.of(library))
    return decision.generator if decision.gate.on else None


def _name_of(chosen: Description | None) -> Generator | None:
    return None if chosen is None else (chosen.folder, chosen.identity)


def _changed_at(folder: Path) -> int:
    """When a file came into a folder or left it, in nanoseconds; 0 for one that is not there."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def _reranker(chosen: Description) -> Reranker | None:
    """A generator, ready to rank; None where it cannot be loaded."""
    from mediaindex.search.ranking.reranker import load_reranker

    try:
        return load_reranker(chosen, threads=1)
    except MediaIndexError as error:
        logger.warning("the generator is left out: %s", error)
        return None
