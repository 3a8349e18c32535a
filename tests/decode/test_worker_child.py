"""What the child does with a request, and that no parent can do the same."""

from __future__ import annotations

import errno
import json
import tomllib
from pathlib import Path

import av.error
import pytest

from mediaindex.decode.sampling import policy
from mediaindex.decode.sampling.policy import MAX_PIXELS
from mediaindex.decode.sandbox import wire
from mediaindex.decode.worker_child import DECODERS, handle
from mediaindex.errors import MediaError, ProbeError
from mediaindex.media import SampledFrame, Segmentation
from tests.support.media import decode_request, film, moving, write_clip
from tests.support.paths import CHECKOUT


def replies(path: Path, action: str) -> list[wire.Value]:
    request = {**decode_request(path, action), "max_pixels": MAX_PIXELS}
    messages = [json.loads(json.dumps(header)) for header, _ in handle(request)]
    return [wire.unpack(header, b"") for header in messages]


def test_every_decoder_that_may_be_chosen_is_there() -> None:
    assert tuple(DECODERS) == policy.DECODERS
    assert DECODERS["auto"] is DECODERS["pyav"]


def test_each_request_has_its_own_replies(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", moving(80))
    assert replies(path, "probe") == [film(path)]
    assert [type(value) for value in replies(path, "first look")] == [SampledFrame, Segmentation]
    extracted = replies(path, "extract")
    assert sum(isinstance(value, SampledFrame) for value in extracted) == 3
    assert isinstance(extracted[-1], Segmentation)


def test_a_file_that_vanishes_may_come_back(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", moving(20))
    request = decode_request(path, "extract")
    path.unlink()
    with pytest.raises(ProbeError, match="cannot be read: No such file") as gone:
        list(handle(request))
    assert gone.value.transient


@pytest.mark.parametrize(
    ("number", "refusal", "transient"),
    [
        (errno.EIO, "the file cannot be read: Input/output error", True),
        (errno.ESTALE, "the file cannot be read: Stale file handle", True),
        (errno.EOPNOTSUPP, "it cannot be decoded: Operation not supported", False),
        (errno.EINVAL, "it cannot be decoded: Invalid argument", False),
    ],
)
def test_what_ffmpeg_cannot_do_is_no_fault_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, refusal: str, transient: bool
) -> None:
    path = write_clip(tmp_path / "clip.mp4", moving(20))
    request = decode_request(path, "extract")

    def refuse(*_: object, **__: object) -> None:
        av.error.err_check(-number)

    monkeypatch.setattr("mediaindex.decode.backends.pyav.bounded_codec", refuse)
    with pytest.raises(MediaError, match=refusal) as refused:
        list(handle(request))
    assert refused.value.transient is transient


def test_a_folder_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ProbeError, match="the file cannot be read: Is a directory"):
        list(handle({"do": "probe", "path": str(tmp_path), "max_pixels": MAX_PIXELS}))


def test_the_contract_on_what_parents_import_names_every_module() -> None:
    """A new module is either one that a parent may import, and is checked, or one for the child alone."""
    settings = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (
        one
        for one in settings["tool"]["importlinter"]["contracts"]
        if one["name"] == "decode: no parent process imports what opens media files"
    )
    parents, child_only = contract["source_modules"], contract["forbidden_modules"]
    assert "mediaindex.decode.worker" in parents
    assert "mediaindex.decode.worker_child" in child_only
    assert not set(parents) & set(child_only)
    for path in (CHECKOUT / "mediaindex").rglob("*.py"):
        name = ".".join(path.relative_to(CHECKOUT).with_suffix("").parts)
        if path.name == "__init__.py" or "migrations" in path.parts:
            continue
        sides = [
            side for side in (parents, child_only) if any(f"{name}.".startswith(f"{one}.") for one in side)
        ]
        assert len(sides) == 1, f"{name} stands in {len(sides)} of the two lists"
