"""A request of a command: carried out here, or refused with the writer's own text and exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.cli.shared.output import Output
from mediaindex.cli.shared.writing import through_the_writer
from mediaindex.config import Config, load_config
from mediaindex.errors import MediaIndexError, WriterBusy
from mediaindex.ingest.writer.requests import CheckRequest, IndexRequest, UseRequest
from mediaindex.store.library import open_library
from mediaindex.store.lock import writer_lock
from tests.support.films import film

OUTPUT = Output(as_json=False, command="index")


@pytest.fixture
def config(library: Path) -> Config:
    return load_config({"library": str(library)})


def test_a_request_is_carried_out_where_nobody_else_writes(videos: Path, config: Config) -> None:
    film(videos / "red.mp4", "red")
    with open_library(config.library, create=True) as library:
        outcome = through_the_writer(library, config, OUTPUT, IndexRequest((videos,)))
        assert (outcome.result["indexed"], outcome.exit_code) == (1, 0)
        assert through_the_writer(library, config, OUTPUT, CheckRequest()).result["problems"] == []


def test_a_failure_keeps_its_text_and_exit_code(config: Config) -> None:
    with (
        open_library(config.library, create=True) as library,
        pytest.raises(MediaIndexError, match="no such encoder") as failure,
    ):
        through_the_writer(library, config, OUTPUT, UseRequest("no such encoder"))
    assert failure.value.exit_code == 4


def test_without_waiting_another_writer_is_an_error(config: Config) -> None:
    with (
        open_library(config.library, create=True) as library,
        writer_lock(library.root / "lock"),
        pytest.raises(WriterBusy),
    ):
        through_the_writer(library, config, OUTPUT, CheckRequest(), wait=False)
