"""A space gets its bank from its encoder, and its segments what they are to it."""

from __future__ import annotations

import logging
from typing import NoReturn

import numpy as np
import pytest

from mediaindex.embed.families.builtin_files import FILES, builtin_bank, builtin_spec
from mediaindex.errors import EncoderUnavailable
from mediaindex.ingest.writer.general_captions import general_captions
from mediaindex.ingest.writer.query_bank import renew_bank
from mediaindex.store.library import Library
from mediaindex.store.mapped.bank import Bank
from mediaindex.store.mapped.rows import VectorRows, new_generation
from mediaindex.store.mapped.segments import SEGMENT
from mediaindex.store.vectors import spaces
from mediaindex.store.vectors.spaces import Space
from tests.support.fake_encoder import FakeEncoder
from tests.support.faults import BROKEN, failing


def space_of(library: Library, encoder: str, digest: str, dim: int) -> Space:
    """A space with one segment of two rows, in the matrix alone."""
    with library.write() as connection:
        space = spaces.ensure_space(
            connection,
            encoder=encoder,
            digest=digest,
            preprocessing="none",
            dim=dim,
            evidence_dim=None,
            blend=0.5,
        )
    vectors = np.eye(2, dim, dtype=np.float16)
    generation = np.full(2, new_generation())
    segment = np.zeros(1, SEGMENT)
    segment["frames"], segment["frames_around"], segment["around_norm"] = 2, 2, 2**0.5
    rows = VectorRows(generation, np.arange(2, dtype=np.int32), np.ones(2, np.float32), vectors)
    library.matrix(space).append(rows, segment)
    return space


def never() -> NoReturn:
    raise AssertionError("the encoder brings its bank")


def hubs_of(library: Library, space: Space) -> tuple[str, int] | None:
    hubs = library.matrix(space).load().hubs
    return None if hubs is None else (hubs.bank, len(hubs.values))


def test_the_builtin_encoder_brings_its_bank(opened: Library) -> None:
    spec = builtin_spec(FILES)
    space = space_of(opened, spec.name, spec.digest, spec.dim)
    attended: list[int] = []
    renew_bank(opened, space, never, lambda: attended.append(1))
    shipped = Bank.of(builtin_bank(FILES))
    assert (hubs_of(opened, space), bool(attended)) == ((shipped.digest, 1), True)
    before = opened.bank(space).path.stat().st_mtime_ns
    renew_bank(opened, space, never, lambda: None)
    assert opened.bank(space).path.stat().st_mtime_ns == before


def test_another_encoder_embeds_the_general_captions_once(opened: Library) -> None:
    encoder = FakeEncoder()
    space = space_of(opened, encoder.spec.name, encoder.spec.digest, encoder.spec.dim)
    loaded: list[FakeEncoder] = []

    def load() -> FakeEncoder:
        loaded.append(encoder)
        return encoder

    renew_bank(opened, space, load, lambda: None)
    bank = opened.bank(space).load()
    assert bank is not None
    assert bank.queries.shape == (len(general_captions()), encoder.spec.dim)
    assert hubs_of(opened, space) == (bank.digest, 1)
    opened.bank(space).write(Bank.of(bank.queries[:3]))
    renew_bank(opened, space, load, lambda: None)
    assert hubs_of(opened, space) == (Bank.of(bank.queries[:3]).digest, 1), "a bank that is there stays"
    assert len(loaded) == 1


def test_an_encoder_that_cannot_embed_the_bank_costs_the_hubs_alone(
    opened: Library, caplog: pytest.LogCaptureFixture
) -> None:
    encoder = FakeEncoder()
    space = space_of(opened, encoder.spec.name, encoder.spec.digest, encoder.spec.dim)

    def load() -> FakeEncoder:
        raise EncoderUnavailable("its weights are gone")

    with caplog.at_level(logging.WARNING):
        renew_bank(opened, space, load, lambda: None)
    assert "its weights are gone" in caplog.text
    assert hubs_of(opened, space) is None


def test_a_disk_that_fails_costs_the_hubs_alone(opened: Library, caplog: pytest.LogCaptureFixture) -> None:
    encoder = FakeEncoder()
    space = space_of(opened, encoder.spec.name, encoder.spec.digest, encoder.spec.dim)
    with (
        failing("open", BROKEN, below=opened.bank(space).path.parent) as fault,
        caplog.at_level(logging.WARNING),
    ):
        renew_bank(opened, space, lambda: encoder, lambda: None)
    assert fault.raised
    assert "hubs are not corrected" in caplog.text
    assert hubs_of(opened, space) is None
