"""Tiny films of plain colours, stills and subtitles, written for real."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from tests.support.fake_encoder import COLOURS
from tests.support.media import Clip, flat, write_clip


def film(
    path: Path,
    *shots: str | tuple[str, float],
    fps: int = 5,
    size: tuple[int, int] = (64, 48),
    codec: str = "mpeg4",
    tags: dict[str, str] | None = None,
) -> Path:
    """Write a film of plain colours: each shot a colour (2 s), or a colour and its seconds.

    It appears whole, so that a watcher never sees a half of it, however slow this machine is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = []
    for shot in shots:
        colour, seconds = shot if isinstance(shot, tuple) else (shot, 2.0)
        pictures += [flat(*COLOURS[colour], width=size[0], height=size[1])] * round(seconds * fps)
    with tempfile.TemporaryDirectory() as aside:
        whole = write_clip(
            Path(aside, f"film{path.suffix}"), pictures, Clip(codec=codec, rate=fps, tags=tags or {})
        )
        part = shutil.copyfile(whole, path.with_name(".part"))
    return part.replace(path)


def jpeg(path: Path, colour: str) -> Path:
    """Write a still picture."""
    from PIL import Image

    Image.new("RGB", (64, 48), COLOURS[colour]).save(path, "JPEG")
    return path


def srt(path: Path, *cues: tuple[float, float, str]) -> Path:
    """Write subtitles: (start, end, text) in seconds."""

    def clock(seconds: float) -> str:
        whole = int(seconds)
        return f"00:{whole // 60:02}:{whole % 60:02},{round(1000 * (seconds - whole)):03}"

    blocks = [
        f"{number}\n{clock(start)} --> {clock(end)}\n{text}\n"
        for number, (start, end, text) in enumerate(cues, 1)
    ]
    path.write_text("\n".join(blocks), encoding="utf-8")
    return path
