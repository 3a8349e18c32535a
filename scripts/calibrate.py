"""Fit how confident a search may be, on captioned photographs that no training of the encoder saw.

    python scripts/calibrate.py --builtin ../shared/builtin --flickr8k GITDIR --work DIR
    python scripts/calibrate.py … --report FILE        write the out-of-fold table, too

A photograph is a clip of ten frames (scripts/_pseudo_frames.py). Galleries of 50 to 1 000 of them are drawn,
and captions are asked: in half of the questions their photograph is in the gallery, in half it was taken
out. A photograph that shows the same is right as well: see `fitting`. The first moments of each answer, with
the numbers of mediaindex/search/confidence, are what is fitted: a logistic regression, or isotonic
regression behind it where that has the better Brier score in cross-validation by photograph. The
photographs are halved by name; each half is judged by what the other half gave, and both together are what
ships.

Words are fitted alike: one caption of a photograph is the title of a video, another one asks for it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from _builtin_pairs import Photograph, rows_of, shares_of_the_box
from _pseudo_frames import write_feature_files
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from mediaindex.embed.families.builtin_files import FILES, builtin_bank, builtin_spec
from mediaindex.learn.features.feature_rows import read_header
from mediaindex.learn.features.feature_set import read_features
from mediaindex.media import MediaInfo
from mediaindex.search.channels.pictures import HUB_SHARE
from mediaindex.search.channels.similarity import unit
from mediaindex.search.confidence import picture_numbers, word_numbers
from mediaindex.search.confidence.calibration import CONFIDENT, FILE, WORDS, Calibration
from mediaindex.store.catalog import fulltext, locations, videos, volumes
from mediaindex.store.catalog.videos import Identity
from mediaindex.store.library import Library, open_library
from mediaindex.store.mapped.bank import BETA, hubness

SMALLEST, LARGEST = 50, 1000
QUESTIONS_OF_A_GALLERY = 40
GALLERIES = 60
MOMENTS = 5
"""Of each answer, so many of the first are fitted."""
FOLDS = 5
STEPS = 24
"""Points of the isotonic curve that are kept at the most."""
STRENGTHS = (0.01, 0.1, 1.0, 10.0)

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Moments of answers, each with its numbers.

    Attributes:
        numbers: (N, F). right: (N,) whether it is what was asked for. group: (N,) photograph of the caption.
        first: (N,) whether it is the first of its answer. answered: (N,) whether the right one was there.
    """

    numbers: NDArray[np.float64]
    right: NDArray[np.bool_]
    group: NDArray[np.int64]
    first: NDArray[np.bool_]
    answered: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: Sequence[tuple[list[float], bool, int, bool, bool]]) -> Samples:
        """From rows of (numbers, right, group, first, answered)."""
        numbers, right, group, first, answered = zip(*rows, strict=True)
        as_bool = [np.array(column, bool) for column in (right, first, answered)]
        return cls(np.array(numbers), as_bool[0], np.array(group, np.int64), as_bool[1], as_bool[2])

    def where(self, chosen: NDArray[np.bool_]) -> Samples:
        """Some of them."""
        return Samples(
            self.numbers[chosen],
            self.right[chosen],
            self.group[chosen],
            self.first[chosen],
            self.answered[chosen],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Photographs:
    """Photographs and captions as vectors.

    Attributes:
        frames: (P, F, D) unit. texts: (T, D) unit. of: (T,) the photograph of each text. captions: T.
        half: (P,) 0 or 1, by the name.
        fits: (T, P) whether a text fits a photograph, as `fitting` says.
    """

    frames: Matrix
    texts: Matrix
    of: NDArray[np.int64]
    captions: tuple[str, ...]
    half: NDArray[np.int64]
    fits: NDArray[np.bool_]

    @property
    def means(self) -> Matrix:
        """(P, D) unit, the mean frame of each."""
        return unit(self.frames.mean(axis=1))

    def similarities(self, queries: Matrix, *, blend: float) -> Matrix:
        """(Q, P) as a search has them of segments: the three best frames, and the mean frame."""
        parts = []
        for start in range(0, len(queries), 256):
            some = queries[start : start + 256]
            cosines = np.tensordot(some, self.frames, axes=(1, 2))
            best = np.sort(cosines, axis=2)[:, :, -3:].mean(axis=2)
            parts.append(blend * best + (1.0 - blend) * (some @ self.means.T))
        return np.concatenate(parts).astype(np.float32)


def photographs_of(files: Sequence[Path]) -> Photographs:
    """The clips of feature files."""
    frames, texts, of = [], [], []
    captions: list[str] = []
    names: list[str] = []
    for path in files:
        features = read_features(path, encoder=read_header(path), words=False)
        of.append(features.clip + len(names))
        names += features.paths
        captions += features.captions
        frames.append(unit(features.frames.astype(np.float32)))
        texts.append(unit(features.text.astype(np.float32)))
    half = np.array([hashlib.sha256(name.encode()).digest()[0] % 2 for name in names])
    vectors, photograph = np.concatenate(texts), np.concatenate(of)
    fits = fitting(vectors, photograph)
    return Photographs(np.concatenate(frames), vectors, photograph, tuple(captions), half, fits)


def fitting(texts: Matrix, of: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(T, P) whether a person would say that a text fits a photograph: it is its own, or one like it.

    Another photograph may show the same, so "not the one" is not "wrong". It counts as right if one of its
    captions is as similar to the text as two captions of one photograph are in the median.
    """
    cosines = texts @ texts.T
    same = (of[:, None] == of[None, :]) & ~np.eye(len(of), dtype=bool)
    alike = float(np.median(cosines[same]))
    first = np.flatnonzero(np.diff(of, prepend=-1))
    nearest = np.maximum.reduceat(cosines, first, axis=1)
    _say(f"captions agree from a cosine of {alike:.3f} on")
    fits: NDArray[np.bool_] = nearest >= alike
    fits[np.arange(len(of)), of] = True
    return fits


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """A gallery and the captions that are asked in it.

    Attributes:
        gallery: photographs. asked: texts, half of them of photographs in the gallery.
    """

    gallery: NDArray[np.int64]
    asked: list[int]


def draws(known: Photographs, half: int, *, count: int, seed: int) -> Iterator[Draw]:
    """Galleries of one half of the photographs."""
    chance = np.random.default_rng([seed, half])
    own = np.flatnonzero(known.half == half)
    texts_of: dict[int, list[int]] = {}
    for text, photograph in enumerate(known.of.tolist()):
        texts_of.setdefault(photograph, []).append(text)
    for _ in range(count):
        most = min(LARGEST, len(own) - QUESTIONS_OF_A_GALLERY)
        size = int(np.exp(chance.uniform(np.log(SMALLEST), np.log(most))))
        mixed = chance.permutation(own)
        gallery, outside = mixed[:size], mixed[size:]
        half_of_them = QUESTIONS_OF_A_GALLERY // 2
        sought = [*gallery[:half_of_them].tolist(), *outside[:half_of_them].tolist()]
        yield Draw(gallery, [int(chance.choice(texts_of[photograph])) for photograph in sought])


def picture_samples(known: Photographs, *, count: int, seed: int) -> list[Samples]:
    """What the pictures answer in each half."""
    blend, bank = builtin_spec(FILES).blend, builtin_bank(FILES)
    similarity = known.similarities(known.texts, blend=blend)
    of_bank = known.similarities(bank, blend=blend)
    score = (similarity - HUB_SHARE * hubness(of_bank, beta=BETA)).astype(np.float32)
    few_of_bank = picture_numbers.sentences_of(of_bank)
    means, found = known.means, []
    for half in (0, 1):
        rows: list[tuple[list[float], bool, int, bool, bool]] = []
        for draw in draws(known, half, count=count, seed=seed):
            gallery = draw.gallery
            for text in draw.asked:
                own = score[text, gallery]
                order = np.argsort(-own, kind="stable")[:MOMENTS]
                best = picture_numbers.best_segments(own)
                numbers = picture_numbers.picture_numbers(
                    own,
                    gallery,
                    order.tolist(),
                    similarity[text, gallery[order]].tolist(),
                    few_of_bank[:, gallery[order]].T,
                    means[gallery[np.concatenate([order, best])]],
                    best,
                )
                right = known.fits[text, gallery[order]].tolist()
                answered = bool(known.fits[text, gallery].any())
                rows += [
                    (numbers[place], right[place], int(known.of[text]), place == 0, answered)
                    for place in range(len(order))
                ]
        found.append(Samples.of(rows))
    return found


def word_samples(known: Photographs, *, count: int, seed: int) -> list[Samples]:
    """What the words answer in each half: one caption is a video's title, another one is asked."""
    titles: dict[int, int] = {}
    for text, photograph in enumerate(known.of.tolist()):
        titles.setdefault(photograph, text)
    several = np.bincount(known.of, minlength=len(known.half)) > 1
    found = []
    with tempfile.TemporaryDirectory() as folder, open_library(Path(folder), create=True) as library:
        numbers = _titled(library, {place: known.captions[text] for place, text in titles.items()})
        by_video = {video: photograph for photograph, video in numbers.items()}
        for half in (0, 1):
            narrowed = replace(known, half=np.where(several, known.half, -1))
            rows: list[tuple[list[float], bool, int, bool, bool]] = []
            for draw in draws(narrowed, half, count=count, seed=seed):
                allowed = [numbers[int(place)] for place in draw.gallery]
                for text in draw.asked:
                    photograph = int(known.of[text])
                    if text == titles[photograph]:
                        text += 1
                    answered = bool(known.fits[text, draw.gallery].any())
                    with library.read() as connection:
                        hits = fulltext.find(connection, known.captions[text], allowed).hits
                    for place, one in enumerate(word_numbers.word_numbers(hits)[:MOMENTS]):
                        right = bool(known.fits[text, by_video[hits[place].video_id]])
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


# Fitting


def fitted(samples: Samples, names: Sequence[str]) -> Calibration:
    """The calibration of some samples."""

    def brier_of(strength: float) -> float:
        return _cross_validated(samples, lambda part: _logistic(part, names, strength))

    strength = min(STRENGTHS, key=brier_of)

    def plain(part: Samples) -> Calibration:
        return _logistic(part, names, strength)

    def stepped(part: Samples) -> Calibration:
        return _stepped(plain(part), part)

    has_steps = _cross_validated(samples, stepped) < _cross_validated(samples, plain)
    return stepped(samples) if has_steps else plain(samples)


def _cross_validated(samples: Samples, fit: Callable[[Samples], Calibration]) -> float:
    """The Brier score of held-out photographs."""
    errors = []
    for train, test in GroupKFold(FOLDS).split(samples.numbers, samples.right, samples.group):
        own = np.zeros(len(samples.right), bool)
        own[train] = True
        calibration = fit(samples.where(own))
        errors.append((probabilities(calibration, samples.numbers[test]) - samples.right[test]) ** 2)
    return float(np.concatenate(errors).mean())


def _logistic(samples: Samples, names: Sequence[str], strength: float) -> Calibration:
    means, scales = samples.numbers.mean(axis=0), np.maximum(samples.numbers.std(axis=0), 1e-9)
    model = LogisticRegression(C=strength, max_iter=1000)
    model.fit((samples.numbers - means) / scales, samples.right)
    weights = tuple(model.coef_[0].tolist())
    bias = float(np.ravel(model.intercept_)[0])
    return Calibration(tuple(names), tuple(means.tolist()), tuple(scales.tolist()), weights, bias, ())


def _stepped(plain: Calibration, samples: Samples) -> Calibration:
    scores = probabilities(plain, samples.numbers)
    curve = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(scores, samples.right)
    at = np.unique(np.quantile(scores, np.linspace(0, 1, STEPS)))
    steps = tuple(zip(at.tolist(), curve.predict(at).tolist(), strict=True))
    return replace(plain, steps=steps)


def probabilities(calibration: Calibration, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) of rows of numbers, as `Calibration.probability` has each."""
    means, scales, weights = (
        np.array(values) for values in (calibration.means, calibration.scales, calibration.weights)
    )
    logits = calibration.bias + ((numbers - means) / scales) @ weights
    scores: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-np.clip(logits, -500.0, 500.0)))
    if not calibration.steps:
        return scores
    at, height = zip(*calibration.steps, strict=True)
    stepped: NDArray[np.float64] = np.interp(scores, at, height)
    return stepped


# The report


def report_of(probability: NDArray[np.float64], samples: Samples) -> dict[str, float]:
    """How well the probabilities of held-out first moments hold."""
    first = samples.first
    sure, right, answered = probability[first], samples.right[first], samples.answered[first]
    confident, base = sure >= CONFIDENT, right.mean()
    brier = float(((sure - right) ** 2).mean())
    return {
        "questions": int(first.sum()),
        "right": float(base),
        "ece": expected_error(sure, right),
        "brier": brier,
        "skill": 1.0 - brier / float(base * (1.0 - base)),
        "confident": float(confident.mean()),
        "confident_with_answer": float(confident[answered].mean()),
        "confident_without_answer": float(confident[~answered].mean()),
        "right_if_confident": float(right[confident].mean()) if confident.any() else 0.0,
    }


def expected_error(sure: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 15) -> float:
    """ECE in bins of equal width: mean |probability - share that is right|, by the size of the bins."""
    parts = _bins(sure, bins)
    return float(sum(part.mean() * abs(sure[part].mean() - right[part].mean()) for part in parts))


def curve_of(sure: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 10) -> list[dict[str, float]]:
    """The reliability diagram: of each tenth, how many, their mean probability, the share that is right."""
    return [
        {"probability": float(sure[one].mean()), "right": float(right[one].mean()), "count": int(one.sum())}
        for one in _bins(sure, bins)
    ]


def _bins(sure: NDArray[np.float64], bins: int) -> list[NDArray[np.bool_]]:
    """(N,) of each bin of equal width that is not empty."""
    place = np.minimum((sure * bins).astype(int), bins - 1)
    return [place == one for one in range(bins) if (place == one).any()]


def calibrated(halves: Sequence[Samples], names: Sequence[str]) -> tuple[Calibration, dict[str, Any]]:
    """What ships, and how well each half is judged by the other."""
    judged = [probabilities(fitted(halves[1 - half], names), halves[half].numbers) for half in (0, 1)]
    both = Samples(
        *(
            np.concatenate([getattr(half, name) for half in halves])
            for name in ("numbers", "right", "group", "first", "answered")
        )
    )
    probability = np.concatenate(judged)
    report: dict[str, Any] = dict(report_of(probability, both))
    report["curve"] = curve_of(probability[both.first], both.right[both.first])
    return fitted(both, names), report


def main() -> None:
    """Fit, print the tables, and write what ships."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--builtin", type=Path, required=True, metavar="DIR", help="../shared/builtin")
    parser.add_argument(
        "--flickr8k", type=Path, required=True, metavar="GITDIR", help="holds the photographs of Flickr8k"
    )
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
    known = photographs_of(files)
    how = {"count": arguments.galleries, "seed": arguments.seed}
    rows: dict[str, Any] = {}
    reports: dict[str, Any] = {}
    for key, samples, names in (
        (builtin_spec(FILES).digest, picture_samples(known, **how), picture_numbers.NAMES),
        (WORDS, word_samples(known, count=2 * arguments.galleries, seed=arguments.seed), word_numbers.NAMES),
    ):
        calibration, reports[key] = calibrated(samples, names)
        rows[key] = calibration.as_json()
        _say(f"{key}: {json.dumps(reports[key], indent=1)}")
    arguments.out.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    if arguments.report is not None:
        arguments.report.write_text(json.dumps(reports, indent=1) + "\n", encoding="utf-8")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
