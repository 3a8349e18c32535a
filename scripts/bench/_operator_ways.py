"""Ways to answer `A -x` and `A then B`, each with what a search has: the shipped ones, and cheap others.

Names and subtitles answer only where a way says so: these clips are named after what they show.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from bench._operator_tasks import Negation, Succession
    from bench.recall import SearchableClips
    from numpy.typing import NDArray

    from mediaindex.search.answer import Question
    from mediaindex.search.channels.sequences import Sequences
    from mediaindex.store.mapped.snapshot import SpaceSnapshot

    Scores = NDArray[np.float32]
    Rule = Callable[[Scores, Scores], NDArray[np.bool_]]
    Score = Callable[[float, float], float]

SHOWN = 10
PER_VIDEO = 3


@dataclass(frozen=True, slots=True)
class Shown:
    """A moment of an answer: where a player would start."""

    path: Path
    seconds: float


class Ways:
    """Answers tasks in one library, at most ten moments each."""

    def __init__(self, held: SearchableClips) -> None:
        from mediaindex.search.channels.pictures import PictureChannel

        self._held = held
        with held.library.read() as connection:
            assert held.searcher.reader is not None
            self._pictures = PictureChannel(
                held.searcher.reader.snapshot(connection), blend=held.encoder.spec.blend
            )

    # A -x

    def without_negation(self, task: Negation) -> list[Shown]:
        """`A` alone, by pictures."""
        return self._searched(text=task.text, channel="pictures")

    def words_without_negation(self, task: Negation) -> list[Shown]:
        """`A` alone, by pictures and words."""
        return self._searched(text=task.text)

    def words_with_negation(self, task: Negation) -> list[Shown]:
        """`A -x` as it is shipped, by pictures and words."""
        return self._searched(text=task.text, excluded=(task.excluded,))

    def words_negated(self, task: Negation) -> list[Shown]:
        """`A -x` by pictures and words, where words alone say what goes."""
        from mediaindex.search.answer import Question
        from mediaindex.search.query_ranking import Query, Sought, ranked, scored
        from mediaindex.store.catalog import lookup

        (wanted,) = self._vectors(task.text)
        question = Question(task.text, excluded=(task.excluded,), limit=SHOWN, per_video=PER_VIDEO)
        query = Query(question, wanted, (Sought(wanted, (), (task.excluded,)),))
        with self._held.library.read() as connection:
            found = scored(connection, query, self._pictures)
            moments = ranked(
                connection, query, found, self._held.library.root, self._held.searcher.reader
            ).moments
            places = lookup.places(connection, [one.fused.moment.video_id for one in moments])
        return [Shown(places[one.fused.moment.video_id][0].path, one.best_seconds) for one in moments]

    def by_rule(self, rule: Rule) -> Callable[[Negation], list[Shown]]:
        """`A -x` by pictures alone: the segments for which a rule holds go.

        Args:
            rule: of the similarities of all segments to A and to x.
        """

        def answer(task: Negation) -> list[Shown]:
            import numpy as np

            from mediaindex.search.channels.pictures import Wanted

            wanted, other = self._vectors(task.text, task.excluded)
            similarity, error = self._pictures.similarities(wanted)
            similarity[rule(self._pictures.of_library(wanted), self._pictures.of_library(other))] = -np.inf
            hits = self._pictures.best_moments(wanted, similarity, error, Wanted(SHOWN, PER_VIDEO))
            return self._shown([hit.place for hit in hits])

        return answer

    # A then B

    def first_alone(self, task: Succession) -> list[Shown]:
        """`A` alone, by pictures."""
        return self._searched(text=task.first, channel="pictures")

    def one_sentence(self, task: Succession) -> list[Shown]:
        """Both parts in one sentence, by pictures."""
        return self._searched(text=f"{task.first}, then {task.second}", channel="pictures")

    def one_after_the_other(self, task: Succession) -> list[Shown]:
        """`A then B` as it is shipped."""
        from mediaindex.search.answer import Following

        following = (Following(task.second, task.seconds),)
        return self._searched(text=task.first, channel="pictures", following=following)

    def by_score(self, score: Score, *, standard: bool = True) -> Callable[[Succession], list[Shown]]:
        """`A then B`: all pairs of segments, by a score of the two.

        Args:
            standard: whether it reads z-scores, else similarities.
        """

        def answer(task: Succession) -> list[Shown]:
            from mediaindex.search.channels.pictures import Wanted
            from mediaindex.search.channels.sequences import sequence_hits
            from mediaindex.search.channels.z_scores import z_scores

            values = [self._pictures.of_library(vector) for vector in self._vectors(task.first, task.second)]
            first, second = map(z_scores, values) if standard else values
            pairs = _best_pairs(self._pictures.space, first, second, task.seconds, score)
            hits = sequence_hits(self._pictures.space, pairs, Wanted(SHOWN, PER_VIDEO))
            return self._shown([hit.place for hit in hits])

        return answer

    def _vectors(self, *texts: str) -> list[NDArray[np.float32]]:
        from mediaindex.search.channels.similarity import unit

        return [unit(vector) for vector in self._held.encoder.texts(list(texts)).pooled]

    def _searched(self, **asked: object) -> list[Shown]:
        from mediaindex.search.answer import Question

        question: Question = Question(**asked, limit=SHOWN, per_video=PER_VIDEO, thumbnails=False)  # type: ignore[arg-type]
        hits = self._held.searcher.search(question).hits
        return [Shown(Path(hit.path), hit.best_seconds) for hit in hits]

    def _shown(self, places: list[int]) -> list[Shown]:
        """The first segments by their place, at most so many of one video, each with its middle."""
        from mediaindex.search.channels.moments import within_each_video
        from mediaindex.store.catalog import lookup

        space = self._pictures.space
        kept = list(within_each_video(places, lambda place: int(space.video[place]), PER_VIDEO))[:SHOWN]
        with self._held.library.read() as connection:
            found = lookup.places(connection, [int(space.video[place]) for place in kept])
        moments = [(found[int(space.video[place])][0].path, space.segments[place]) for place in kept]
        return [Shown(path, float(row["start"] + row["end"]) / 2) for path, row in moments]


def _best_pairs(
    space: SpaceSnapshot, first: Scores, second: Scores, seconds: float, score: Score
) -> Sequences:
    """For each segment the best pair that begins with it, by the plain formula."""
    import numpy as np

    from mediaindex.search.channels.sequences import Sequences

    segments = space.segments
    best = np.full(len(segments), -np.inf, np.float32)
    following = np.arange(len(segments))
    for place, one in enumerate(segments):
        for later in range(place + 1, len(segments)):
            is_same = segments[later]["generation"] == one["generation"]
            if not is_same or segments[later]["start"] - one["end"] > seconds:
                break
            value = score(float(first[place]), float(second[later]))
            if value > best[place]:
                best[place], following[place] = value, later
    return Sequences(best, (following,))
