"""Films whose shot boundaries are known: scenes of real clips joined, with keyframes of several kinds."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from bench.recall import pictures_at
from numpy.typing import NDArray
from PIL import Image

SIZE = (640, 360)
RATE = 25
SHORTEST_SECONDS, LONGEST_SECONDS = 1.5, 6.0


@dataclass(frozen=True, slots=True)
class Coding:
    """How a film is encoded; `options` are the codec's."""

    codec: str
    options: Mapping[str, str]


CODINGS = {
    "H.264, a keyframe every 2 s": Coding("libx264", {"g": "50", "sc_threshold": "0"}),
    "H.264, a keyframe every 10 s": Coding("libx264", {"g": "250", "sc_threshold": "0"}),
    "H.264, keyframes at changes of scene": Coding("libx264", {"g": "250"}),
    "MPEG-4, a keyframe every 4 s": Coding("mpeg4", {"g": "100", "sc_threshold": "1000000000", "b": "2M"}),
    "VP9, a keyframe every 5.12 s": Coding(
        "libvpx-vp9", {"g": "128", "deadline": "realtime", "cpu-used": "8"}
    ),
}


@dataclass(frozen=True, slots=True)
class JoinedFilm:
    """A written film; `joints` are the times in seconds at which its scenes meet."""

    path: Path
    joints: tuple[float, ...]


def write_joined_films(folder: Path, clips: Sequence[tuple[Path, float]], seed: int) -> dict[str, JoinedFilm]:
    """The same scenes in every coding, by the coding's name.

    Args:
        clips: (path, seconds) of clips without a cut, one for each scene.
    """
    chance = random.Random(seed)
    scenes = []
    for path, seconds in clips:
        length = chance.uniform(SHORTEST_SECONDS, min(LONGEST_SECONDS, seconds))
        times = [number / RATE for number in range(int(length * RATE))]
        scenes.append([_fitted(picture) for picture in pictures_at(path, times)])
    ends = np.cumsum([len(scene) for scene in scenes]) / RATE
    joints = tuple(float(end) for end in ends[:-1])
    films = {}
    for number, (name, coding) in enumerate(CODINGS.items()):
        path = folder / f"joined{number}.mkv"
        _write(path, [picture for scene in scenes for picture in scene], coding)
        films[name] = JoinedFilm(path, joints)
    return films


def _fitted(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(picture).resize(SIZE, Image.Resampling.BILINEAR))


def _write(path: Path, pictures: Sequence[NDArray[np.uint8]], coding: Coding) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(coding.codec, rate=RATE, options=dict(coding.options))
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
