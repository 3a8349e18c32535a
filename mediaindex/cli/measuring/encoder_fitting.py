"""What `train --encoder NAME` makes beside the generator, and how it is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mediaindex.cli.measuring.feature_making import stage_of
from mediaindex.config import Config
from mediaindex.errors import NoSpace

if TYPE_CHECKING:
    from mediaindex.cli.shared.output import ProgressLine
    from mediaindex.embed.encoder import Encoder
    from mediaindex.learn.scorer.fitting import FittedScorer
    from mediaindex.learn.training.data import TrainingData
    from mediaindex.learn.training.train import AboutSpace, TrainGenerator


def fit_encoder(
    encoder: Encoder,
    data: TrainingData,
    config: Config,
    media: Path | None,
    mixture: Path,
    seed: int,
    line: ProgressLine,
) -> AboutSpace:
    """Fit hub correction and confidence, and a scorer where media are given; keep them; what was made.

    Args:
        encoder: that made the features. media: folder of what the features name; None trains no scorer.
        mixture: folder for the scorer's mixture.

    Raises:
        NoSpace: something cannot be written.
        EncoderMismatch, UsageError: no scorer can be trained for the encoder, or on the media.
    """
    from mediaindex.learn.fitting.space import fit_space
    from mediaindex.learn.training.train import AboutSpace
    from mediaindex.store.vectors.fitted import write_fitted

    if media is not None:
        from mediaindex.embed.families.token_states import token_sources

        token_sources(encoder)  # refused before anything is written
    fitted = fit_space(encoder, data, seed=seed, progress=stage_of(line, "fitting confidence"))
    try:
        if fitted.parts:
            write_fitted(config.library, encoder=data.encoder, digest=data.digest, parts=fitted.parts)
        scorer = (
            None
            if media is None
            else _scorer(encoder, data, media, mixture, config, fitted.report["hubs"]["on"], seed, line)
        )
    except OSError as error:
        where = error.filename or config.library
        raise NoSpace(f"{where} cannot be written: {error.strerror or error}") from error
    refit = _refit(encoder, data, config)
    confidence = {**fitted.report["confidence"], "refit": refit}
    report = {**fitted.report, "confidence": confidence, "scorer": scorer and scorer.report}
    return AboutSpace(report, _generator(data, scorer))


def lines_of(report: Mapping[str, Any]) -> Iterator[str]:
    """What was made, for a person.

    Args:
        report: of a training.
    """
    if (hubs := report["hubs"]) is not None:
        yield f"hub correction {'on' if hubs['on'] else 'off'}: {hubs['reason']}"
    if (confidence := report["confidence"]) is not None:
        yield _confidence(confidence)
        if (refit := confidence["refit"]) is not None:
            yield str(refit["reason"])
            yield str(refit["words"]["reason"])
    if (scorer := report["scorer"]) is not None:
        state = "on" if scorer["on"] else "off"
        yield f"scorer of regions in {scorer['path']}; its mixture is {state}: {scorer['reason']}"
        yield f"'mediaindex models use {report['encoder']}' takes it up: it makes the evidence of frames"


def _refit(encoder: Encoder, data: TrainingData, config: Config) -> Mapping[str, Any] | None:
    """What captions and marks say of the confidence; None where the library searches by another encoder."""
    from mediaindex.assembly.serving import serving_space
    from mediaindex.learn.fitting.refit import refit_confidence
    from mediaindex.store.layout import DATABASE
    from mediaindex.store.library import open_library

    if not (config.library / DATABASE).is_file():
        return None
    with open_library(config.library) as library:
        space = serving_space(library)
        if space is None or space.digest != data.digest:
            return None
        return refit_confidence(library, space, encoder)


def _scorer(
    encoder: Encoder,
    data: TrainingData,
    media: Path,
    mixture: Path,
    config: Config,
    corrects_hubs: bool,
    seed: int,
    line: ProgressLine,
) -> FittedScorer:
    from mediaindex.assembly.reading import decoding_of
    from mediaindex.learn.scorer.fitting import MediaFolder, fit_scorer

    def progress(stage: str, done: int, total: int) -> None:
        line({"stage": stage, "done": done, "total": total})

    return fit_scorer(
        encoder,
        data,
        MediaFolder(media, decoding_of(config)),
        mixture,
        corrects_hubs=corrects_hubs,
        seed=seed,
        progress=progress,
    )


def _generator(data: TrainingData, scorer: FittedScorer | None) -> TrainGenerator | None:
    """What trains a generator that reads the scorer; None without one, or with too few clips."""
    if scorer is None or scorer.lists is None:
        return None
    from mediaindex.learn.scorer.list_generators import reading_generator

    return partial(reading_generator, data, scorer.lists)


def _confidence(report: Mapping[str, Any]) -> str:
    if (held := report["reliability"]) is None:
        return str(report["reason"])
    return (
        f"confidence {report['reason']}: calibration error {held['ece']:.3f}, "
        f"Brier skill {held['skill']:+.3f}; {100 * held['confident']:.0f} % of {held['questions']} first "
        f"moments confident, of these {100 * held['right_if_confident']:.0f} % right"
    )
