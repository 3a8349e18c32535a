"""Fifty-four difficult files end as their manifest says, each exception with its reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.worker import new_worker
from mediaindex.errors import DecoderDied, MediaError
from mediaindex.media import MediaInfo, NotAVideo
from tests.support.media import collect

pytestmark = pytest.mark.corpus

# What an unrestricted decoder opened and ours refuses.
REFUSED = {
    "real/av1-clearkey-cbcs-video.mp4": "encrypted",  # decodes without an error, into noise
    "real/short-cenc.mp4": "encrypted",
    "made/jpeg_renamed.mp4": "picture",  # image formats are not on the whitelist
}


def outcome(path: Path) -> tuple[str, str]:
    """`frames`, `skipped` or `failed`, with how many or why."""
    with new_worker() as worker:
        try:
            info = worker.probe(path)
            if isinstance(info, NotAVideo):
                return "skipped", info.reason
            extraction = collect(worker.extract(path, info, Sampling()))
        except DecoderDied:
            raise
        except MediaError as error:
            return "failed", error.reason
    assert isinstance(info, MediaInfo)
    return "frames", str(len(extraction.frames))


def expected(name: str, expect: dict[str, Any]) -> str:
    if name == "made/jpeg_renamed.mp4" or (expect["opens"] and not expect["video_streams"]):
        return "skipped"
    return "frames" if expect["decoded_frames"] and name not in REFUSED else "failed"


def test_every_hard_file_ends_as_stated(shared: Path) -> None:
    folder = shared / "corpus" / "hard"
    lines = (folder / "MANIFEST.jsonl").read_text(encoding="utf-8").splitlines()
    wrong = []
    for entry in map(json.loads, lines):
        name = entry["file"]
        end, words = outcome(folder / name)
        if end != expected(name, entry["expect"]) or REFUSED.get(name, "") not in words or not words:
            wrong.append((name, entry["kind"], end, words))
    assert len(lines) == 54
    assert wrong == []


def test_cuts_of_the_compilations(shared: Path) -> None:
    folder = shared / "corpus" / "videos"
    entries = map(json.loads, (folder / "MANIFEST.jsonl").read_text(encoding="utf-8").splitlines())
    missed = false = boundaries = 0
    with new_worker() as worker:
        for entry in entries:
            if "segments" not in entry:
                continue
            path = folder / entry["file"]
            info = worker.probe(path)
            assert isinstance(info, MediaInfo)
            cuts = collect(worker.extract(path, info, Sampling())).outline.cuts
            true = [segment["start_s"] for segment in entry["segments"][1:]]
            boundaries += len(true)
            missed += sum(all(abs(cut - start) > 0.5 for cut in cuts) for start in true)
            false += sum(all(abs(cut - start) > 0.5 for start in true) for cut in cuts)
    assert boundaries == 18
    assert missed <= 1
    assert false <= 2
