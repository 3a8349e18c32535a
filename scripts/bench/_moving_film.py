"""A long film of large pictures: a scene that pans and turns, with a cut now and then, drawn here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image

WIDTH, HEIGHT, RATE = 1920, 1080, 25
KEYFRAME_SECONDS = 2
DRAWN_SECONDS = 60
SHOT_SECONDS = 14.6  # so that cuts do not fall on keyframes


def write_moving_film(path: Path, seconds: int, seed: int) -> None:
    """An H.264 film with a keyframe every 2 s; its drawn minute is repeated without being encoded again."""
    drawn = path.with_name(f"drawn-{path.name}")
    _encode(drawn, min(seconds, DRAWN_SECONDS), seed)
    with av.open(str(path), "w") as container:
        stream: VideoStream | None = None
        for turn in range(-(-seconds // DRAWN_SECONDS)):
            with av.open(str(drawn)) as minute:
                source = minute.streams.video[0]
                stream = stream or container.add_stream_from_template(source)
                for packet in minute.demux(source):
                    if packet.pts is None or packet.dts is None:
                        continue
                    assert source.time_base is not None
                    ticks = int(turn * DRAWN_SECONDS / source.time_base)
                    packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
                    packet.stream = stream
                    container.mux(packet)
    drawn.unlink()


def _encode(path: Path, seconds: int, seed: int) -> None:
    options = {"preset": "veryfast", "g": str(KEYFRAME_SECONDS * RATE), "sc_threshold": "0"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for picture in _pictures(seconds * RATE, seed):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def _pictures(count: int, seed: int) -> Iterator[NDArray[np.uint8]]:
    """A camera that pans over a painting, over which a square flies; another painting in every shot."""
    shot_frames = int(SHOT_SECONDS * RATE)
    painting = np.zeros(0, np.uint8)
    for number in range(count):
        place = number % shot_frames
        if place == 0:
            painting = _painting(np.random.default_rng((seed, number)))
        left, top = 2 * place, place
        picture = painting[top : top + HEIGHT, left : left + WIDTH].copy()
        x, y = 7 * place % (WIDTH - 200), 5 * place % (HEIGHT - 200)
        picture[y : y + 200, x : x + 200] = 255 - picture[y : y + 200, x : x + 200]
        yield picture


def _painting(chance: np.random.Generator) -> NDArray[np.uint8]:
    """Large shapes with fine grain, larger than the screen by the way of the camera."""
    size = WIDTH + 2 * int(SHOT_SECONDS * RATE), HEIGHT + int(SHOT_SECONDS * RATE)
    shapes = Image.fromarray(chance.integers(0, 256, (18, 32, 3), np.uint8)).resize(
        size, Image.Resampling.BICUBIC
    )
    grain = chance.integers(-8, 9, (size[1], size[0], 1), np.int16)
    painting: NDArray[np.uint8] = np.clip(np.asarray(shapes, np.int16) + grain, 0, 255).astype(np.uint8)
    return painting
