"""The generators that ship: for the built-in encoder alone, small, and the same order every time."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mediaindex.embed.loading import load_encoder
from mediaindex.search.ranking.gate import gate_in
from mediaindex.search.ranking.generator_registry import BOX
from mediaindex_models.candidates import Candidates
from mediaindex_models.checkpoint import CARD, CONFIG, WEIGHTS, EncoderIdentity, OtherEncoder, load
from mediaindex_models.presets import preset

RECIPES = ("residual", "paper")
LARGEST_BYTES = 6_000_000
CANDIDATES, FRAMES = 8, 4


@pytest.fixture(params=RECIPES)
def folder(request: pytest.FixtureRequest) -> Path:
    return BOX / f"builtin-{request.param}"


@pytest.fixture(scope="module")
def encoder() -> EncoderIdentity:
    spec = load_encoder("builtin", device="cpu").spec
    return EncoderIdentity(spec.name, spec.digest)


def test_it_is_for_the_encoder_as_it_ships(folder: Path, encoder: EncoderIdentity) -> None:
    held = load(folder, encoder=encoder)
    recipe = folder.name.removeprefix("builtin-")
    wanted = preset(recipe, width=384, evidence=256)
    assert (held.generator.spec.recipe, held.generator.spec.width) == (recipe, 384)
    assert held.generator.spec.evidence == wanted.evidence
    assert held.matcher is None
    assert set(held.calibration) == {"t2v", "v2t"}


def test_another_encoder_is_refused_by_name(folder: Path, encoder: EncoderIdentity) -> None:
    other = EncoderIdentity("builtin", "0" * 64)
    with pytest.raises(OtherEncoder, match=rf"{folder.name}.*{encoder.digest[:12]}.*000000000000"):
        load(folder, encoder=other)


def test_it_is_small(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {WEIGHTS, CONFIG, CARD}
    assert sum(path.stat().st_size for path in folder.iterdir()) <= LARGEST_BYTES


def test_it_orders_the_same_candidates_alike(folder: Path) -> None:
    random = torch.Generator().manual_seed(3)
    generator = load(folder).generator
    evidence = generator.spec.evidence
    lists = Candidates(
        "t2v",
        text=torch.randn(1, 384, generator=random),
        video=torch.randn(1, CANDIDATES, FRAMES, 384, generator=random),
        mask=torch.ones(1, CANDIDATES, FRAMES, dtype=torch.bool),
        score=torch.rand(1, CANDIDATES, generator=random).sort(descending=True).values,
        evidence=torch.randn(1, CANDIDATES, FRAMES, evidence, generator=random) if evidence else None,
    )
    first = generator.ranker("t2v")(lists, seeds=[11]).score
    second = load(folder).generator.ranker("t2v")(lists, seeds=[11]).score
    assert torch.equal(first, second)
    assert first.isfinite().all()


def test_it_is_off_and_says_why(folder: Path) -> None:
    report = load(folder).report
    gate = gate_in(report, "generator")
    assert gate is not None
    assert not gate.on
    assert "half of validation" in gate.reason
    assert gate.reason in (folder / CARD).read_text(encoding="utf-8")
    assert {row["ranking"] for row in report["rows"]} == {"base", "blend", "corrected", "generator"}
