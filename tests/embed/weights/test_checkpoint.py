"""The files of one checkpoint: weights, digest, licence."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mediaindex.embed.weights import checkpoint
from mediaindex.errors import EncoderMismatch, EncoderUnavailable


def test_safetensors_come_before_torch_files(tmp_path: Path) -> None:
    for name in ("a.pt", "b.safetensors", "pytorch_model.bin"):
        (tmp_path / name).touch()
    assert checkpoint.weights_in(tmp_path).name == "pytorch_model.bin"
    (tmp_path / "pytorch_model.bin").unlink()
    assert checkpoint.weights_in(tmp_path).name == "b.safetensors"


def test_weights_in_several_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model-00001-of-00002.safetensors").touch()
    (tmp_path / "model.safetensors.index.json").touch()
    with pytest.raises(EncoderUnavailable, match="split into several files"):
        checkpoint.weights_in(tmp_path)


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("license: Apache-2.0\n", ("Apache-2.0", True)),
        ("license: cc-by-nc-4.0\n", ("cc-by-nc-4.0", False)),
        ("no licence at all", ("not stated", False)),
        ("license: \x1b[31mred\n", ("not stated", False)),
    ],
)
def test_the_licence_of_a_card(tmp_path: Path, card: str, licence: tuple[str, bool]) -> None:
    (tmp_path / "README.md").write_text(card)
    assert checkpoint.licence_of(tmp_path) == licence


def test_a_large_vocabulary_was_made_for_many_languages() -> None:
    assert [checkpoint.reads_many_languages(n) for n in (30_522, 49_408, 250_002, 256_000)] == [
        False,
        False,
        True,
        True,
    ]


def test_a_digest_is_that_of_files_and_configuration(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"1")
    other.write_bytes(b"2")
    digest = checkpoint.digest_of([one, other], {"size": 1, "mean": 2})
    assert digest == checkpoint.digest_of([one, other], {"mean": 2, "size": 1})
    assert digest != checkpoint.digest_of([other, one], {"size": 1, "mean": 2})
    assert digest != checkpoint.digest_of([one, other], {"size": 1, "mean": 3})


def test_a_blob_of_the_hubs_cache_is_hashed_by_its_name_alone(tmp_path: Path) -> None:
    content = b"weights"
    name = hashlib.sha256(content).hexdigest()
    blob = tmp_path / "blobs" / name
    blob.parent.mkdir()
    blob.write_bytes(b"not read")
    (tmp_path / "linked").symlink_to(blob)
    (tmp_path / "plain").write_bytes(content)
    assert checkpoint.digest_of([tmp_path / "linked"], {}) == checkpoint.digest_of([tmp_path / "plain"], {})


def test_the_files_of_a_tokenizer_come_in_order_of_name(tmp_path: Path) -> None:
    for name in ("vocab.txt", "spiece.model", "merges.txt", "notes.txt"):
        (tmp_path / name).touch()
    files = [path.name for path in checkpoint.tokenizer_files(tmp_path)]
    assert files == ["merges.txt", "spiece.model", "vocab.txt"]


@pytest.mark.parametrize(
    ("text", "error", "match"),
    [
        ("[1]", EncoderMismatch, "is not a JSON object"),
        ("{", EncoderMismatch, "is not JSON"),
        ("[" * 100_000, EncoderMismatch, "is not JSON"),
        (None, EncoderUnavailable, "cannot be read: No such file"),
    ],
)
def test_what_is_no_json_object_is_refused(
    tmp_path: Path, text: str | None, error: type[Exception], match: str
) -> None:
    if text is not None:
        (tmp_path / "config.json").write_text(text)
    with pytest.raises(error, match=match):
        checkpoint.read_json(tmp_path / "config.json")


def test_only_endings_that_are_read_without_code_pass(tmp_path: Path) -> None:
    assert checkpoint.checked_weights(tmp_path / "a.pt") == tmp_path / "a.pt"
    with pytest.raises(EncoderUnavailable, match=r"must end with \.safetensors"):
        checkpoint.checked_weights(tmp_path / "a.pkl")


def test_a_reason_is_the_line_that_says_something() -> None:
    error = RuntimeError("Error(s) in loading state_dict for CLIP:\n\tsize mismatch for proj.\n")
    assert checkpoint.reason(error) == "size mismatch for proj"
    assert checkpoint.reason(pickle.UnpicklingError("exec")) == "it holds more than tensors, perhaps code"
    assert checkpoint.reason(ValueError()) == "ValueError"


@given(st.text(max_size=400))
@example(".")
@example("\x00")
def test_a_reason_is_one_short_line(text: str) -> None:
    line = checkpoint.reason(ValueError(text))
    assert line
    assert len(line) <= 256
    assert len(line.splitlines()) == 1
