"""A pass from captioned media to a feature file: frames and captions through an encoder, part by part."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mediaindex.embed.encoder import Encoder
from mediaindex.embed.inputs import picture
from mediaindex.ingest.frame_batcher import concatenated
from mediaindex.ingest.pools.file_reading import Decoding
from mediaindex.learn.features.caption_tables import SkippedInput
from mediaindex.learn.features.captioned_media import CaptionedMedia
from mediaindex.learn.features.clip_frames import ClipFrames, clip_frames
from mediaindex.learn.features.clip_protocol import ClipProtocol, shortened
from mediaindex.learn.features.feature_parts import FeatureParts
from mediaindex.learn.features.feature_rows import ClipFeatures
from mediaindex.media import FrameEmbeddings

# Frames are gathered, so that few batches are padded: at least so many, and at least so many batches.
GATHERED_PICTURES = 64
GATHERED_BATCHES = 4
TEXTS_AT_ONCE = 64

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class FeatureSummary:
    """What a feature file holds after a pass, and what was left out.

    Attributes:
        clips: rows of the file; where it is 0, there is no file.
        skipped: in this run, and in earlier ones whose parts were kept.
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
    protocol: ClipProtocol | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> FeatureSummary:
    """Fill a feature file with the clips of the media, going on where an earlier run ended.

    Args:
        parts: within its `with` block.
        protocol: of a benchmark; None samples films as the index does, and reads captions in full.
        progress: called with the media files that this run has done, and all that it has to do.

    Raises:
        NoSpace: the file cannot be written. EncoderMismatch: the encoder gives numbers that are not finite.
    """
    keys = {item.key for item in media}
    skipped = [row for key, rows in parts.skipped.items() if key in keys for row in rows]
    remaining = [item for item in media if item.key not in parts.done]
    gathered: list[ClipFrames] = []
    enough = max(GATHERED_PICTURES, GATHERED_BATCHES * encoder.spec.batch)
    for done, frames_of_file in enumerate(clip_frames(remaining, decoding, protocol)):
        progress(done, len(remaining))
        if isinstance(frames_of_file, SkippedInput):
            skipped.append(frames_of_file)
            continue
        skipped += frames_of_file.skipped
        gathered.append(frames_of_file)
        if sum(len(item.jpegs) for item in gathered) >= enough:
            _embed(gathered, encoder, parts, protocol)
            gathered = []
    _embed(gathered, encoder, parts, protocol)
    progress(len(remaining), len(remaining))
    return FeatureSummary(*parts.finish(keys), tuple(skipped))


def _embed(
    items: Sequence[ClipFrames], encoder: Encoder, parts: FeatureParts, protocol: ClipProtocol | None
) -> None:
    """Embed the frames and captions of some media files, and add their clips to the parts."""
    frames = _frames([jpeg for item in items for jpeg in item.jpegs], encoder)
    texts = [caption.text for item in items for clip, _places in item.clips for caption in clip.captions]
    if protocol is not None:
        texts = shortened(texts, encoder, protocol.tokens)
    captions = _CaptionEmbeddings(texts, encoder)
    first = 0
    for item in items:
        last = first + len(item.jpegs)
        evidence = None if frames.evidence is None else frames.evidence[first:last]
        frames_of_file = FrameEmbeddings(frames.vectors[first:last], evidence)
        parts.add(item.media.key, list(_rows(item, frames_of_file, captions)), item.skipped)
        first = last


def _frames(jpegs: Sequence[bytes], encoder: Encoder) -> FrameEmbeddings:
    if not jpegs:
        return encoder.images([])
    batches = _batches(jpegs, encoder.spec.batch)
    return concatenated([encoder.images([picture(jpeg) for jpeg in batch]) for batch in batches])


class _CaptionEmbeddings:
    """Embeddings of texts, taken in their order."""

    def __init__(self, texts: Sequence[str], encoder: Encoder) -> None:
        self._pooled: list[NDArray[np.float32]] = []
        self._words: list[NDArray[np.float32]] = []
        for batch in _batches(texts, TEXTS_AT_ONCE):
            features = encoder.texts(batch, tokens=encoder.spec.has_tokens)
            self._pooled += list(features.pooled)
            if features.tokens is not None and features.mask is not None:
                pairs = zip(features.tokens, features.mask, strict=True)
                self._words += [tokens[mask] for tokens, mask in pairs]
        self._next = 0

    def take(self, count: int) -> tuple[NDArray[np.float32], list[NDArray[np.float32]] | None]:
        """The next `count` texts: pooled (count, D), and the token features of each, or None."""
        first, self._next = self._next, self._next + count
        return np.stack(self._pooled[first : self._next]), self._words[first : self._next] or None


def _rows(item: ClipFrames, frames: FrameEmbeddings, captions: _CaptionEmbeddings) -> Iterator[ClipFeatures]:
    for clip, indices in item.clips:
        places = list(indices)
        pooled, words = captions.take(len(clip.captions))
        yield ClipFeatures(
            path=item.media.name,
            start_seconds=clip.start_seconds,
            end_seconds=clip.end_seconds,
            group=item.media.group,
            split=item.media.split,
            seconds=[item.seconds[place] for place in places],
            frames=frames.vectors[places],
            evidence=None if frames.evidence is None else frames.evidence[places],
            captions=[caption.text for caption in clip.captions],
            sources=[caption.source for caption in clip.captions],
            languages=[caption.language for caption in clip.captions],
            texts=pooled,
            words=words,
        )


def _batches(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    remaining = iter(items)
    while batch := list(itertools.islice(remaining, size)):
        yield batch
