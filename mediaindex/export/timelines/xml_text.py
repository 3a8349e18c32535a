"""XML with names that nobody vouches for: every character that XML forbids becomes a visible escape."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from mediaindex.safe_text import printable

# What is no character of XML 1.0 beside those that `printable` escapes.
_FORBIDDEN = re.compile("[\ufffe\uffff]")


def text(value: object) -> str:
    """A value as text of one line that XML can hold."""
    return _FORBIDDEN.sub("\ufffd", printable(str(value)))


def child(
    parent: ElementTree.Element, tag: str, content: object = None, **attributes: object
) -> ElementTree.Element:
    """A new element at the end of another one; an attribute that is None is left out."""
    given = {name: text(value) for name, value in attributes.items() if value is not None}
    element = ElementTree.SubElement(parent, tag, given)
    if content is not None:
        element.text = text(content)
    return element


def document(root: ElementTree.Element, doctype: str) -> bytes:
    """The bytes of a whole document."""
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE {doctype}>\n{body}\n'.encode()
