"""Property lists: read by Python's own parser, with any path that a library may have."""

from __future__ import annotations

import plistlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaindex.background.launchd import Launchd
from mediaindex.background.unit_file import is_ours, text_of
from mediaindex.errors import MediaIndexError
from tests.support.unit_files import COMMAND


@given(library=st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"])))
def test_a_property_list_holds_the_path_that_was_meant(library: str) -> None:
    environment = {"PATH": "/opt/homebrew/bin:/usr/bin", "MEDIAINDEX_ENCODER": '<fast> & "small"'}
    text = text_of(Launchd(), "mediaindex", (*COMMAND, library), environment, about="x")
    read = plistlib.loads(text)
    assert read["ProgramArguments"] == [*COMMAND, library]
    assert read["EnvironmentVariables"] == environment
    assert (read["Label"], read["Umask"], read["ProcessType"]) == ("mediaindex", 0o077, "Background")
    assert read["KeepAlive"] == {"SuccessfulExit": False}
    assert is_ours(text)


@pytest.mark.parametrize("library", ["/a\x1bb", "/latin-\udce9"])
def test_what_a_property_list_cannot_hold_is_refused(library: str) -> None:
    with pytest.raises(MediaIndexError, match="property list cannot hold"):
        text_of(Launchd(), "mediaindex", (*COMMAND, library), {}, about="x")
