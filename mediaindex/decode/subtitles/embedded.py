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
from mediaindex.decode.subtitles.formats import ass_rows
from mediaindex.decode.subtitles.repeats import Caption, said
from mediaindex.media import MAX_CUE_CHARACTERS, MAX_CUES, Cue

TEXT_CODECS = frozenset(
    {"ass", "ssa", "subrip", "srt", "webvtt", "mov_text", "text", "microdvd", "subviewer", "sami", "realtext"}
)
# For a packet without a duration: long enough to be found, short enough to point at the moment.
UNSTATED_SECONDS = 4.0
# An ASS event as libavcodec writes it has eight fields before its text.
FIELDS_BEFORE_TEXT = 8
# Of one film's subtitles together: bounds what the child holds until the film's end.
MOST_CHARACTERS = 16 * 1024 * 1024


class SubtitleReader:
    """Turns packets of text subtitle streams into cues; bitmap subtitles (PGS, VobSub) are left out.

    FFmpeg opens at most 1000 streams of a file, so all of them are read.
    """

    def __init__(self, container: InputContainer, clock: PlayingClock) -> None:
        self.streams: Sequence[SubtitleStream] = [s for s in container.streams.subtitles if _is_text(s)]
        self._clock = clock
        self._shown: dict[int, list[Caption]] = {stream.index: [] for stream in self.streams}
        self._caption_count = 0
        self._character_count = 0

    def read(self, packet: Packet[Stream]) -> None:
        """Take one packet of one of `streams`."""
        start = self._clock.seconds_beside(packet)
        if start is None or not packet.size:
            return
        length = float((packet.duration or 0) * packet.time_base) or UNSTATED_SECONDS
        start = max(start, 0.0)
        for rows in _texts(packet):
            self._caption_count += 1
            self._character_count += sum(map(len, rows))
            if self._caption_count > MAX_CUES or self._character_count > MOST_CHARACTERS:
                return
            self._shown[packet.stream_index].append(Caption(start, start + length, rows))

    def cues(self) -> Iterator[Cue]:
        """The cues of all packets read, stream by stream, each line once."""
        for stream in self.streams:
            language = clean_tags(stream.metadata).get("language")
            for caption in said(self._shown[stream.index]):
                yield Cue(
                    start_seconds=caption.start_seconds,
                    end_seconds=caption.end_seconds,
                    text=clean(caption.text, MAX_CUE_CHARACTERS),
                    source=f"stream {stream.index}",
                    language=None if language in (None, "und") else language,
                    forced=bool(stream.disposition & Disposition.forced),
                )


def _texts(packet: Packet[Stream]) -> list[tuple[str, ...]]:
    """The texts in a packet, each as its rows."""
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
            texts.append(
                tuple(filter(None, (clean(row, MAX_CUE_CHARACTERS) for row in ass_rows(fields[-1]))))
            )
    return [rows for rows in texts if rows]


def _is_text(stream: SubtitleStream) -> bool:
    codec = codec_of(stream)
    return codec is not None and codec.name in TEXT_CODECS
