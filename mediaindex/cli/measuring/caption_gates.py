"""`eval library` lets the user's captions decide whether hub correction and generator are on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mediaindex.config import Config
from mediaindex.errors import GeneratorUnavailable
from mediaindex.search.ranking.generator_registry import BOX, PRESETS, decide
from mediaindex.search.ranking.hub_correction import hub_gate
from mediaindex.search.ranking.user_gate import UserGates, generator_pair, hub_pair

if TYPE_CHECKING:
    from mediaindex.learn.evaluation.caption_gate import Setting
    from mediaindex.search.ranking.generator_registry import Description
    from mediaindex.search.searcher import Searcher
    from mediaindex.store.notes.verdicts import Pair
    from mediaindex.store.vectors.spaces import Space

Progress = Callable[[str, int, int], None]
NO_HUBS = "hub correction is not judged: the next 'mediaindex index' makes what it reads"


@dataclass(frozen=True, slots=True, eq=False)
class CaptionJudge:
    """Asks the captions of a library that were not asked yet, with and without a component.

    Attributes:
        searcher: of the space that serves. videos: the gallery, ids.
        progress: gets what is judged, how much of it is done, and of how much.
    """

    searcher: Searcher
    videos: Sequence[int]
    config: Config
    progress: Progress

    def judge(self) -> list[str]:
        """Bring the verdicts up to date: of the hub correction, then of generators over what that says.

        Returns:
            Why a component could not be judged, one sentence each.

        Raises:
            StoreError, WriterBusy, NoSpace: the library cannot be read or written.
        """
        from mediaindex.learn.evaluation.caption_gate import Setting

        if self.searcher.library.read_only:
            return ["the library cannot be written: its captions decide nothing new"]
        if not self._has_hubs():
            return [NO_HUBS]
        pair = hub_pair(self._space.digest)
        self._compare("hub correction", pair, lambda: (Setting(corrects_hubs=True), Setting()))
        gates = UserGates.of(self.searcher.library)
        over_hubs = hub_gate(self._space, "auto", self.searcher.library.root, gates).on
        notes = (self._judge_generator(one, over_hubs) for one in self._generators(gates))
        return [note for note in notes if note is not None]

    def _generators(self, gates: UserGates) -> list[Description]:
        """The generator that a search would use by itself, on or off, and those of the library."""
        space, root = self._space, self.searcher.library.root
        chosen = decide(space, root, None, "auto", gates).generator
        of_presets = [decide(space, root, preset, "auto", gates).generator for preset in PRESETS]
        own = [one for one in of_presets if one is not None and one.folder.parent != BOX]
        found = {one.folder: one for one in (chosen, *own) if one is not None}
        return list(found.values())

    def _judge_generator(self, generator: Description, over_hubs: bool) -> str | None:
        """Judge a generator over what ranks without it; why it could not be judged."""
        from mediaindex.learn.evaluation.caption_gate import Setting
        from mediaindex.search.ranking.reranker import load_reranker

        space, threads = self._space, self.config.threads
        if generator.scorer is not None and space.scored < space.vectors:
            return f"{generator.name} is not judged: the next 'mediaindex index' makes the evidence it reads"

        def settings() -> tuple[Setting, Setting]:
            return Setting(over_hubs, load_reranker(generator, threads=threads)), Setting(over_hubs)

        pair = generator_pair(space.digest, generator.identity, over_hubs=over_hubs)
        try:
            self._compare(generator.name, pair, settings, without=generator.library_videos)
        except GeneratorUnavailable as error:
            return f"{generator.name} is not judged: {error}"
        return None

    def _compare(
        self,
        name: str,
        pair: Pair,
        settings: Callable[[], tuple[Setting, Setting]],
        *,
        without: Collection[int] = (),
    ) -> None:
        """Judge a pair by the captions that it was not asked yet; the verdict follows from all of them.

        Args:
            settings: with the component and without; called where there is something to ask.
        """
        from mediaindex.learn.evaluation.caption_gate import gains, judge, unjudged

        library = self.searcher.library
        asked = unjudged(library, pair, self.videos, without=without)
        gained: dict[int, float] = {}
        if asked:
            setting, base = settings()
            gained = gains(
                self.searcher,
                asked,
                self.videos,
                setting=setting,
                base=base,
                candidates=self.config.rerank_candidates,
                progress=lambda done, total: self.progress(name, done, total),
            )
        if gained or any(one.pair == pair for one in UserGates.of(library).verdicts):
            judge(library, pair, gained)

    @property
    def _space(self) -> Space:
        space = self.searcher.space
        assert space is not None
        return space

    def _has_hubs(self) -> bool:
        from mediaindex.store.layout import MATRIX
        from mediaindex.store.mapped.state_file import has_hubs

        return has_hubs(self.searcher.library.root / MATRIX, self._space.id)
