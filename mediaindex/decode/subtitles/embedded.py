"""Text subtitle streams inside a container → cues, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import av.error
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.subtitles.stream import SubtitleStream

from mediaindex.decode.container.opening import codec_of
from mediaindex.decode.container.tags import clean, clean_tags
from mediaindex.decode.container.timeline import PlayingClock
from mediaindex.decode.subtitles.encoding import decoded
from mediaindex.decode.subtitles.formats import ass_rows
from mediaindex.decode.subtitles.repeats import Caption, said
from mediaindex.media import MAX_CUE_CHARACTERS, MAX_CUES, Cue
from mediaindex.sources.language_tags import language_of

TEXT_CODECS = frozenset(
    {"ass", "ssa", "subrip", "srt", "webvtt", "mov_text", "text", "microdvd", "subviewer", "sami", "realtext"}
)
# For a packet without a duration: long enough to be found, short enough to point at the moment.
UNSTATED_SECONDS = 4.0
# An ASS event as libavcodec writes it has eight fields before its text.
FIELDS_BEFORE_TEXT = 8
# Of one film's subtitles together: bounds what the child holds until the film's end.
MOST_BYTES = 16 * 1024 * 1024


class SubtitleReader:
    """Turns packets of text subtitle streams into cues; bitmap subtitles (PGS, VobSub) are left out.

    FFmpeg opens at most 1000 streams of a file, so all of them are read.
    """

    def __init__(self, container: InputContainer, clock: PlayingClock) -> None:
        self.streams: Sequence[SubtitleStream] = [s for s in container.streams.subtitles if _is_text(s)]
        for stream in self.streams:
            # FFmpeg refuses an event with one byte that is not UTF-8; here the stream is decoded as a whole.
            stream.codec_context.options = {"sub_charenc_mode": "ignore"}
        self._clock = clock
        self._events: dict[int, list[_Event]] = {stream.index: [] for stream in self.streams}
        self._event_count = 0
        self._byte_count = 0

    def read(self, packet: Packet[Stream]) -> None:
        """Take one packet of one of `streams`."""
        start = self._clock.seconds_beside(packet)
        if start is None or not packet.size:
            return
        length = float((packet.duration or 0) * packet.time_base) or UNSTATED_SECONDS
        start = max(start, 0.0)
        for text in _texts(packet):
            self._event_count += 1
            self._byte_count += len(text)
            if self._event_count > MAX_CUES or self._byte_count > MOST_BYTES:
                return
            self._events[packet.stream_index].append(_Event(start, start + length, text))

    def cues(self) -> Iterator[Cue]:
        """The cues of all packets read, stream by stream, each line once."""
        for stream in self.streams:
            language = clean_tags(stream.metadata).get("language")
            captions = _captions(self._events[stream.index], language_of(language or ""))
            for caption in said(captions):
                yield Cue(
                    start_seconds=caption.start_seconds,
                    end_seconds=caption.end_seconds,
                    text=clean(caption.text, MAX_CUE_CHARACTERS),
                    source=f"stream {stream.index}",
                    language=None if language in (None, "und") else language,
                    forced=bool(stream.disposition & Disposition.forced),
                )


@dataclass(frozen=True, slots=True)
class _Event:
    """The text field of an ASS event, in the stream's encoding and on one line, and when it is shown."""

    start_seconds: float
    end_seconds: float
    text: bytes


def _texts(packet: Packet[Stream]) -> list[bytes]:
    """The text fields of the events in a packet."""
    try:
        decoded_events = packet.decode()
    except av.error.MemoryError:
        raise
    except (av.error.FFmpegError, UnicodeDecodeError):
        return []
    fields = (getattr(event, "ass", b"").split(b",", FIELDS_BEFORE_TEXT) for event in decoded_events)
    return [b" ".join(row[-1].splitlines()) for row in fields if len(row) > FIELDS_BEFORE_TEXT]


def _captions(events: Sequence[_Event], language: str | None) -> Iterator[Caption]:
    texts = decoded(b"\n".join(event.text for event in events), language=language).split("\n")
    for event, text in zip(events, texts, strict=False):
        rows = tuple(filter(None, (clean(row, MAX_CUE_CHARACTERS) for row in ass_rows(text))))
        if rows:
            yield Caption(event.start_seconds, event.end_seconds, rows)


def _is_text(stream: SubtitleStream) -> bool:
    codec = codec_of(stream)
    return codec is not None and codec.name in TEXT_CODECS
