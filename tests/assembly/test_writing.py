"""Who writes to a library, by the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediaindex.assembly import writing
from mediaindex.config import load_config
from mediaindex.store.library import open_library


@pytest.mark.parametrize(("flags", "chosen"), [({}, None), ({"encoder": "multilingual"}, "multilingual")])
def test_only_an_encoder_that_was_chosen_replaces_the_one_in_use(
    flags: dict[str, str], chosen: str | None, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MEDIAINDEX_ENCODER", raising=False)
    config = load_config({"library": str(library), "cache_limit_mib": 7, **flags})
    with open_library(library, create=True) as opened:
        settings = writing.writer_settings(opened, config)
    assert (settings.encoder, settings.default_encoder) == (chosen, config.encoder)
    assert (settings.cache_limit_mib, settings.exact_limit_mib) == (7, config.exact_limit_mib)
