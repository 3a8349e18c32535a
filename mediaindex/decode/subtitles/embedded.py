"""Text subtitle streams inside a container → cues, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import av.error
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.subtitles.stream import SubtitleStream

from mediaindex.decode.container.opening import codec_of
from mediaindex.decode.container.tags import clean, clean_tags
from mediaindex.decode.container.timeline import PlayingClock
from mediaindex.decode.subtitles.formats import ass_words
from mediaindex.media import MAX_CUE_CHARACTERS, MAX_CUES, Cue

TEXT_CODECS = frozenset(
    {"ass", "ssa", "subrip", "srt", "webvtt", "mov_text", "text", "microdvd", "subviewer", "sami", "realtext"}
)
MAX_STREAMS = 16
# For a packet without a duration: long enough to be found, short enough to point at the moment.
UNSTATED_SECONDS = 4.0
# An ASS event as libavcodec writes it has eight fields before its text.
FIELDS_BEFORE_TEXT = 8


class SubtitleReader:
    """Turns packets of text subtitle streams into cues; bitmap subtitles (PGS, VobSub) are left out."""

    def __init__(self, container: InputContainer, clock: PlayingClock) -> None:
        text = [s for s in container.streams.subtitles if _is_text(s)]
        self.streams: Sequence[SubtitleStream] = text[:MAX_STREAMS]
        self._clock = clock
        self._cue_count = 0

    def cues(self, packet: Packet[Stream]) -> Iterator[Cue]:
        """The cues in one packet of one of `streams`."""
        start = self._clock.seconds_beside(packet)
        if start is None or not packet.size:
            return
        length = float((packet.duration or 0) * packet.time_base) or UNSTATED_SECONDS
        stream = packet.stream
        language = clean_tags(stream.metadata).get("language")
        for text in _texts(packet):
            if self._cue_count >= MAX_CUES:
                return
            self._cue_count += 1
            yield Cue(
                start_seconds=max(start, 0.0),
                end_seconds=max(start, 0.0) + length,
                text=text,
                source=f"stream {stream.index}",
                language=None if language in (None, "und") else language,
                forced=bool(stream.disposition & Disposition.forced),
            )


def _texts(packet: Packet[Stream]) -> list[str]:
    try:
        decoded = packet.decode()
    except av.error.MemoryError:
        raise
    except (av.error.FFmpegError, UnicodeDecodeError):
        return []
    texts = []
    for rect in decoded:
        event = getattr(rect, "ass", b"").decode("utf-8", "replace")
        fields = event.split(",", FIELDS_BEFORE_TEXT)
        if len(fields) > FIELDS_BEFORE_TEXT:
            texts.append(clean(ass_words(fields[-1]), MAX_CUE_CHARACTERS))
    return [text for text in texts if text]


def _is_text(stream: SubtitleStream) -> bool:
    codec = codec_of(stream)
    return codec is not None and codec.name in TEXT_CODECS
