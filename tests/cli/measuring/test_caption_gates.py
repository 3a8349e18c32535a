"""The user's captions turn parts of the ranking on and off: real features, by the commands of a user."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mediaindex.assembly.serving import load_space_text_encoder, serving_space
from mediaindex.config import load_config
from mediaindex.embed.families.builtin_files import FILES, NAME, builtin_spec, wanted_scorer
from mediaindex.embed.families.builtin_text import BuiltinTexts
from mediaindex.ingest.writer.general_captions import general_captions
from mediaindex.learn.evaluation.caption_gate import Setting
from mediaindex.learn.evaluation.library_queries import KnownAnswer, searchable_videos
from mediaindex.learn.evaluation.library_trial import ask
from mediaindex.learn.scorer.mixture_folder import write_mixture
from mediaindex.search.ranking import generator_registry, hub_correction
from mediaindex.search.ranking.generator_registry import generator_named
from mediaindex.search.ranking.reranker import load_reranker
from mediaindex.search.searcher import Searcher
from mediaindex.store.catalog.locations import places_of_content
from mediaindex.store.library import Library, open_library
from mediaindex_models.text_tower_numpy import EmbeddedTexts
from tests.support.commands import Commands, index_quietly, use_these_encoders
from tests.support.fake_encoder import COLOURS
from tests.support.media import Clip, write_clip

FILMS, SENTENCES = 40, 60
LEAST = 0.1
HEIGHT, WIDTH = 72, 96
EMBEDDED: dict[tuple[str, ...], EmbeddedTexts] = {}


def striped(one: str, other: str) -> np.ndarray:
    """A picture of two colours side by side."""
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[:, : WIDTH // 2], picture[:, WIDTH // 2 :] = COLOURS[one], COLOURS[other]
    return picture


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of films of two colours each, embedded by the encoder in the box."""
    folder = tmp_path_factory.mktemp("captions")
    (folder / "videos").mkdir()
    for one, other in list(itertools.combinations(COLOURS, 2))[:FILMS]:
        pictures = [striped(one, other)] * 5
        write_clip(folder / "videos" / f"{one}-{other}.mp4", pictures, Clip(codec="mpeg4", rate=5))
    index_quietly(folder / "library", folder / "videos", encoder=NAME)
    return folder / "library"


@pytest.fixture
def library(indexed: Path, tmp_path: Path) -> Path:
    return shutil.copytree(indexed, tmp_path / "library")


@pytest.fixture(autouse=True)
def _the_encoder_in_the_box(monkeypatch: pytest.MonkeyPatch) -> None:
    use_these_encoders(monkeypatch, NAME)


@pytest.fixture(autouse=True)
def _no_generator_in_the_box(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The generator of a test is the only one: one of the box that is on would rank where it is off."""
    monkeypatch.setattr(generator_registry, "BOX", tmp_path / "empty box")


@pytest.fixture(autouse=True)
def _each_sentence_is_embedded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The encoder is the real one; the same captions are asked again and again."""
    embedded = BuiltinTexts._embedded

    def remembered(self: BuiltinTexts, texts: Sequence[str]) -> EmbeddedTexts:
        if tuple(texts) not in EMBEDDED:
            EMBEDDED[tuple(texts)] = embedded(self, texts)
        found = EMBEDDED[tuple(texts)]
        self._last = dict(zip(texts, zip(found.states, found.shallow_states, strict=True), strict=True))
        return found

    monkeypatch.setattr(BuiltinTexts, "_embedded", remembered)


@pytest.fixture
def opened(library: Path) -> Iterator[Library]:
    with open_library(library) as made:
        yield made


@pytest.fixture
def reversing(library: Path) -> Path:
    """A generator that puts the best candidate last; nobody has measured it."""
    folder = library / "generators" / "reversing"
    scorer = wanted_scorer(NAME, None)
    assert scorer is not None
    write_mixture(
        folder,
        encoder=(NAME, builtin_spec(FILES).digest),
        width=384,
        scorer=scorer,
        weights=[-5.0, 0.0, 0.0, 0.0, 0.0],
        deviation=0.05,
        report={},
    )
    return folder


def gate_of(folder: Path, *, on: bool) -> None:
    """Let the evaluation of a generator say so."""
    config = json.loads((folder / "config.json").read_text())
    config["report"] = {"gates": [{"component": "generator", "on": on, "by": "test", "reason": "measured"}]}
    (folder / "config.json").write_text(json.dumps(config))


def hubs_are(on: bool, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let the shipped evaluation of the hub correction say so."""
    gate = {"component": "hubs", "on": on, "by": "photographs", "reason": "measured"}
    (folder / "reports.json").write_text(json.dumps({builtin_spec(FILES).digest: {"gates": [gate]}}))
    monkeypatch.setattr(hub_correction, "REPORTS", folder / "reports.json")


class Described:
    """What sentences gain for films by a setting, as real searches rank them."""

    def __init__(self, opened: Library, setting: Setting, base: Setting) -> None:
        space = serving_space(opened)
        assert space is not None
        searcher = Searcher(opened, space, load_space_text_encoder(opened, space, load_config()))
        with opened.read() as connection:
            self.videos = searchable_videos(connection, space.id)
            places = {video: places_of_content(connection, video) for video in self.videos}
        self._paths = {video: found[0].path for video, found in places.items()}
        self.sentences = general_captions()[:SENTENCES]
        answers = [KnownAnswer(text, video) for text in self.sentences for video in self.videos]

        def ranks(chosen: Setting) -> np.ndarray:
            searcher.reranker = chosen.reranker
            found = ask(searcher, answers, self.videos, corrects_hubs=chosen.corrects_hubs)
            return 1.0 / (1.0 + found.order.reshape(len(self.sentences), len(self.videos)))

        self.gains = ranks(setting) - ranks(base)

    def write(self, file: Path, videos: Sequence[int], *, best: bool) -> None:
        """A file of captions, one of each video: that which gains most, or loses most."""
        rows = []
        for video in videos:
            gains = self.gains[:, self.videos.index(video)]
            place = int(gains.argmax() if best else gains.argmin())
            rows.append({"path": str(self._paths[video]), "caption": self.sentences[place]})
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def telling(self, *, best: bool) -> list[int]:
        """The videos that a sentence makes gain, or lose, the most first."""
        most = self.gains.max(axis=0) if best else -self.gains.min(axis=0)
        return [self.videos[place] for place in np.argsort(-most) if most[place] > LEAST]

    def parts(self, *, best: bool) -> tuple[list[int], list[int]]:
        """Few videos, which gain most, and the others."""
        first = self.telling(best=best)[: len(self.videos) * 3 // 10]
        return first, [video for video in self.videos if video not in first]


def generator_described(opened: Library, folder: Path) -> Described:
    space = serving_space(opened)
    assert space is not None
    reranker = load_reranker(generator_named(opened.root, str(folder), space.digest), threads=1)
    return Described(opened, Setting(reranker=reranker), Setting())


def taken_in(commands: Commands, file: Path) -> dict[str, Any]:
    commands("caption", "import", file)
    return commands("eval", "library")


def gate(answer: dict[str, Any], component: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = [one for one in answer["gates"] if one["component"] == component]
    return found[0]


def searched(commands: Commands, *options: object) -> dict[str, Any]:
    return commands("search", "a plain picture", "--channel", "pictures", "--per-video", 1, *options)


def linear(commands: Commands, command: str = "search") -> dict[str, Any]:
    """Whether the generator of the tests is on, by what, and why, as a search or `status` says."""
    if command == "search":
        told = searched(commands, "--generator", "linear")["rerank"]
    else:
        (told,) = (row for row in commands("status")["rerank"] if row["generator"] == "linear")
    return {name: told[name] for name in ("on", "by", "reason")}


def order(answer: dict[str, Any]) -> list[str]:
    return [hit["path"] for hit in answer["hits"]]


@pytest.mark.slow
def test_captions_turn_a_generator_on_and_back(
    commands: Commands, opened: Library, reversing: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gate_of(reversing, on=False)
    hubs_are(False, monkeypatch, tmp_path)
    described = generator_described(opened, reversing)
    instant = searched(commands)
    assert not instant["rerank"]["on"]

    winning, others = described.parts(best=True)
    described.write(tmp_path / "winning.jsonl", winning, best=True)
    answer = taken_in(commands, tmp_path / "winning.jsonl")
    proven = f"proven on your {len(winning)} captions: MRR +"
    assert (gate(answer, "generator")["on"], gate(answer, "generator")["by"]) == (True, "your captions")
    assert gate(answer, "generator")["reason"].startswith(proven)
    reranked = searched(commands)
    assert (reranked["rerank"]["on"], reranked["rerank"]["path"]) == (True, str(reversing))
    assert order(reranked) == order(searched(commands, "--rerank", "on", "--generator", "linear"))
    assert order(reranked) != order(instant) == order(searched(commands, "--rerank", "off"))
    assert f"generator linear: on, {proven}" in commands.text("status").out
    assert (
        f"rerank on (linear, by your captions): {proven}" in commands.text("search", "red", "--explain").out
    )

    assert gate(commands("eval", "library"), "generator") == gate(answer, "generator"), (
        "no caption asks twice"
    )
    described.write(tmp_path / "losing.jsonl", others, best=False)
    taken_in(commands, tmp_path / "losing.jsonl")
    back = searched(commands, "--generator", "linear")["rerank"]
    assert (back["on"], back["by"]) == (False, "test")
    assert "to decide" in back["reason"] or "have not decided" in back["reason"]
    assert order(searched(commands)) == order(instant)


def test_captions_turn_off_what_the_evaluation_has_on(
    commands: Commands, opened: Library, reversing: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gate_of(reversing, on=True)
    hubs_are(False, monkeypatch, tmp_path)
    described = generator_described(opened, reversing)
    assert searched(commands)["rerank"]["on"]
    described.write(tmp_path / "losing.jsonl", described.videos, best=False)
    taken_in(commands, tmp_path / "losing.jsonl")
    assert not searched(commands)["rerank"]["on"]
    answer = linear(commands)
    lost = f"it loses on your {len(described.videos)} captions: MRR -"
    assert (answer["on"], answer["by"], answer["reason"].startswith(lost)) == (False, "your captions", True)
    assert linear(commands, "status") == answer
    forced = searched(commands, "--rerank", "on", "--generator", "linear")["rerank"]
    assert (forced["on"], forced["by"]) == (True, "--rerank on")
    assert lost in forced["reason"]

    with opened.write() as connection:
        connection.exec_driver_sql("UPDATE caption_verdict SET low = 'much' WHERE component = 'generator'")
    damaged = linear(commands)
    assert (damaged["on"], damaged["by"]) == (True, "test")
    assert (
        "what your captions said is damaged: 'mediaindex eval library' asks them again" in damaged["reason"]
    )
    commands("eval", "library")
    assert linear(commands) == answer

    with opened.write() as connection:
        connection.exec_driver_sql("UPDATE caption_verdict SET digest = 'an older one'")
    older = searched(commands)
    assert (older["rerank"]["on"], older["rerank"]["by"]) == (True, "test")
    assert "your captions judged the space of another encoder" in older["rerank"]["reason"]
    assert "your captions judged the space of another encoder" in older["hubs"]["reason"]


@pytest.mark.parametrize("shipped", [True, False])
def test_captions_turn_the_hub_correction(
    commands: Commands, opened: Library, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shipped: bool
) -> None:
    hubs_are(shipped, monkeypatch, tmp_path)
    described = Described(opened, Setting(corrects_hubs=True), Setting())
    before = searched(commands)
    assert (before["hubs"]["on"], before["hubs"]["by"]) == (shipped, "the shipped evaluation on photographs")
    assert "hub correction: " + ("on" if shipped else "off") + " by the shipped evaluation" in (
        commands.text("status").out
    )
    few = described.telling(best=not shipped)
    described.write(tmp_path / "few.jsonl", few[:5], best=not shipped)
    undecided = gate(taken_in(commands, tmp_path / "few.jsonl"), "hubs")
    assert (undecided["on"], undecided["by"]) == (shipped, "the shipped evaluation on photographs")
    assert "more captions to decide, of videos without one (MRR " in undecided["reason"]

    described.write(tmp_path / "more.jsonl", few[5:], best=not shipped)
    flipped = gate(taken_in(commands, tmp_path / "more.jsonl"), "hubs")
    assert (flipped["on"], flipped["by"]) == (not shipped, "your captions")
    after = searched(commands)
    assert after["hubs"] == {name: flipped[name] for name in ("on", "by", "reason")}
    assert order(after) == order(searched(commands, "--hubs", "off" if shipped else "on")) != order(before)
