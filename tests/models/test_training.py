"""Training: what it learns, that it goes on where it was, and what stops it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from mediaindex_models.checkpoint import CheckpointError
from mediaindex_models.denoiser import DIRECTIONS, Direction
from mediaindex_models.generator import Generator
from mediaindex_models.matcher import Matcher
from mediaindex_models.mining import MinedLists
from mediaindex_models.pairs import Pairs
from mediaindex_models.presets import PRESETS, preset
from mediaindex_models.training import NonFiniteLoss, Trainer
from mediaindex_models.training_config import STAGES, Stage, TrainingConfig
from mediaindex_models.training_state import read_state
from tests.support.list_features import WIDTH, learnable_pairs
from tests.support.training_runs import SHORT, small_generator, small_matcher, small_trainer


def weights_of(run: Trainer) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in run.parameters.items()}


def equal_weights(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("stage", STAGES)
def test_a_run_that_was_cut_off_goes_on_bit_for_bit(stage: Stage, tmp_path: Path) -> None:
    whole = small_trainer(stage)
    steps = list(whole.run())
    assert [progress.step for progress in steps] == list(range(1, 13))
    state = tmp_path / "run" / "state.safetensors"
    first = small_trainer(stage)
    list(itertools.islice(first.run(state=state, save_every=5), 8))
    torch.manual_seed(99)
    second = small_trainer(stage)
    rest = list(second.run(state=state, save_every=5))
    # cut off in the eighth step, kept after the fifth
    assert [progress.step for progress in rest] == list(range(6, 13))
    assert [progress.loss for progress in rest] == [progress.loss for progress in steps[5:]]
    assert equal_weights(weights_of(whole), weights_of(second))
    assert equal_weights(dict(whole.average), dict(second.average))
    assert list(small_trainer(stage).run(state=state)) == []
    assert [path.name for path in state.parent.iterdir()] == [state.name]


def test_a_seed_decides_a_run_and_the_worlds_random_numbers_stay() -> None:
    torch.manual_seed(5)
    expected = torch.randn(3)
    first, second = small_trainer(), small_trainer()
    torch.manual_seed(5)
    list(first.run())
    assert torch.equal(torch.randn(3), expected)
    list(second.run())
    assert equal_weights(weights_of(first), weights_of(second))
    other = small_trainer(seed=4)
    list(other.run())
    assert not equal_weights(weights_of(first), weights_of(other))


def right_first(trained: Generator, pairs: Pairs, direction: Direction) -> float:
    """The share of queries whose own other side comes first among all, without the score's help."""
    everything = torch.arange(len(pairs))
    gallery = pairs.gallery(everything)
    mined = MinedLists(everything.expand(len(pairs), len(pairs)), everything)
    lists = gallery.lists(direction, mined, gallery.blended(direction, len(pairs)))
    ranked = trained.ranker(direction)(lists, seeds=range(len(pairs)))
    return float((ranked.clean.argmax(1) == everything).float().mean())


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_one_batch_is_learned_by_heart(name: str) -> None:
    held = learnable_pairs(8, captions=1, seed=8)
    # shorter features: the paper's attention takes unscaled products, and saturated it learns no more
    pairs = Pairs(0.5 * held.text, held.clip, 0.5 * held.frames, held.mask, held.evidence)
    config = TrainingConfig(steps=120, batch=8, candidates=8, gallery=8, learning_rate=1e-2, ema=0.9)
    changes = {"clamp": False} if name == "paper" else {"dropout": 0.0}
    run = Trainer(pairs, config, generator=small_generator(name, **changes))
    for _ in run.run():
        pass
    trained, _ = run.averaged()
    assert trained is not None
    for direction in DIRECTIONS:
        assert right_first(trained, pairs, direction) == 1.0


def test_the_first_stage_learns_what_belongs_together() -> None:
    run = small_trainer("1", steps=60, learning_rate=3e-3, batch=12)
    losses = [progress.loss for progress in run.run()]
    assert sum(losses[-5:]) < 0.5 * sum(losses[:5])
    trained, first_stage = run.averaged()
    assert trained is None
    assert first_stage is not None
    assert not first_stage.training
    assert float(first_stage.scale.detach()) <= 100.001
    with pytest.raises(ValueError, match="no generation loss"):
        run.loss_at_noisiest_step()


def test_the_loss_of_inference_falls_too() -> None:
    run = small_trainer(steps=60, learning_rate=3e-3)
    before = run.loss_at_noisiest_step()
    list(run.run())
    assert run.loss_at_noisiest_step() < before


def test_stage_two_freezes_its_first_stage_and_ranks_by_it() -> None:
    frozen = small_matcher()
    before = {name: value.clone() for name, value in frozen.state_dict().items()}
    run = Trainer(learnable_pairs(), SHORT, generator=small_generator(), matcher=frozen)
    assert not any(name.startswith("matcher") for name in run.parameters)
    list(run.run())
    assert all(torch.equal(value, before[name]) for name, value in frozen.state_dict().items())
    with torch.no_grad():
        embedded = frozen.temporal(learnable_pairs().frames, learnable_pairs().mask)
    assert torch.equal(run.objective.pairs.frames, embedded)


@pytest.mark.parametrize("stage", ["joint", "generative"])
def test_a_stage_that_trains_both_moves_both(stage: Stage) -> None:
    run = small_trainer(stage)
    before = weights_of(run)
    list(run.run())
    after = weights_of(run)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert {"generator.directions.t2v.hidden.weight", "matcher.temporal.places.weight"} <= moved
    assert ("matcher.interaction.frame_importance.0.weight" in moved) == (stage == "joint")
    run.loss_at_noisiest_step()


def test_averaged_weights_are_the_average() -> None:
    run = small_trainer(ema=0.5, steps=12)
    name = "generator.directions.t2v.hidden.weight"
    expected = weights_of(run)[name]
    # the start fades at once: 1/10 of it is kept, then 2/11, …, up to `ema`
    kept = [*((1 + step) / (10 + step) for step in range(8)), 0.5, 0.5, 0.5, 0.5]
    for share, _ in zip(kept, run.run(), strict=True):
        expected = share * expected + (1 - share) * weights_of(run)[name]
    torch.testing.assert_close(run.average[name], expected)
    averaged, _ = run.averaged()
    assert averaged is not None
    torch.testing.assert_close(averaged.get_parameter(name.removeprefix("generator.")).detach(), expected)


def test_a_loss_that_is_no_number_stops_with_its_batch_and_the_last_good_state(tmp_path: Path) -> None:
    state = tmp_path / "state.safetensors"
    run = small_trainer(steps=20)
    steps = run.run(state=state, save_every=50)
    for _ in range(3):
        next(steps)
    good = weights_of(run)
    run.objective.pairs.frames.fill_(torch.nan)  # behind the back of what Pairs was checked for
    with pytest.raises(
        NonFiniteLoss, match=r"the loss of step 4 is not finite; its batch: clip \d+ caption"
    ) as stopped:
        next(steps)
    assert (stopped.value.step, len(stopped.value.names)) == (4, 6)
    assert equal_weights(weights_of(run), good)
    kept = load_file(state)
    assert all(torch.equal(kept[f"weight/{name}"], value) for name, value in good.items())


def test_a_state_of_another_run_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "state.safetensors"
    list(small_trainer().run(state=state))
    with pytest.raises(CheckpointError, match=r"keeps a run with learning_rate = 0\.001, this one has 0\.1"):
        next(small_trainer(learning_rate=0.1).run(state=state))
    other = Trainer(learnable_pairs(seed=5), SHORT, generator=small_generator())
    with pytest.raises(CheckpointError, match="other pairs"):
        next(other.run(state=state))
    for others in (small_generator("pointwise"), small_generator(dropout=0.5)):
        with pytest.raises(CheckpointError, match="another generator or first stage"):
            next(Trainer(learnable_pairs(), SHORT, generator=others).run(state=state))
    kept = read_state(state, SHORT, learnable_pairs().fingerprint, small_trainer().start)
    cut = {name: value.flatten()[:1] for name, value in kept.weights.items()}
    with pytest.raises(CheckpointError, match="other networks"):
        small_trainer().restore(replace(kept, weights=cut))


def test_a_run_goes_on_with_the_first_stage_that_it_began_with(tmp_path: Path) -> None:
    def run(first: Matcher) -> Trainer:
        return Trainer(learnable_pairs(), SHORT, generator=small_generator(), matcher=first)

    one, two = small_matcher(), small_matcher()
    with torch.no_grad():
        next(two.parameters()).add_(1.0)
    state = tmp_path / "state.safetensors"
    list(run(one).run(state=state))
    with pytest.raises(CheckpointError, match="another generator or first stage"):
        next(run(two).run(state=state))
    assert list(run(one).run(state=state)) == []


def test_a_frozen_first_stage_can_be_trained_again() -> None:
    first = small_matcher()
    Trainer(learnable_pairs(), SHORT, generator=small_generator(), matcher=first)
    joint = Trainer(
        learnable_pairs(), replace(SHORT, stage="joint"), generator=small_generator(), matcher=first
    )
    assert any(name.startswith("matcher.") for name in joint.parameters)


def test_weights_that_an_update_broke_are_not_kept(tmp_path: Path) -> None:
    state = tmp_path / "state.safetensors"
    run = small_trainer(learning_rate=1e38)
    with pytest.raises(NonFiniteLoss):
        list(run.run(state=state, save_every=1))
    kept = load_file(state) if state.exists() else {}
    assert all(bool(value.isfinite().all()) for value in kept.values())


def test_networks_that_do_not_read_the_pairs_are_refused() -> None:
    pairs = learnable_pairs()
    wrong = [
        (pairs, SHORT, None, None, "trains a generator"),
        (pairs, replace(SHORT, stage="1"), small_generator(), small_matcher(), "trains no generator"),
        (pairs, replace(SHORT, stage="joint"), small_generator(), None, "trains a matcher"),
        (pairs, SHORT, Generator(preset("paper", width=8)), None, "16 wide, the generator reads 8"),
        (pairs, SHORT, Generator(preset("residual", width=WIDTH)), None, "6 numbers of evidence"),
        (pairs, replace(SHORT, stage="1"), None, Matcher(64, layers=1), "16 wide, the matcher reads 64"),
        (learnable_pairs(4), SHORT, small_generator(), None, "at least 5 clips, there are 4"),
    ]
    for held, config, network, first_stage, message in wrong:
        with pytest.raises(ValueError, match=message):
            Trainer(held, config, generator=network, matcher=first_stage)
