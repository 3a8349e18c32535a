"""Make the pictures of the terminal interface for docs/: each screen, at two sizes, as SVG and PNG.

    python scripts/screens.py --videos DIR --out docs/screens

DIR holds clips and a MANIFEST.jsonl; only those of licence tier A are indexed, since the pictures are
published. PNG needs `pip install resvg-py` and the font DejaVu Sans Mono.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tui"))

from textual.pilot import Pilot

from mediaindex_tui.app import InterfaceApp, Setup
from mediaindex_tui.link import Link
from mediaindex_tui.list_layout import View

SIZES = ((80, 24), (120, 40))
QUERY = "puppy on the grass"
FONT = "/usr/share/fonts/truetype/dejavu"
REST_SECONDS = 1.0

Steps = Callable[[InterfaceApp, Pilot[int]], Awaitable[None]]


async def start(app: InterfaceApp, pilot: Pilot[int]) -> None:
    """Nothing is typed yet."""
    await _rest(app, pilot)


async def typing(app: InterfaceApp, pilot: Pilot[int]) -> None:
    """A query that is being typed."""
    await _type(pilot, QUERY[: len(QUERY) - 2])
    await _rest(app, pilot)


async def results(app: InterfaceApp, pilot: Pilot[int]) -> None:
    """An answer, and the cursor in it."""
    await _type(pilot, QUERY)
    await _rest(app, pilot)
    await pilot.press("tab", "down")
    await _rest(app, pilot)


async def filtered(app: InterfaceApp, pilot: Pilot[int]) -> None:
    """Filters, and one that cannot be read."""
    await _type(pilot, "dog longer:2x")
    await _rest(app, pilot)


async def marked(app: InterfaceApp, pilot: Pilot[int]) -> None:
    """Marks, and a caption that is being written."""
    await results(app, pilot)
    await pilot.press("space", "x", "c")
    await _type(pilot, "Rex runs")
    await _rest(app, pilot)


async def help_screen(app: InterfaceApp, pilot: Pilot[int]) -> None:
    """All keys."""
    await pilot.press("f1")
    await _rest(app, pilot)


async def library(app: InterfaceApp, pilot: Pilot[int]) -> None:
    """The library."""
    await pilot.press("f2")
    await _rest(app, pilot)


async def palette(app: InterfaceApp, pilot: Pilot[int]) -> None:
    """The commands."""
    await results(app, pilot)
    await pilot.press("ctrl+p")
    await _rest(app, pilot)


SCREENS: dict[str, tuple[Steps, View | None, str]] = {
    "start": (start, None, "dark"),
    "typing": (typing, "lines", "dark"),
    "lines": (results, "lines", "dark"),
    "cards": (results, "cards", "dark"),
    "grid": (results, "grid", "dark"),
    "filter": (filtered, "lines", "dark"),
    "caption": (marked, "lines", "dark"),
    "help": (help_screen, None, "dark"),
    "library": (library, None, "dark"),
    "palette": (palette, "lines", "dark"),
    "light": (results, "cards", "light"),
    "contrast": (results, "lines", "high-contrast"),
}


async def _type(pilot: Pilot[int], text: str) -> None:
    await pilot.press(
        *("space" if letter == " " else "colon" if letter == ":" else letter for letter in text)
    )


async def _rest(app: InterfaceApp, pilot: Pilot[int]) -> None:
    """Until the finder has said all: nothing tells that the last picture has come."""
    for _ in range(20):
        await pilot.pause(REST_SECONDS / 10)
        if "pictures" in app.ready:
            break
    await pilot.pause(REST_SECONDS)


async def picture(name: str, size: tuple[int, int], library_folder: Path) -> str:
    """One screen as SVG."""
    steps, view, theme = SCREENS[name]
    link = Link(library_folder)
    app = InterfaceApp(Setup(library_folder, view=view, theme=theme), link)
    try:
        async with app.run_test(size=size) as pilot:
            while "pictures" not in app.ready:
                await pilot.pause(0.1)
            await steps(app, pilot)
            return without_web_fonts(app.export_screenshot(title="mediaindex"))
    finally:
        link.close()


def without_web_fonts(svg: str) -> str:
    """The picture in a font of the machine that shows it; the same picture every time."""
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code", "DejaVu Sans Mono")
    return re.sub(r"terminal-\d+", "terminal-0", svg)


def png(svg: str) -> bytes:
    """An SVG as PNG."""
    resvg_py = importlib.import_module(
        "resvg_py"
    )  # by its name: for these pictures alone it is installed by hand
    fonts = [str(path) for path in sorted(Path(FONT).glob("DejaVuSansMono*.ttf"))]
    made = resvg_py.svg_to_bytes(svg_string=svg, font_files=fonts, monospace_family="DejaVu Sans Mono")
    return bytes(made)


def index(videos: Path, library_folder: Path) -> None:
    """Index the clips whose licence lets their pictures be published."""
    lines = (videos / "MANIFEST.jsonl").read_text(encoding="utf-8").splitlines()
    clips = [str(videos / clip["file"]) for clip in map(json.loads, lines) if clip["license_tier"] == "A"]
    command = [sys.executable, "-m", "mediaindex", "index", *clips, "--library", str(library_folder)]
    subprocess.run(command, check=True)


def main() -> None:
    """Make them all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--videos", type=Path, required=True, metavar="DIR")
    parser.add_argument("--library", type=Path, metavar="DIR", help="made where it is not there")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--only", nargs="*", choices=sorted(SCREENS), default=list(SCREENS))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        library_folder = arguments.library or Path(folder) / "library"
        if not library_folder.exists():
            index(arguments.videos, library_folder)
        for name in arguments.only:
            for columns, rows in SIZES:
                svg = asyncio.run(picture(name, (columns, rows), library_folder))
                file = arguments.out / f"{name}-{columns}x{rows}"
                file.with_suffix(".svg").write_text(svg, encoding="utf-8")
                file.with_suffix(".png").write_bytes(png(svg))
                print(file)


if __name__ == "__main__":
    main()
