"""How often a sentence lands on the right scene of a long clip, and how well shot boundaries are found.

    python scripts/bench/moments.py --videos ../shared/corpus/videos    (2 clips of 20 scenes: a minute)
    python scripts/bench/moments.py --quick                             (1 clip)

Takes the clips of MANIFEST.jsonl that were joined of several (`segments`). Each scene's `query` is
searched in its own clip by the pictures alone. A stored cut within 0.5 s of a joint finds it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._report import Row, add_videos, flags, publish, say
from bench.recall import Clip, Scene, SearchableClips, read_clips, searchable_clips, some_of, videos_of

CUT_SECONDS = 0.5
HALF = 0.5


@dataclass(frozen=True, slots=True)
class Landing:
    """The first moment that a scene's query gave.

    Attributes:
        iou: of the moment and the scene, in time.
    """

    in_scene: bool
    iou: float


@dataclass(frozen=True, slots=True)
class Boundaries:
    """How stored cuts and true ones agree."""

    true: int
    missed: int
    false: int


def landing(held: SearchableClips, clip: Clip, scene: Scene) -> Landing:
    """Search a scene's query in its clip."""
    from mediaindex.search.answer import Question
    from mediaindex.store.catalog.lookup import Filters

    only = Filters(within=(clip.path,))
    question = Question(
        scene.query,
        limit=1,
        per_video=None,
        channel="pictures",
        filters=only,
        corrects_hubs=held.corrects_hubs(),
    )
    hits = held.searcher.search(question).hits
    if not hits:
        return Landing(in_scene=False, iou=0.0)
    first = hits[0]
    in_scene = scene.start_seconds <= first.best_seconds < scene.end_seconds
    iou = temporal_iou((first.start_seconds, first.end_seconds), (scene.start_seconds, scene.end_seconds))
    if not in_scene or iou < HALF:
        where = f"{first.start_seconds:.1f}-{first.end_seconds:.1f} s, best {first.best_seconds:.1f} s"
        wanted = f"{scene.start_seconds:.1f}-{scene.end_seconds:.1f} s"
        say(f"{clip.path.name}: {scene.query!r} is at {wanted}, found {where} (IoU {iou:.2f})")
    return Landing(in_scene, iou)


def temporal_iou(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Intersection over union of two stretches of time."""
    common = max(0.0, min(one[1], other[1]) - max(one[0], other[0]))
    union = (one[1] - one[0]) + (other[1] - other[0]) - common
    return common / union if union > 0 else 0.0


def boundaries(held: SearchableClips, clip: Clip) -> Boundaries:
    """Compare the stored cuts of a clip with its joints."""
    from mediaindex.store.catalog import lookup

    video_id = videos_of(held, [clip])[clip.path].video_id
    with held.library.read() as connection:
        row = lookup.newest_extraction_of(connection, video_id)
    stored = [] if row is None else [float(cut) for cut in row.cuts]
    joints = [scene.start_seconds for scene in clip.scenes[1:]]
    count, missed, false = compared(stored, joints)
    if missed or false:
        say(f"{clip.path.name}: joints missed at {missed}, cuts where none is at {false}")
    return count


def compared(cuts: Sequence[float], joints: Sequence[float]) -> tuple[Boundaries, list[float], list[float]]:
    """(counts, joints missed, cuts where none is), paired one to one, nearest pairs first."""
    pairs = sorted((abs(cut - joint), cut, joint) for cut in cuts for joint in joints)
    joint_of_cut: dict[float, float] = {}
    for distance, cut, joint in pairs:
        if distance <= CUT_SECONDS and cut not in joint_of_cut and joint not in joint_of_cut.values():
            joint_of_cut[cut] = joint
    missed = sorted(set(joints) - set(joint_of_cut.values()))
    false = sorted(set(cuts) - set(joint_of_cut))
    return Boundaries(len(joints), len(missed), len(false)), missed, false


def rows_of(landings: Sequence[Landing], counts: Sequence[Boundaries]) -> list[Row]:
    """Shares of scenes and counts of cuts, each beside its goal."""
    right = 100.0 * sum(one.in_scene for one in landings) / len(landings)
    tight = 100.0 * sum(one.iou >= HALF for one in landings) / len(landings)
    total = sum(one.true for one in counts)
    return [
        Row(f"{len(landings)} scenes: best second in the right one (at least 80)", right, "%"),
        Row(f"{len(landings)} scenes: temporal IoU of at least 0.5 (at least 50)", tight, "%"),
        Row("mean temporal IoU", sum(one.iou for one in landings) / len(landings), "IoU"),
        Row(f"{total} shot boundaries: missed (at most 1)", sum(one.missed for one in counts), "cuts"),
        Row(f"{total} shot boundaries: false (at most 2)", sum(one.false for one in counts), "cuts"),
    ]


def main() -> None:
    parser = flags(__doc__ or "")
    add_videos(parser)
    parser.add_argument("--library", type=Path, metavar="DIR", help="a library that has the clips already")
    arguments = parser.parse_args()
    clips = [clip for clip in read_clips(arguments.videos) if clip.scenes]
    if not clips:
        sys.exit(f"no clip in {arguments.videos} has `segments` in its MANIFEST.jsonl")
    if arguments.quick:
        clips = some_of(clips, 1, arguments.seed)
    with searchable_clips(clips, arguments.library) as held:
        landings = [landing(held, clip, scene) for clip in clips for scene in clip.scenes]
        counts = [boundaries(held, clip) for clip in clips]
    publish("moments", rows_of(landings, counts), arguments.json)


if __name__ == "__main__":
    main()
