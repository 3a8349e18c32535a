"""A page as a browser would take it apart: its tags with attributes, its texts; and what it would load."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"meta", "img", "br"})
LOADING = ("src", "href", "xlink:href", "srcset", "poster", "action", "data", "background", "formaction")


@dataclass
class ParsedPage(HTMLParser):
    """Tags in the order in which they begin, and all text outside of style sheets."""

    html: str
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    style: str = ""
    _open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.html)
        self.close()
        assert self._open == [], "every tag is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] == ["style"]:
            self.style += data
        else:
            self.texts.append(data)

    @property
    def text(self) -> str:
        """All text, its white space made single."""
        return re.sub(r"\s+", " ", "".join(self.texts))

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """Tags with the names of their attributes."""
        return [(tag, tuple(attributes)) for tag, attributes in self.tags]

    def loads(self) -> list[str]:
        """Everything that a browser would fetch from outside the page."""
        found = [
            value
            for _tag, attributes in self.tags
            for name in LOADING
            if (value := attributes.get(name)) is not None and not value.startswith(("#", "data:image/jpeg"))
        ]
        styles = [self.style, *(attributes.get("style") or "" for _tag, attributes in self.tags)]
        found += [
            link for style in styles for link in re.findall(r"url\(([^)]*)\)", style) if link[:1] != "#"
        ]
        return found + re.findall(r"@import[^;]*", self.style)
