"""Fit how confident a search may be, on captioned photographs that no training of the encoder saw.

    python scripts/calibrate.py --builtin ../shared/builtin --flickr8k GITDIR --prepared DIR --work DIR
    python scripts/calibrate.py … --report FILE        write the out-of-fold table, too

A photograph is a clip of ten frames (scripts/_pseudo_frames.py). Galleries of 50 to 1 000 of them are drawn,
and captions are asked: in half of the questions their photograph is in the gallery, in half it was taken
out. A photograph that shows the same is right as well. The first moments of each answer, with the numbers of
mediaindex/search/confidence, are what is fitted, as `mediaindex train --encoder` fits them for any encoder
(mediaindex/learn/fitting). Each question is answered twice, in the order of the similarity and in that of the
generator in the box, so that one calibration serves both. The photographs are halved by name; each half is
judged by what the other half gave, and both together are what ships.

--prepared is of scripts/builtin/prepare.py, with the scorer of the box (scripts/builtin/train_scorer.py).

Words are fitted alike: one caption of a photograph is the title of a video, another one asks for it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from _builtin_pairs import Photograph, rows_of, shares_of_the_box
from _pseudo_frames import write_feature_files
from bench._evidence_lists import Ranker
from bench._mixture_order import by_mixture, mixture_of_the_box
from builtin._captioned import read_captioned
from builtin.train_scorer import scorer_file

from mediaindex.embed.families.builtin_files import FILES, builtin_bank, builtin_spec
from mediaindex.learn.features.feature_rows import read_header
from mediaindex.learn.features.feature_set import Features, joined, read_features
from mediaindex.learn.fitting.calibrating import calibrated, fitted, probabilities
from mediaindex.learn.fitting.described_clips import DescribedClips
from mediaindex.learn.fitting.picture_samples import MOMENTS, Reorder, picture_samples
from mediaindex.learn.fitting.reliability import reliability_of
from mediaindex.learn.fitting.samples import SampleRow, Samples, draws
from mediaindex.media import MediaInfo
from mediaindex.search.confidence import picture_numbers, word_numbers
from mediaindex.search.confidence.calibration import FILE, Calibration
from mediaindex.store.catalog import fulltext, locations, videos, volumes
from mediaindex.store.catalog.videos import Identity
from mediaindex.store.library import Library, open_library
from mediaindex.store.vectors.fitted import WORDS

GALLERIES = 60
INSTANT, RERANKED = "photographs, instant order", "photographs, reranked"


def order_of_the_box(features: Features, clips: DescribedClips, prepared: Path, *, blend: float) -> Reorder:
    """How the generator in the box puts photographs in order; its own numbers are left out, as a search does.

    Args:
        features: those of the clips, whose names are those of the prepared photographs.
        prepared: folder of scripts/builtin/prepare.py.
    """
    data = read_captioned(prepared)
    ranker = Ranker(data, scorer_file(prepared, left_out=None, seed=0), left_out=None, seed=0)
    place_of = {item.name: place for place, item in enumerate(data.items)}
    places = [place_of[name] for name in features.groups]
    rows = [dict(zip(data.items[place].captions, data.captions_of[place], strict=True)) for place in places]
    captions = [
        int(rows[clip][caption]) for clip, caption in zip(clips.of.tolist(), clips.captions, strict=True)
    ]
    mixture, bank = mixture_of_the_box(), builtin_bank(FILES)
    order = by_mixture(mixture, ranker, clips, np.array(places), captions, bank, blend=blend)
    return lambda text, ranked: order(text, ranked)._replace(numbers=None)


def calibrated_together(
    orders: Mapping[str, Sequence[Samples]], names: Sequence[str]
) -> tuple[Calibration, dict[str, Any]]:
    """One calibration of the same questions in several orders, and how well it holds in each.

    Args:
        orders: the halves of each. names: of the numbers.

    Returns:
        That of both halves; by order, how well each half is judged by what the other gave in all orders.
    """
    halves = [Samples.joined([order[half] for order in orders.values()]) for half in (0, 1)]
    of_half = [fitted(own, names) for own in halves]
    reports = {}
    for name, order in orders.items():
        judged = [probabilities(of_half[1 - half], order[half].numbers) for half in (0, 1)]
        reports[name] = reliability_of(np.concatenate(judged), Samples.joined(order))
    return fitted(Samples.joined(halves), names), reports


def word_samples(known: DescribedClips, *, galleries: int, seed: int) -> list[Samples]:
    """What the words answer in each half: one caption is a video's title, another one is asked."""
    titles: dict[int, int] = {}
    for text, photograph in enumerate(known.of.tolist()):
        titles.setdefault(photograph, text)
    several = np.bincount(known.of, minlength=len(known)) > 1
    half, fits = np.where(several, known.half, -1), known.fitting()
    found = []
    with tempfile.TemporaryDirectory() as folder, open_library(Path(folder), create=True) as library:
        numbers = _titled(library, {place: known.captions[text] for place, text in titles.items()})
        by_video = {video: photograph for photograph, video in numbers.items()}
        for which in (0, 1):
            rows: list[SampleRow] = []
            for draw in draws(half, known.of, which, count=galleries, seed=seed):
                allowed = [numbers[int(place)] for place in draw.gallery]
                for text in draw.asked:
                    photograph = int(known.of[text])
                    if text == titles[photograph]:
                        text += 1
                    answered = bool(fits[text, draw.gallery].any())
                    with library.read() as connection:
                        hits = fulltext.find(connection, known.captions[text], allowed).hits
                    for place, one in enumerate(word_numbers.word_numbers(hits)[:MOMENTS]):
                        right = bool(fits[text, by_video[hits[place].video_id]])
                        rows.append((one, right, photograph, place == 0, answered))
            found.append(Samples.of(rows))
    return found


def _titled(library: Library, titles: dict[int, str]) -> dict[int, int]:
    """Videos with these titles, by the same keys."""
    info = MediaInfo(6.0, 64, 48, 25.0, "h264", 0, "mov", 0)
    made = {}
    with library.write() as connection:
        volume = volumes.ensure_volume(connection, uid="v", label=None, mount_point=Path("/"))
        for key, title in titles.items():
            video = videos.ensure_video(connection, Identity(1, f"{key:x}", f"{key:x}"), info, 6.0)
            values: dict[str, Any] = {"volume_id": volume, "size": 1, "mtime_ns": 1, "confirmed": True}
            locations.place(connection, Path(f"/{key}"), video_id=video, missing_since=None, **values)
            fulltext.set_video_words(connection, video, title=title, camera=None, tags={})
            made[key] = video
    return made


def main() -> None:
    """Fit, print the tables, and write what ships."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--builtin", type=Path, required=True, metavar="DIR", help="../shared/builtin")
    parser.add_argument(
        "--flickr8k", type=Path, required=True, metavar="GITDIR", help="holds the photographs of Flickr8k"
    )
    parser.add_argument("--prepared", type=Path, required=True, metavar="DIR", help="of prepare.py")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="features, kept between runs")
    parser.add_argument("--out", type=Path, default=FILE, metavar="FILE", help="default: %(default)s")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the held-out tables, too")
    parser.add_argument(
        "--galleries", type=int, default=GALLERIES, metavar="N", help="of each half (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the galleries (0)")
    arguments = parser.parse_args()
    photographs: list[Photograph] = shares_of_the_box(list(rows_of(arguments.builtin)))
    files = write_feature_files(
        photographs, arguments.flickr8k, arguments.work, files=FILES, progress=lambda line: _say(line)
    )
    features = [read_features(path, encoder=read_header(path), words=False) for path in files]
    everything = joined(features)
    known = DescribedClips.of_features(everything)
    _say(f"captions agree from a cosine of {known.likeness():.3f} on")
    count, seed, spec = arguments.galleries, arguments.seed, builtin_spec(FILES)
    orders: dict[str, Reorder | None] = {
        INSTANT: None,
        RERANKED: order_of_the_box(everything, known, arguments.prepared, blend=spec.blend),
    }
    of_pictures = {
        name: picture_samples(
            known,
            builtin_bank(FILES),
            blend=spec.blend,
            corrects_hubs=True,
            galleries=count,
            seed=seed,
            reorder=order,
        )
        for name, order in orders.items()
    }
    pictures, reports = calibrated_together(of_pictures, picture_numbers.NAMES)
    words, reports[WORDS] = calibrated(
        word_samples(known, galleries=2 * count, seed=seed), word_numbers.NAMES
    )
    _say(json.dumps(reports, indent=1))
    rows = {spec.digest: pictures.as_json(), WORDS: words.as_json()}
    arguments.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    if arguments.report is not None:
        arguments.report.write_text(json.dumps(reports, indent=1) + "\n", encoding="utf-8")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
