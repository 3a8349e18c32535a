"""What was fitted to an encoder: written whole, and read as a stranger's file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from mediaindex.store.vectors.fitted import FOLDER, WORDS, fitted_file, read_fitted, write_fitted

DIGEST, OTHER = "0a" * 32, "0b" * 32


def write(library: Path, **parts: Any) -> Path:
    return write_fitted(library, encoder="tiny", digest=DIGEST, parts=parts)


def test_parts_are_kept_beside_those_that_are_written(tmp_path: Path) -> None:
    path = write(tmp_path, hubs={"gates": []}, refit={"row": 1})
    assert path == tmp_path / FOLDER / f"{DIGEST}.json"
    assert path.stat().st_mode & 0o777 == 0o600
    write(tmp_path, calibration={"row": 2}, refit=None)
    assert dict(read_fitted(tmp_path, DIGEST).parts) == {"hubs": {"gates": []}, "calibration": {"row": 2}}
    assert read_fitted(tmp_path, DIGEST).problem is None
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert not read_fitted(tmp_path, OTHER).parts
    assert not read_fitted(None, DIGEST).parts


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "it is damaged"),
        (b"\xff\xfe", "it is damaged"),
        (b"[]", "it is damaged"),
        (b"[" * 100_000, "it is damaged"),
        (b'{"format": 2}', "it is of another version"),
        (json.dumps({"format": 1, "encoder": {"digest": OTHER}}).encode(), "it was made for another encoder"),
        (b'{"format": 1, "encoder": 7}', "it is damaged"),
        (b" " * ((1 << 20) + 1), "it is too large"),
    ],
)
def test_a_file_that_does_not_fit_is_named_and_not_read(tmp_path: Path, content: bytes, said: str) -> None:
    path = write(tmp_path, hubs={})
    path.write_bytes(content)
    found = read_fitted(tmp_path, DIGEST)
    assert not found.parts
    assert found.problem == f"fitted/{DIGEST}.json is not read, {said}"
    write(tmp_path, hubs={"again": 1})
    assert read_fitted(tmp_path, DIGEST).parts["hubs"] == {"again": 1}


@pytest.mark.parametrize("digest", ["", "../../x", "ABCDEF0123", "0" * 129, "0123456789\n"])
def test_a_digest_leads_nowhere_else(tmp_path: Path, digest: str) -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        fitted_file(tmp_path, digest)
    assert not read_fitted(tmp_path, digest).parts


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path, hubs={"value": 1})
    assert read_fitted(tmp_path, DIGEST).parts["hubs"]["value"] == 1
    path.write_text(path.read_text(encoding="utf-8").replace("1\n", "2\n"), encoding="utf-8")
    os.utime(path, ns=(1, 1))
    assert read_fitted(tmp_path, DIGEST).parts["hubs"]["value"] == 2


def test_what_is_no_number_is_not_written(tmp_path: Path) -> None:
    write(tmp_path, hubs={"value": 1})
    with pytest.raises(ValueError, match="JSON"):
        write(tmp_path, hubs={"value": float("nan")})
    assert read_fitted(tmp_path, DIGEST).parts["hubs"]["value"] == 1
    assert len(list((tmp_path / FOLDER).iterdir())) == 1


def test_what_is_fitted_to_words_has_no_encoder(tmp_path: Path) -> None:
    path = write_fitted(tmp_path, encoder=None, digest=WORDS, parts={"refit": {"row": 1}})
    assert path.name == "words.json"
    assert json.loads(path.read_text(encoding="utf-8"))["encoder"] == {"name": None, "digest": "words"}
    assert read_fitted(tmp_path, WORDS).parts == {"refit": {"row": 1}}
    assert not read_fitted(tmp_path, "0c" * 32).parts
