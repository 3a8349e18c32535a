"""The decoder of a film: bounded, and one that decodes the film's transparency."""

from __future__ import annotations

import av
from av.codec.context import CodecContext
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

# FFmpeg's own decoders of these codecs leave the alpha channel out, which has packets of its own.
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


def bounded_codec(film: VideoStream, max_pixels: int) -> VideoCodecContext:
    """The decoder of a film, on one thread, which refuses pictures of more pixels."""
    codec = film.codec_context
    name = alpha_decoder(film)
    if name is not None and name in av.codecs_available:
        created = CodecContext.create(name, "r")
        assert isinstance(created, VideoCodecContext)
        created.extradata = codec.extradata
        codec = created
    codec.thread_count = 1
    codec.options = {**codec.options, "max_pixels": str(max_pixels)}
    return codec


def alpha_decoder(film: VideoStream) -> str | None:
    """FFmpeg's name of the decoder that must be asked for by name to get the film's alpha channel."""
    has_alpha = film.metadata.get("alpha_mode") == "1"
    return _ALPHA_DECODERS.get(film.codec_context.codec.canonical_name) if has_alpha else None


def alpha_is_padding(container: InputContainer, film: VideoStream) -> bool:
    """Whether what FFmpeg calls an alpha channel is none: in AVI the fourth byte of raw RGB is reserved.

    It is 0 as a rule, and the whole film would count as transparent.
    """
    return container.format.name == "avi" and film.codec_context.codec.canonical_name == "rawvideo"
