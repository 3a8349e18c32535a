"""A drawing of matplotlib as an element of a page."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from mediaindex.learn.report_page.inline_svg import GRID, SERIES, inline_svg

WRITTEN = f"""<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="10pt" height="20pt" viewBox="0 0 10 20"
 xmlns="http://www.w3.org/2000/svg" version="1.1">
 <metadata><any/></metadata>
 <defs><style type="text/css">*{{stroke-linejoin: round}}</style></defs>
 <g id="figure_1">
  <defs><path id="m1" d="M 0 1.23456 L 9.96 -0.04" style="stroke: {SERIES[0]}; stroke-width: 0.8"/></defs>
  <g clip-path="url(#p1)"><use xlink:href="#m1" x="1.25" y="2" style="fill: {GRID}"/></g>
  <text style="font: 10px 'DejaVu Sans', sans-serif; text-anchor: middle" x="1" y="2">50</text>
  <text style="font-size: 9px; font-family: 'X'; fill: {SERIES[1]}">7</text>
 </g>
 <script>alert(1)</script>
 <clipPath id="p1"><rect x="0" y="0" width="3" height="4"/></clipPath>
</svg>""".encode()


def test_it_has_no_style_no_font_and_no_colour_of_its_own() -> None:
    drawing = inline_svg(WRITTEN, "plot", 'recall, "percent"')
    root = ET.fromstring(drawing)
    assert root.attrib == {
        "viewBox": "0 0 10 20",
        "role": "img",
        "aria-label": 'recall, "percent"',
        "class": "plot",
    }
    assert {element.tag for element in root.iter()} == {
        "svg", "g", "defs", "path", "use", "text", "clipPath", "rect",
    }  # fmt: skip
    first, second = root.iter("text")
    assert first.attrib["style"] == "text-anchor: middle; font-size: 10px"
    assert second.attrib["style"] == "fill: var(--series-2); font-size: 9px"
    (path,) = root.iter("path")
    assert path.attrib == {
        "id": "plot-m1",
        "d": "M 0 1.2 L 10 -0",
        "style": "stroke: var(--series-1); stroke-width: 0.8",
    }
    (use,) = root.iter("use")
    assert (use.attrib["href"], use.attrib["style"]) == ("#plot-m1", "fill: var(--grid)")
    assert "http" not in drawing
    assert "figure_1" not in drawing


def test_two_drawings_share_no_id() -> None:
    ids = [
        {
            element.attrib["id"]
            for element in ET.fromstring(inline_svg(WRITTEN, name, "")).iter()
            if "id" in element.attrib
        }
        for name in ("one", "two")
    ]
    assert not ids[0] & ids[1]
    assert len(ids[0]) == 2
