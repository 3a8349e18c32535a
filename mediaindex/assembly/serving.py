"""What answers queries: the serving space, the encoder that made it, and what examples look like in it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mediaindex.assembly.encoders import load_encoder, models_folder
from mediaindex.assembly.paths import stored_name
from mediaindex.assembly.reading import new_decoder, sampling_of
from mediaindex.config import Config
from mediaindex.errors import UsageError

if TYPE_CHECKING:
    from mediaindex.embed.encoder import Encoder, TextEncoder
    from mediaindex.search.by_example import Example, FileReading
    from mediaindex.store.library import Library
    from mediaindex.store.vectors.spaces import Space


def serving_space(library: Library) -> Space | None:
    """The embedding space that answers queries; None in a library without any."""
    from mediaindex.store.vectors.spaces import active_space

    with library.read() as connection:
        return active_space(connection)


def load_space_encoder(library: Library, space: Space, config: Config) -> Encoder:
    """The encoder that made the vectors of a space.

    Raises:
        EncoderMismatch: the weights here are not those that made the space.
        EncoderUnavailable: see `embed.loading.load_encoder`.
    """
    from mediaindex.embed.encoder import arithmetic_of

    arithmetic = arithmetic_of(space.preprocessing)
    encoder = load_encoder(
        config, space.encoder, library=library.root, digest=space.digest, arithmetic=arithmetic
    )
    _must_have_made(space, encoder)
    return encoder


def load_space_text_encoder(library: Library, space: Space, config: Config) -> TextEncoder:
    """The encoder of a space for texts alone: the built-in one is loaded without torch.

    Raises:
        EncoderMismatch, EncoderUnavailable: as `load_space_encoder`.
    """
    from mediaindex.embed import loading
    from mediaindex.embed.encoder import arithmetic_of

    encoder = loading.load_text_encoder(
        space.encoder,
        device=config.device,
        models=models_folder(library.root),
        digest=space.digest,
        arithmetic=arithmetic_of(space.preprocessing),
    )
    _must_have_made(space, encoder)
    return encoder


def _must_have_made(space: Space, encoder: TextEncoder) -> None:
    from mediaindex.errors import EncoderMismatch

    spec = encoder.spec
    if (spec.digest, spec.preprocessing) != (space.digest, space.preprocessing):
        raise EncoderMismatch(
            f"this library was indexed with other weights of {space.encoder}; "
            f"run 'mediaindex models use {space.encoder}' to embed its frames with those that are here"
        )


def file_reading(library: Library, space: Space, config: Config) -> FileReading:
    """How a file that is not indexed is looked at, to be compared with the vectors of a space."""
    from mediaindex.search.by_example import FileReading

    return FileReading(
        lambda: load_space_encoder(library, space, config), lambda: new_decoder(config), sampling_of(config)
    )


def example_of(library: Library, space: Space | None, config: Config, what: str) -> Example:
    """What is seen at PATH or PATH@SECONDS; PATH may be the name of an indexed video, too.

    Raises:
        UsageError: nothing is indexed yet, or nothing is there. MediaError: it cannot be read.
    """
    from mediaindex.search.by_example import example_at, place_and_time
    from mediaindex.search.language.resolving import video_named
    from mediaindex.store.vectors.reader import SpaceReader

    if space is None:
        raise UsageError("nothing is indexed yet; run 'mediaindex index FOLDER'")
    path, seconds = place_and_time(what)
    if "/" not in what and not os.path.lexists(path):
        path = video_named(library, path.name) or path
    reading = file_reading(library, space, config)
    name = stored_name(library, path)
    return example_at(library, SpaceReader(library, space), path, seconds, name=name, reading=reading)
