"""One pass from captioned media to a feature file: pictures and captions through an encoder, part by part."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mediaindex.embed.encoder import Encoder
from mediaindex.embed.preprocess import picture
from mediaindex.ingest.frame_batcher import concatenated
from mediaindex.ingest.pools.file_reading import Decoding
from mediaindex.learn.features.caption_tables import SkippedInput
from mediaindex.learn.features.captioned_media import CaptionedMedia
from mediaindex.learn.features.clip_frames import ClipFrames, clip_frames
from mediaindex.learn.features.feature_parts import FeatureParts
from mediaindex.learn.features.feature_rows import ClipFeatures
from mediaindex.media import FrameEmbeddings

# Pictures that are gathered, so that few batches are padded.
GATHERED_PICTURES = 64
GATHERED_BATCHES = 4
TEXTS_AT_ONCE = 64

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class FeatureSummary:
    """What a pass made, its earlier runs included.

    Attributes:
        clips: rows of the file; without any, there is no file. skipped: in this run, and in finished parts.
    """

    clips: int
    captions: int
    frames: int
    skipped: tuple[SkippedInput, ...]


def make_features(
    media: Sequence[CaptionedMedia],
    encoder: Encoder,
    parts: FeatureParts,
    decoding: Decoding,
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> FeatureSummary:
    """Fill a feature file with the clips of the media, going on where an earlier run ended.

    Args:
        parts: entered.
        progress: told how many media files of how many this run has done.

    Raises:
        NoSpace: the file cannot be written. EncoderMismatch: the encoder gives numbers that are not finite.
    """
    keys = {item.key for item in media}
    skipped = [row for key, rows in parts.skipped.items() if key in keys for row in rows]
    left = [item for item in media if item.key not in parts.done]
    gathered: list[ClipFrames] = []
    enough = max(GATHERED_PICTURES, GATHERED_BATCHES * encoder.spec.batch)
    for done, read in enumerate(clip_frames(left, decoding)):
        progress(done, len(left))
        if isinstance(read, SkippedInput):
            skipped.append(read)
            continue
        skipped += read.skipped
        gathered.append(read)
        if sum(len(item.jpegs) for item in gathered) >= enough:
            _embed(gathered, encoder, parts)
            gathered = []
    _embed(gathered, encoder, parts)
    progress(len(left), len(left))
    clips, captions, frames = parts.finish(keys)
    return FeatureSummary(clips, captions, frames, tuple(skipped))


def _embed(items: Sequence[ClipFrames], encoder: Encoder, parts: FeatureParts) -> None:
    """Give the parts what some media files come to."""
    frames = _frames([jpeg for item in items for jpeg in item.jpegs], encoder)
    texts = [caption.text for item in items for clip, _places in item.clips for caption in clip.captions]
    said = _Said(texts, encoder)
    first = 0
    for item in items:
        last = first + len(item.jpegs)
        evidence = None if frames.evidence is None else frames.evidence[first:last]
        own = FrameEmbeddings(frames.vectors[first:last], evidence)
        parts.add(item.media.key, list(_rows(item, own, said)), item.skipped)
        first = last


def _frames(jpegs: Sequence[bytes], encoder: Encoder) -> FrameEmbeddings:
    if not jpegs:
        return encoder.images([])
    batches = _batches(jpegs, encoder.spec.batch)
    return concatenated([encoder.images([picture(jpeg) for jpeg in batch]) for batch in batches])


class _Said:
    """Embeddings of texts, taken one after another."""

    def __init__(self, texts: Sequence[str], encoder: Encoder) -> None:
        self._pooled: list[NDArray[np.float32]] = []
        self._words: list[NDArray[np.float32]] = []
        for batch in _batches(texts, TEXTS_AT_ONCE):
            made = encoder.texts(batch, tokens=encoder.spec.has_tokens)
            self._pooled += list(made.pooled)
            if made.tokens is not None and made.mask is not None:
                self._words += [tokens[mask] for tokens, mask in zip(made.tokens, made.mask, strict=True)]
        self._next = 0

    def take(self, count: int) -> tuple[NDArray[np.float32], list[NDArray[np.float32]] | None]:
        """The next `count` texts: pooled (count, D), and the token features of each, or None."""
        first, self._next = self._next, self._next + count
        return np.stack(self._pooled[first : self._next]), self._words[first : self._next] or None


def _rows(item: ClipFrames, frames: FrameEmbeddings, said: _Said) -> Iterator[ClipFeatures]:
    for clip, places in item.clips:
        chosen = list(places)
        pooled, words = said.take(len(clip.captions))
        yield ClipFeatures(
            path=item.media.name,
            start_seconds=clip.start_seconds,
            end_seconds=clip.end_seconds,
            group=item.media.group,
            split=item.media.split,
            seconds=[item.seconds[place] for place in chosen],
            frames=frames.vectors[chosen],
            evidence=None if frames.evidence is None else frames.evidence[chosen],
            captions=[caption.text for caption in clip.captions],
            sources=[caption.source for caption in clip.captions],
            languages=[caption.language for caption in clip.captions],
            texts=pooled,
            words=words,
        )


def _batches(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    left = iter(items)
    while batch := list(itertools.islice(left, size)):
        yield batch
