"""An SVG that matplotlib wrote, made fit to stand in a page: no ids that clash, no style but the page's.

Colours are drawn as marks of no meaning, which become variables of the page, so that one plot serves both
colour schemes.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

TEXT, MUTED, AXIS, GRID = "#010101", "#020202", "#030303", "#040404"
SERIES = ("#050101", "#050202", "#050303", "#050404", "#050505", "#050606")
VARIABLES = {
    TEXT: "var(--text)",
    MUTED: "var(--muted)",
    AXIS: "var(--axis)",
    GRID: "var(--grid)",
    **{mark: f"var(--series-{number})" for number, mark in enumerate(SERIES, start=1)},
}

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_HREF = f"{{{_XLINK}}}href"
_LINK = re.compile(r"url\(#([^)]+)\)")
_FONT = re.compile(r"(?:^|;)\s*font(?:-[a-z]+)?:[^;]*")
_SIZE = re.compile(r"font(?:-size)?:[^;]*?([\d.]+)px")
_NUMBER = re.compile(r"-?\d+\.\d+")
_HARMLESS = frozenset({"svg", "g", "path", "use", "text", "tspan", "defs", "clipPath", "rect"})


def inline_svg(written: bytes, name: str, label: str) -> str:
    """The drawing as one element of a page.

    Args:
        written: by matplotlib. name: that no other drawing of the page has. label: for who cannot see it.
    """
    root = ET.fromstring(written)
    for parent in list(root.iter()):
        for child in list(parent):
            if _tag(child) not in _HARMLESS:  # the description of the file, and its style
                parent.remove(child)
    linked = {link for element in root.iter() for link in _links(element)}
    for element in root.iter():
        element.tag = _tag(element)
        element.attrib = _attributes(element, linked, name)
        element.tail = None
    box = root.get("viewBox", "0 0 1 1")
    root.attrib = {"viewBox": box, "role": "img", "aria-label": label, "class": "plot"}
    return ET.tostring(root, encoding="unicode")


def _tag(element: ET.Element) -> str:
    return element.tag.removeprefix(f"{{{_SVG}}}")


def _links(element: ET.Element) -> list[str]:
    """The ids that an element names."""
    href = element.get(_HREF, "")
    found = [href[1:]] if href.startswith("#") else []
    return found + [link for value in element.attrib.values() for link in _LINK.findall(value)]


def _attributes(element: ET.Element, linked: set[str], name: str) -> dict[str, str]:
    kept = {}
    for key, value in element.attrib.items():
        if key == "id":
            if value in linked:
                kept["id"] = f"{name}-{value}"
        elif key == _HREF:
            kept["href"] = f"#{name}-{value[1:]}"
        elif key == "style":
            kept["style"] = _style(value)
        else:
            kept[key] = _LINK.sub(rf"url(#{name}-\1)", _shorter(value))
    return kept


def _style(style: str) -> str:
    """The declarations with the page's font, and its colours in place of the marks."""
    size = _SIZE.search(style)
    plain = _FONT.sub("", style).strip("; ") + (f"; font-size: {size[1]}px" if size else "")
    for mark, variable in VARIABLES.items():
        plain = plain.replace(mark, variable)
    return plain.strip("; ")


def _shorter(value: str) -> str:
    """Coordinates to a tenth of a unit."""
    return _NUMBER.sub(lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), value)
