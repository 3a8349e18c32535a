"""Which ffmpeg binary is taken."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mediaindex.decode.ffmpeg_binary import ffmpeg_binary
from mediaindex.errors import ConfigError


def test_a_machine_without_ffmpeg_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(ConfigError, match="no ffmpeg binary"):
        ffmpeg_binary()


def test_the_systems_binary_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary = tmp_path / "ffmpeg"
    binary.write_text("#!/bin/sh\n")
    binary.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ffmpeg_binary() == str(binary)


def test_the_packaged_binary_stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    packaged = pytest.importorskip("imageio_ffmpeg")
    monkeypatch.setenv("PATH", "")
    assert ffmpeg_binary() == packaged.get_ffmpeg_exe()
