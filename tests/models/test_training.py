"""Training: what it learns, that it goes on where it was, and what stops it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from mediaindex_models.checkpoint import CheckpointError
from mediaindex_models.denoiser import DIRECTIONS, Direction
from mediaindex_models.gallery import Gallery
from mediaindex_models.generator import Generator
from mediaindex_models.matcher import Matcher
from mediaindex_models.mining import Mined, hardest, in_batch
from mediaindex_models.pairs import Pairs
from mediaindex_models.presets import PRESETS, preset
from mediaindex_models.training import NonFiniteLoss, Trainer
from mediaindex_models.training_config import STAGES, TRAINING, Stage, TrainingConfig
from mediaindex_models.training_state import read_state
from tests.support.list_features import EVIDENCE, FRAMES, WIDTH, made_pairs

SHORT = TrainingConfig(steps=12, batch=6, candidates=5, gallery=10, seed=3)


def generator(name: str = "residual", **changes: object) -> Generator:
    torch.manual_seed(0)
    return Generator(replace(preset(name, width=WIDTH, evidence=EVIDENCE), inner=16, hidden=32, **changes))  # type: ignore[arg-type]


def matcher() -> Matcher:
    torch.manual_seed(0)
    return Matcher(WIDTH, layers=1, places=FRAMES)


def trainer(stage: Stage = "2", **changes: object) -> Trainer:
    """A run on made pairs with the networks of its stage."""
    config = replace(SHORT, stage=stage, **changes)  # type: ignore[arg-type]
    return Trainer(
        made_pairs(),
        config,
        generator=None if stage == "1" else generator(),
        matcher=None if stage == "2" else matcher(),
    )


def weights(run: Trainer) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in run.parameters.items()}


def same(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("stage", STAGES)
def test_a_run_that_was_cut_off_goes_on_bit_for_bit(stage: Stage, tmp_path: Path) -> None:
    whole = trainer(stage)
    steps = list(whole.run())
    assert [progress.step for progress in steps] == list(range(1, 13))
    state = tmp_path / "run" / "state.safetensors"
    first = trainer(stage)
    list(itertools.islice(first.run(state=state, save_every=5), 8))
    torch.manual_seed(99)
    second = trainer(stage)
    rest = list(second.run(state=state, save_every=5))
    # cut off in the eighth step, kept after the fifth
    assert [progress.step for progress in rest] == list(range(6, 13))
    assert [progress.loss for progress in rest] == [progress.loss for progress in steps[5:]]
    assert same(weights(whole), weights(second))
    assert same(dict(whole.average), dict(second.average))
    assert list(trainer(stage).run(state=state)) == []
    assert [path.name for path in state.parent.iterdir()] == [state.name]


def test_a_seed_decides_a_run_and_the_worlds_random_numbers_stay() -> None:
    torch.manual_seed(5)
    expected = torch.randn(3)
    first, second = trainer(), trainer()
    torch.manual_seed(5)
    list(first.run())
    assert torch.equal(torch.randn(3), expected)
    list(second.run())
    assert same(weights(first), weights(second))
    other = trainer(seed=4)
    list(other.run())
    assert not same(weights(first), weights(other))


def right_first(trained: Generator, pairs: Pairs, direction: Direction) -> float:
    """The share of queries whose own other side comes first among all, without the score's help."""
    everything = torch.arange(len(pairs))
    gallery = pairs.gallery(everything)
    mined = Mined(everything.expand(len(pairs), len(pairs)), everything)
    lists = gallery.lists(direction, mined, gallery.blended(direction, len(pairs)))
    ranked = trained.ranker(direction)(lists, seeds=range(len(pairs)))
    return float((ranked.clean.argmax(1) == everything).float().mean())


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_one_batch_is_learned_by_heart(name: str) -> None:
    held = made_pairs(8, captions=1, seed=8)
    # shorter features: the paper's attention takes unscaled products, and saturated it learns no more
    pairs = Pairs(0.5 * held.text, held.clip, 0.5 * held.frames, held.mask, held.evidence)
    config = TrainingConfig(steps=120, batch=8, candidates=8, gallery=8, learning_rate=1e-2, ema=0.9)
    changes = {"clamp": False} if name == "paper" else {"dropout": 0.0}
    run = Trainer(pairs, config, generator=generator(name, **changes))
    for _ in run.run():
        pass
    trained, _ = run.averaged()
    assert trained is not None
    for direction in DIRECTIONS:
        assert right_first(trained, pairs, direction) == 1.0


def test_the_first_stage_learns_what_belongs_together() -> None:
    run = trainer("1", steps=60, learning_rate=3e-3, batch=12)
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
    run = trainer(steps=60, learning_rate=3e-3)
    before = run.loss_at_noisiest_step()
    list(run.run())
    assert run.loss_at_noisiest_step() < before


def test_stage_two_freezes_its_first_stage_and_ranks_by_it() -> None:
    frozen = matcher()
    before = {name: value.clone() for name, value in frozen.state_dict().items()}
    run = Trainer(made_pairs(), SHORT, generator=generator(), matcher=frozen)
    assert not any(name.startswith("matcher") for name in run.parameters)
    list(run.run())
    assert all(torch.equal(value, before[name]) for name, value in frozen.state_dict().items())
    with torch.no_grad():
        embedded = frozen.temporal(made_pairs().frames, made_pairs().mask)
    assert torch.equal(run.objective.pairs.frames, embedded)


@pytest.mark.parametrize("stage", ["joint", "generative"])
def test_a_stage_that_trains_both_moves_both(stage: Stage) -> None:
    run = trainer(stage)
    before = weights(run)
    list(run.run())
    after = weights(run)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert {"generator.directions.t2v.hidden.weight", "matcher.temporal.places.weight"} <= moved
    assert ("matcher.interaction.frame_importance.0.weight" in moved) == (stage == "joint")
    run.loss_at_noisiest_step()


def test_averaged_weights_are_the_average() -> None:
    run = trainer(ema=0.5, steps=12)
    name = "generator.directions.t2v.hidden.weight"
    expected = weights(run)[name]
    # the start fades at once: 1/10 of it is kept, then 2/11, …, up to `ema`
    kept = [*((1 + step) / (10 + step) for step in range(8)), 0.5, 0.5, 0.5, 0.5]
    for share, _ in zip(kept, run.run(), strict=True):
        expected = share * expected + (1 - share) * weights(run)[name]
    torch.testing.assert_close(run.average[name], expected)
    averaged, _ = run.averaged()
    assert averaged is not None
    torch.testing.assert_close(averaged.get_parameter(name.removeprefix("generator.")).detach(), expected)


def test_a_loss_that_is_no_number_stops_with_its_batch_and_the_last_good_state(tmp_path: Path) -> None:
    state = tmp_path / "state.safetensors"
    run = trainer(steps=20)
    steps = run.run(state=state, save_every=50)
    for _ in range(3):
        next(steps)
    good = weights(run)
    run.objective.pairs.frames.fill_(torch.nan)  # behind the back of what Pairs was checked for
    with pytest.raises(
        NonFiniteLoss, match=r"the loss of step 4 is not finite; its batch: clip \d+ caption"
    ) as stopped:
        next(steps)
    assert (stopped.value.step, len(stopped.value.names)) == (4, 6)
    assert same(weights(run), good)
    kept = load_file(state)
    assert all(torch.equal(kept[f"weight/{name}"], value) for name, value in good.items())


def test_a_state_of_another_run_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "state.safetensors"
    list(trainer().run(state=state))
    with pytest.raises(CheckpointError, match=r"keeps a run with learning_rate = 0\.001, this one has 0\.1"):
        next(trainer(learning_rate=0.1).run(state=state))
    other = Trainer(made_pairs(seed=5), SHORT, generator=generator())
    with pytest.raises(CheckpointError, match="other pairs"):
        next(other.run(state=state))
    for others in (generator("pointwise"), generator(dropout=0.5)):
        with pytest.raises(CheckpointError, match="another generator or first stage"):
            next(Trainer(made_pairs(), SHORT, generator=others).run(state=state))
    kept = read_state(state, SHORT, made_pairs().fingerprint, trainer().start)
    cut = {name: value.flatten()[:1] for name, value in kept.weights.items()}
    with pytest.raises(CheckpointError, match="other networks"):
        trainer().restore(replace(kept, weights=cut))


def test_a_run_goes_on_with_the_first_stage_that_it_began_with(tmp_path: Path) -> None:
    def run(first: Matcher) -> Trainer:
        return Trainer(made_pairs(), SHORT, generator=generator(), matcher=first)

    one, two = matcher(), matcher()
    with torch.no_grad():
        next(two.parameters()).add_(1.0)
    state = tmp_path / "state.safetensors"
    list(run(one).run(state=state))
    with pytest.raises(CheckpointError, match="another generator or first stage"):
        next(run(two).run(state=state))
    assert list(run(one).run(state=state)) == []


@pytest.mark.parametrize("part", ["weight", "average", "first", "second"])
@pytest.mark.parametrize(
    "damaged",
    [
        lambda value: value.flatten()[:1].clone(),
        lambda value: torch.full_like(value, torch.nan),
        lambda value: value.half(),
        lambda value: value.long(),
    ],
)
def test_a_state_that_would_break_the_optimiser_is_refused(
    tmp_path: Path, part: str, damaged: Callable[[Tensor], Tensor]
) -> None:
    state = tmp_path / "state.safetensors"
    list(trainer().run(state=state))
    with safe_open(state, framework="pt") as held:
        metadata = held.metadata()
    tensors = load_file(state)
    name = next(key for key, value in tensors.items() if key.startswith(f"{part}/") and value.ndim == 2)
    save_file({**tensors, name: damaged(tensors[name])}, state, metadata=metadata)
    with pytest.raises(CheckpointError, match=r"average/|first/|second/|weight/"):
        next(trainer().run(state=state))


@pytest.mark.parametrize("step", [-3, SHORT.steps + 1])
def test_a_step_that_the_run_has_not_is_refused(tmp_path: Path, step: int) -> None:
    state = tmp_path / "state.safetensors"
    list(trainer().run(state=state))
    with safe_open(state, framework="pt") as held:
        metadata = held.metadata()
    save_file(load_file(state), state, metadata={**metadata, "step": str(step)})
    with pytest.raises(CheckpointError, match=f"step {step} of {SHORT.steps}"):
        next(trainer().run(state=state))


def test_a_frozen_first_stage_can_be_trained_again() -> None:
    first = matcher()
    Trainer(made_pairs(), SHORT, generator=generator(), matcher=first)
    joint = Trainer(made_pairs(), replace(SHORT, stage="joint"), generator=generator(), matcher=first)
    assert any(name.startswith("matcher.") for name in joint.parameters)


def test_weights_that_an_update_broke_are_not_kept(tmp_path: Path) -> None:
    state = tmp_path / "state.safetensors"
    run = trainer(learning_rate=1e38)
    with pytest.raises(NonFiniteLoss):
        list(run.run(state=state, save_every=1))
    kept = load_file(state) if state.exists() else {}
    assert all(bool(value.isfinite().all()) for value in kept.values())


def test_minus_one_may_be_a_whole_number() -> None:
    whole, real = (trainer(negative=value) for value in (-1, -1.0))
    assert [step.loss for step in whole.run()] == [step.loss for step in real.run()]


@pytest.mark.parametrize(
    "changes",
    [{"learning_rate": math.inf}, {"weight_decay": math.nan}, {"clip_norm": 0.0}, {"negative": math.nan}],
)
def test_settings_that_train_nothing_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"finite number|above 0"):
        replace(SHORT, **changes)  # type: ignore[arg-type]


def test_a_damaged_state_is_named(tmp_path: Path) -> None:
    state = tmp_path / "state.safetensors"
    list(trainer().run(state=state))
    with safe_open(state, framework="pt") as held:
        metadata = held.metadata()
    tensors = load_file(state)
    for change in ({"kind": "other"}, {"config": "[]"}, {"config": "{"}, {"step": "x"}):
        save_file(tensors, state, metadata={**metadata, **change})
        with pytest.raises(CheckpointError, match=r"state\.safetensors"):
            next(trainer().run(state=state))
    tensors.pop(next(name for name in tensors if name.startswith("first/")))
    save_file(tensors, state, metadata=metadata)
    with pytest.raises(CheckpointError, match="first/"):
        next(trainer().run(state=state))
    state.write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"state\.safetensors"):
        next(trainer().run(state=state))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stage": "3"}, "a stage is one of 1, 2"),
        ({"steps": 0}, "at least one step"),
        ({"gallery": None, "candidates": 7}, "cannot fill lists of 7"),
        ({"gallery": 4}, "at least a batch and a list"),
        ({"ema": 1.0}, "ema"),
    ],
)
def test_impossible_settings_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SHORT, **changes)  # type: ignore[arg-type]


def test_the_learning_rate_rises_and_falls() -> None:
    config = TRAINING["paper"]
    rates = [config.learning_rate_at(step) for step in range(config.steps)]
    top = rates.index(max(rates))
    assert rates[top] == pytest.approx(config.learning_rate)
    assert top + 1 == pytest.approx(config.warmup * config.steps, abs=1)
    assert rates == sorted(rates[: top + 1]) + sorted(rates[top + 1 :], reverse=True)
    assert all(rate > 0 for rate in rates)


def test_networks_that_do_not_read_the_pairs_are_refused() -> None:
    pairs = made_pairs()
    wrong = [
        (pairs, SHORT, None, None, "trains a generator"),
        (pairs, replace(SHORT, stage="1"), generator(), matcher(), "trains no generator"),
        (pairs, replace(SHORT, stage="joint"), generator(), None, "trains a matcher"),
        (pairs, SHORT, Generator(preset("paper", width=8)), None, "16 wide, the generator reads 8"),
        (pairs, SHORT, Generator(preset("residual", width=WIDTH)), None, "6 numbers of evidence"),
        (pairs, replace(SHORT, stage="1"), None, Matcher(64, layers=1), "16 wide, the matcher reads 64"),
        (made_pairs(4), SHORT, generator(), None, "at least 5 clips, there are 4"),
    ]
    for held, config, network, first_stage, message in wrong:
        with pytest.raises(ValueError, match=message):
            Trainer(held, config, generator=network, matcher=first_stage)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"text": torch.zeros(48, WIDTH + 1)}, "text has the shape"),
        ({"mask": torch.zeros(24, FRAMES + 1, dtype=torch.bool)}, "mask has the shape"),
        ({"evidence": torch.zeros(23, FRAMES, 2)}, "evidence has the shape"),
        ({"clip": torch.zeros(48, dtype=torch.long)}, "every clip has a caption"),
        ({"names": ("one",)}, "1 names for 48 captions"),
        ({"text": torch.zeros(48, WIDTH, dtype=torch.float16)}, "text is of torch.float32"),
        ({"mask": torch.ones(24, FRAMES)}, "mask is of torch.bool"),
        ({"clip": torch.zeros(48)}, "clip is of torch.int64"),
        ({"clip": torch.arange(48) // 2 - 1}, "numbered from 0"),
        ({"words": torch.zeros(48, 3, WIDTH)}, "with their mask"),
        ({"clip_hubness": torch.full((24,), torch.nan)}, "NaN"),
        ({"text": torch.zeros(0, WIDTH)}, "no pair"),
    ],
)
def test_pairs_that_do_not_fit_are_refused(changes: dict[str, object], message: str) -> None:
    held = made_pairs()
    fields = {name: getattr(held, name) for name in ("text", "clip", "frames", "mask", "evidence", "names")}
    with pytest.raises(ValueError, match=message):
        Pairs(**{**fields, **changes})


def test_features_that_are_no_numbers_are_named() -> None:
    held = made_pairs()
    held.frames[3, 1, 0] = torch.nan
    with pytest.raises(
        ValueError, match="of 2 pairs hold a NaN or an infinity: clip 3 caption 6, clip 3 caption 7"
    ):
        Pairs(held.text, held.clip, held.frames, held.mask, names=held.names)


def test_a_fingerprint_is_of_all_features_and_not_of_names() -> None:
    held = made_pairs()
    fields = {name: getattr(held, name) for name in ("text", "clip", "frames", "mask", "evidence")}
    assert Pairs(**fields).fingerprint == held.fingerprint
    changed: list[dict[str, Tensor | None]] = [
        {"frames": 2.0 * held.frames},
        {"mask": torch.ones_like(held.mask)},
        {"evidence": None},
    ]
    others = {Pairs(**{**fields, **change}).fingerprint for change in changed}
    assert len(others | {held.fingerprint}) == 4


def test_drawn_captions_are_of_different_clips() -> None:
    pairs, random = made_pairs(), torch.Generator().manual_seed(0)
    seen = set()
    for _ in range(30):
        drawn = pairs.draw(10, random)
        assert len(set(pairs.clip[drawn].tolist())) == 10
        seen |= set(drawn.tolist())
    assert seen == set(range(len(pairs)))
    with pytest.raises(ValueError, match="25 different clips"):
        pairs.draw(25, random)


def test_lists_are_what_the_ranking_finds() -> None:
    score = torch.tensor([[0.1, 0.9, 0.5, 0.7], [0.9, 0.8, 0.7, 0.1]])
    mined = hardest(score, torch.tensor([2, 3]), count=3)
    assert mined.candidates.tolist() == [[1, 3, 2], [0, 1, 3]]
    assert mined.positive.tolist() == [2, 2]
    with pytest.raises(ValueError, match="cannot fill lists of 5"):
        hardest(score, torch.tensor([2, 3]), count=5)


def test_published_lists_leave_out_the_querys_own_clip() -> None:
    score = torch.tensor([[0.1, 0.9, 0.5], [0.9, 0.8, 0.7], [0.3, 0.2, 0.1]])
    mined = in_batch(score, torch.tensor([4, 4, 6]), negatives=1)
    assert mined.candidates.tolist() == [[0, 2], [1, 2], [2, 0]]
    assert mined.positive.tolist() == [0, 0, 0]


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_hubs_stand_back_in_the_base_ranking(direction: Direction) -> None:
    held = made_pairs()
    clip_hubness, text_hubness = torch.rand(24), torch.rand(48)
    plain = held.gallery(torch.arange(0, 48, 2))
    fields = (held.text, held.clip, held.frames, held.mask, held.evidence)
    corrected: Gallery = Pairs(*fields, clip_hubness=clip_hubness, text_hubness=text_hubness).gallery(
        torch.arange(0, 48, 2)
    )
    expected = clip_hubness if direction == "t2v" else text_hubness[::2]
    difference = plain.blended(direction, 5) - corrected.blended(direction, 5)
    torch.testing.assert_close(difference, expected.expand(5, 24))


def test_words_go_to_the_first_stage() -> None:
    held, words = made_pairs(), torch.randn(48, 7, WIDTH)
    word_mask = torch.arange(7).expand(48, 7) < 4
    pairs = Pairs(held.text, held.clip, held.frames, held.mask, words=words, word_mask=word_mask)
    gallery = pairs.gallery(torch.tensor([5, 9]))
    assert torch.equal(gallery.words, words[[5, 9]])
    net = matcher()
    forwards, backwards = (gallery.through(net).matched(direction, 2, net) for direction in DIRECTIONS)
    torch.testing.assert_close(forwards, backwards.T)
    expected = net(words[[5, 9]], held.frames[[2, 4]], word_mask[[5, 9]], held.mask[[2, 4]])
    torch.testing.assert_close(forwards, expected)
    assert pairs.name(5) == "5"
