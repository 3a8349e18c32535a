"""Fixtures over both decoders, and a sandbox whose child does what it is asked, however bad."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from mediaindex.decode.sandbox.limits import Limits
from mediaindex.decode.sandbox.process import Sandbox
from tests.support.media import has_ffmpeg
from tests.support.paths import CHECKOUT

HANDLER = "tests.support.hostile_handler"


@pytest.fixture(params=["pyav", "ffmpeg"])
def decoder(request: pytest.FixtureRequest) -> str:
    """The name of each decoder that this machine has."""
    name: str = request.param
    if name == "ffmpeg" and not has_ffmpeg():
        pytest.skip("no ffmpeg binary here")
    return name


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Limits], Sandbox]]:
    """Makes sandboxes whose child does what it is asked, however bad."""
    monkeypatch.syspath_prepend(str(CHECKOUT))
    sandboxes: list[Sandbox] = []

    def make(limits: Limits) -> Sandbox:
        sandboxes.append(Sandbox(HANDLER, limits))
        return sandboxes[-1]

    yield make
    for sandbox in sandboxes:
        sandbox.close()


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox with tight limits whose child does what it is asked."""
    monkeypatch.syspath_prepend(str(CHECKOUT))
    sandbox = Sandbox(HANDLER, Limits(memory_mib=256, cpu_seconds=1, reply_seconds=60.0))
    yield sandbox
    sandbox.close()
