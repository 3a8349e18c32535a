"""Who writes to a library: the writer of requests, and the loop of `watch`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mediaindex.assembly.encoders import load_encoder
from mediaindex.assembly.reading import decoding_of, rules_of
from mediaindex.config import Config

if TYPE_CHECKING:
    from mediaindex.background.loop import WatchLoop, WatchPolicy
    from mediaindex.ingest.writer.perform import Writer, WriterSettings
    from mediaindex.store.library import Library


def writer_settings(library: Library, config: Config) -> WriterSettings:
    """How a writer of this library reads files and makes vectors."""
    from mediaindex.ingest.writer.perform import WriterSettings

    is_chosen = config.origins.get("encoder", "default") != "default"
    return WriterSettings(
        rules=rules_of(config),
        decoding=decoding_of(config),
        encoder=config.encoder if is_chosen else None,
        default_encoder=config.encoder,
        load_encoder=lambda name, arithmetic, digest: load_encoder(
            config, name, library=library.root, digest=digest, arithmetic=arithmetic
        ),
        exact_limit_mib=config.exact_limit_mib,
        cache_limit_mib=config.cache_limit_mib,
    )


def new_writer(library: Library, config: Config) -> Writer:
    """Who carries out requests on a library; only for the holder of its lock."""
    from mediaindex.ingest.writer.perform import Writer

    return Writer(library, writer_settings(library, config))


def new_watch_loop(
    library: Library,
    config: Config,
    policy: WatchPolicy,
    *,
    tell: Callable[[dict[str, Any]], None],
    progress: Callable[[dict[str, Any]], None] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
) -> WatchLoop:
    """The loop of `watch` on a library; only for the holder of its lock."""
    from mediaindex.background.loop import WatchLoop
    from mediaindex.background.throttle import Throttle

    throttle = Throttle(config.max_load, config.pause_on_battery)
    settings = writer_settings(library, config)
    return WatchLoop(library, settings, policy, throttle, tell=tell, progress=progress, clock=clock)
