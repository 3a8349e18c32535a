"""Whatever a name holds, XML stays XML."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from mediaindex.export.timelines.xml_text import child, document, text

ANY_TEXT = st.text(st.characters(), max_size=50)


@given(ANY_TEXT)
def test_any_text_can_be_read_back(value: str) -> None:
    root = ElementTree.Element("root")
    child(root, "inner", value, name=value, absent=None)
    read = ElementTree.fromstring(document(root, "root"))
    assert (read[0].text or "", read[0].attrib) == (text(value), {"name": text(value)})


def test_what_xml_forbids_is_shown_and_the_rest_is_kept() -> None:
    assert text("a]]> & <b> \"c\" 'd' é 日") == "a]]> & <b> \"c\" 'd' é 日"
    assert text("a\nb\x00\x1b\udce9\ufffe") == "a\\nb\\x00\\x1b\\xe9\ufffd"


def test_a_document_names_its_type() -> None:
    lines = document(ElementTree.Element("fcpxml"), "fcpxml").decode().splitlines()
    assert lines == ['<?xml version="1.0" encoding="UTF-8"?>', "<!DOCTYPE fcpxml>", "<fcpxml />"]
