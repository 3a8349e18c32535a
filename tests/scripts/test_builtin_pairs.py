"""Which photographs the generators of the box learn from, and how they become clips of ten frames."""

from __future__ import annotations

import io
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from _builtin_pairs import (
    Photograph,
    Row,
    jpegs_of,
    read_share,
    rows_of,
    share_by_rule,
    shares_of_the_box,
    unseen_by_the_fitted_head,
)
from _pseudo_frames import FRAMES, seen_parts, write_feature_files
from PIL import Image

from mediaindex.embed.families.builtin_files import FILES
from mediaindex.embed.inputs import picture
from mediaindex.embed.loading import load_encoder
from mediaindex.learn.features.feature_set import read_features
from mediaindex_models.builtin_head import SEEN


def jpeg(seed: int) -> bytes:
    """A picture of a few large coloured squares."""
    squares = np.random.default_rng(seed).integers(0, 255, (4, 5, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(squares).resize((300, 240), Image.Resampling.NEAREST).save(file, "JPEG")
    return file.getvalue()


def photograph(name: str, data: bytes | None = None, split: str = "val") -> Photograph:
    captions = (f"squares of {name}", f"more squares of {name}")
    return Photograph(name, name.partition("/")[0], split, captions, data)


def test_the_committed_share_is_a_quarter_by_the_rule() -> None:
    share = read_share()
    rows = [Row(photograph(name), "train", by_people=True) for name in share]
    assert share_by_rule(rows) == sorted(share)
    assert 2300 < len(share) < 2600
    assert {"flickr8k", "coco-flickr-mix"} < {name.partition("/")[0] for name in share}


def test_the_rule_takes_a_quarter_of_what_people_captioned_for_training() -> None:
    names = [f"some/{number}.jpg" for number in range(2000)]
    rows = [Row(photograph(name, split="train"), "train", by_people=True) for name in names]
    chosen = share_by_rule(rows)
    assert 420 < len(chosen) < 580
    assert not share_by_rule([Row(row.photograph, "val", by_people=True) for row in rows])
    assert not share_by_rule([Row(row.photograph, "train", by_people=False) for row in rows])
    kept = unseen_by_the_fitted_head([*rows, Row(photograph("a/v.jpg"), "val", by_people=True)], chosen)
    assert {item.name for item in kept} == {*chosen, "a/v.jpg"}


def test_the_box_learns_from_half_of_validation() -> None:
    rows = [
        Row(photograph(f"some/{number}.jpg", split=name), split, by_people=True)
        for split, name in (("train", "train"), ("val", "val"), ("val2", "test"))
        for number in range(400)
    ]
    shares = Counter(item.split for item in shares_of_the_box(rows))
    assert shares["test"] == 400
    assert shares["train"] + shares["val"] == 400
    assert 150 < shares["train"] < 250


def test_photographs_come_from_their_row_or_from_the_history_of_a_repository(
    repository: tuple[Path, str],
) -> None:
    folder, commit = repository
    wanted = [
        photograph("flickr8k/2.jpg"),
        photograph("other/a.jpg", b"in the row"),
        photograph("flickr8k/1.jpg"),
    ]
    assert list(jpegs_of(wanted, folder, commit=commit)) == [b"second\n", b"in the row", b"first"]


def test_a_photograph_that_the_repository_lacks_is_named(repository: tuple[Path, str]) -> None:
    folder, commit = repository
    with pytest.raises(FileNotFoundError, match=r"missing\.jpg"):
        list(jpegs_of([photograph("flickr8k/missing.jpg")], folder, commit=commit))


@pytest.fixture
def repository(tmp_path: Path) -> tuple[Path, str]:
    """A repository whose photographs are in its history, not at its head; and their commit."""
    folder = tmp_path / "repository"
    images = folder / "data" / "images"
    images.mkdir(parents=True)
    git: Callable[..., str] = lambda *words: subprocess.run(  # noqa: E731
        ["git", "-C", str(folder), "-c", "user.name=n", "-c", "user.email=e@x", *words],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    git("init", "-q")
    (images / "1.jpg").write_bytes(b"first")
    (images / "2.jpg").write_bytes(b"second\n")
    git("add", ".")
    git("commit", "-qm", "photographs")
    commit = git("rev-parse", "HEAD")
    git("rm", "-rq", "data")
    git("commit", "-qm", "none")
    return folder, commit


def test_a_photograph_is_a_clip_of_its_whole_and_nine_parts(tmp_path: Path) -> None:
    photographs = [photograph(f"other/{seed}.jpg", jpeg(seed)) for seed in range(3)]
    seen = seen_parts(photographs, tmp_path, tmp_path / "cache", files=FILES)
    assert seen.shape == (3, FRAMES, SEEN)
    assert np.array_equal(seen, seen_parts(photographs, Path("nowhere"), tmp_path / "cache", files=FILES))
    (file,) = write_feature_files(photographs, tmp_path, tmp_path / "cache", files=FILES)
    made_at = file.stat().st_mtime_ns
    assert write_feature_files(photographs, Path("nowhere"), tmp_path / "cache", files=FILES) == [file]
    assert file.stat().st_mtime_ns == made_at

    encoder = load_encoder("builtin", device="cpu")
    features = read_features(file, encoder=encoder.spec)
    assert features.groups == tuple(item.name for item in photographs)
    assert features.frames.shape == (3, FRAMES, 384)
    made = encoder.images([picture(jpeg(seed)) for seed in range(3)])
    np.testing.assert_allclose(features.frames[:, 0], made.vectors, atol=5e-3)
    assert features.evidence is not None
    assert made.evidence is not None
    np.testing.assert_allclose(features.evidence[:, 0], made.evidence, atol=5e-2)
    spread = features.frames.astype(np.float32).std(axis=1)
    assert (spread.mean(axis=1) > 1e-3).all()
    said = encoder.texts(photographs[1].captions)
    np.testing.assert_allclose(features.text[2:4], said.pooled, atol=2e-3)


@pytest.mark.corpus
def test_the_share_has_no_photograph_of_validation_or_test(shared: Path) -> None:
    rows = list(rows_of(shared / "builtin"))
    share = read_share()
    assert share_by_rule(rows) == sorted(share)
    others = {row.photograph.name for row in rows if row.split != "train"}
    assert len(others) == 2000
    assert not others & share
    unseen = unseen_by_the_fitted_head(rows, share)
    assert len(unseen) == len({item.name for item in unseen}) == 2000 + len(share)
    of_the_box = shares_of_the_box(rows)
    assert len(of_the_box) == len({item.name for item in of_the_box}) == 2000
    assert 450 < sum(item.split == "train" for item in of_the_box) < 550
