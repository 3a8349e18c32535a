"""Make the pictures of the page of an evaluation for docs/: phone and desktop, light and dark.

    python scripts/report_screens.py --videos DIR --out docs/screens

DIR holds clips and a MANIFEST.jsonl with their captions; only those of licence tier A are indexed, since the
pictures are published. Each of seven nights adds clips, and is moved back in time afterwards. Chromium must
be installed (Debian: `apt-get install chromium`). It prints of each picture by how much the page is wider
than its window, which it must not be.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

SIZES = {390: 4600, 1280: 2600}
"""Width of the window in pixels → how much of the page a picture shows at the most."""
SCHEMES = ("light", "dark")
COLOURS = 200
NIGHTS = 7
FLAGS = (
    "--headless",
    "--no-sandbox",  # in a container there is none to be had; the page is our own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


class Browser:
    """Chromium, spoken to by the DevTools protocol: messages of JSON, each ended by a zero byte."""

    def __init__(self, reader: int, writer: int) -> None:
        self._reader = os.fdopen(reader, "rb", buffering=0)
        self._writer = os.fdopen(writer, "wb", buffering=0)
        self._received = b""
        self._number = 0
        self.session: str | None = None

    def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """Call a method, and wait for its answer; events in between are passed over.

        Raises:
            RuntimeError: Chromium refuses it, or is gone.
        """
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": parameters}
        if self.session is not None:
            message["sessionId"] = self.session
        self._writer.write(json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._received:
            block = self._reader.read(1 << 16)
            if not block:
                raise RuntimeError("Chromium is gone")
            self._received += block
        message, _, self._received = self._received.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Chromium with a profile of its own, which is gone afterwards.

    Raises:
        RuntimeError: it is not installed.
    """
    program = shutil.which("chromium")
    if program is None:
        raise RuntimeError("chromium is not installed")
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    with tempfile.TemporaryDirectory() as profile:
        process = os.posix_spawn(
            program,
            [program, *FLAGS, f"--user-data-dir={profile}"],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, theirs_in, 3),
                (os.POSIX_SPAWN_DUP2, theirs_out, 4),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ],
        )
        os.close(theirs_in)
        os.close(theirs_out)
        speaking = Browser(ours_in, ours_out)
        try:
            yield speaking
        finally:
            speaking.session = None
            speaking.ask("Browser.close")
            os.waitpid(process, 0)


def picture(speaking: Browser, page: Path, width: int, scheme: str) -> tuple[bytes, int]:
    """The start of a page as PNG, and by how many pixels the page is wider than the window."""
    speaking.session = None
    target = speaking.ask("Target.createTarget", url="about:blank")["targetId"]
    speaking.session = speaking.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    media = [{"name": "prefers-color-scheme", "value": scheme}]
    speaking.ask("Emulation.setEmulatedMedia", features=media)
    speaking.ask(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=900,
        deviceScaleFactor=1,
        mobile=width < 600,
    )
    speaking.ask("Page.enable")
    speaking.ask("Page.navigate", url=page.resolve().as_uri())
    loaded = "new Promise(done => document.readyState == 'complete' ? done() : onload = done)"
    speaking.ask("Runtime.evaluate", expression=loaded, awaitPromise=True)
    size = speaking.ask("Page.getLayoutMetrics")["cssContentSize"]
    clip = {"x": 0, "y": 0, "width": width, "height": min(size["height"], SIZES[width]), "scale": 1}
    shot = speaking.ask("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
    return base64.b64decode(shot["data"]), round(size["width"]) - width


def small(png: bytes) -> bytes:
    """The same picture in few colours."""
    image = Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True)
    return written.getvalue()


def make_page(videos: Path, folder: Path) -> Path:
    """Evaluate a library night after night, while clips and captions are added; the page of the last."""
    rows = [json.loads(line) for line in (videos / "MANIFEST.jsonl").read_text(encoding="utf-8").splitlines()]
    free = [row for row in rows if row["license_tier"] == "A"]
    footage, library, page = folder / "Footage", folder / "library", folder / "page.html"
    for night in range(NIGHTS):
        if night:
            _move_nights_back(library / "library.sqlite")
        added = free[night::NIGHTS]
        for row in added:
            target = footage / row["file"]
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(videos / row["file"], target)
        paths = {str(footage / row["file"]): row["captions"] for row in added}
        paths = {str(footage / row["file"]): row["captions"] for row in added}
        lines = [{"path": path, "caption": text} for path, texts in paths.items() for text in texts]
        captions = folder / "captions.jsonl"
        captions.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        _mediaindex(library, "index", footage)
        _mediaindex(library, "caption", "import", captions)
        _mediaindex(library, "eval", "library", "--nightly", "--report", page)
    return page


def _mediaindex(library: Path, *words: str | Path) -> None:
    command = [sys.executable, "-m", "mediaindex", *map(str, words), "--library", str(library)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _move_nights_back(database: Path) -> None:
    """Let every evaluation be a day older: nobody waits for a night."""
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "UPDATE evaluation SET started_at = started_at - 86400, ended_at = ended_at - 86400"
        )


def main() -> None:
    """Make them all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--videos", type=Path, metavar="DIR")
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="a page that is there, in place of --videos"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    arguments = parser.parse_args()
    if (arguments.videos is None) == (arguments.page is None):
        parser.error("give --videos or --page")
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, browser() as speaking:
        page = arguments.page or make_page(arguments.videos, Path(folder))
        for width in SIZES:
            for scheme in SCHEMES:
                png, too_wide = picture(speaking, page, width, scheme)
                file = arguments.out / f"report-{width}-{scheme}.png"
                file.write_bytes(small(png))
                print(f"{file}: {file.stat().st_size} bytes, wider than the window by {too_wide}")


if __name__ == "__main__":
    main()
