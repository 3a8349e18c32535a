"""Which texts describe a moment: your captions, what is said there, and sentences of everyday footage."""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING

from mediaindex.assembly.serving import example_of, load_space_text_encoder, serving_space
from mediaindex.cli.shared.arguments import add_device, positive
from mediaindex.cli.shared.output import Output
from mediaindex.config import Config
from mediaindex.errors import DONE, UsageError

if TYPE_CHECKING:
    import numpy as np
    import sqlalchemy as sa
    from numpy.typing import NDArray

    from mediaindex.embed.encoder import TextEncoder
    from mediaindex.search.by_example import Example
    from mediaindex.search.channels.descriptions import Described, Source
    from mediaindex.store.library import Library
    from mediaindex.store.vectors.spaces import Space

SHOWN = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `describe`."""
    parser.add_argument("what", metavar="PATH[@SECONDS]", help="an image, a video, or a moment of a video")
    parser.add_argument(
        "--limit", type=positive, default=SHOWN, metavar="N", help=f"texts at the most ({SHOWN})"
    )
    add_device(parser)


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Print the texts that fit what is seen, best first."""
    from mediaindex.store.library import open_library

    with open_library(config.library) as library:
        space = serving_space(library)
        if space is None:
            raise UsageError("nothing is indexed yet; run 'mediaindex index FOLDER'")
        example = example_of(library, space, config, arguments.what)
        encoder = load_space_text_encoder(library, space, config)
        found = _described(library, space, encoder, example, limit=arguments.limit)
    rows = [{"rank": rank, **dataclasses.asdict(one)} for rank, one in enumerate(found, 1)]
    output.data({"what": arguments.what, "encoder": space.encoder, "texts": rows})
    for row in rows:
        output.line(f"{row['rank']:>3}  {row['similarity']:.3f}  {row['by']:<8}  {row['text']}")
    return DONE


def _described(
    library: Library, space: Space, encoder: TextEncoder, example: Example, *, limit: int
) -> list[Described]:
    import numpy as np

    from mediaindex.ingest.writer.general_captions import general_captions
    from mediaindex.search.channels.descriptions import described, own_texts, similarity_of_texts
    from mediaindex.search.channels.similarity import unit
    from mediaindex.store.notes.moments import stretch_at
    from mediaindex.store.vectors.reader import SpaceReader, consistent

    video_id, seconds = example.moment or (None, None)
    with library.read() as connection:
        span = None
        if video_id is not None and seconds is not None:
            stretch = stretch_at(connection, video_id, seconds)
            span = None if stretch is None else (stretch.start_seconds, stretch.end_seconds)
        own = own_texts(connection, video_id, span)
    general = [text for text in general_captions() if text not in own]
    texts: list[tuple[str, Source]] = [*own.items(), *((text, "general") for text in general)]
    vectors = _general_vectors(library, space, encoder, general)
    if own:
        vectors = np.concatenate([unit(encoder.texts(list(own)).pooled), vectors])
    reader = SpaceReader(library, space)

    def similarity(connection: sa.Connection) -> NDArray[np.float32]:
        shown = reader.snapshot(connection)
        if video_id is None or not shown.of_video(video_id):  # a file that is not indexed, or not yet
            alone: NDArray[np.float32] = vectors @ example.vector
            return alone
        return similarity_of_texts(shown, video_id, seconds, vectors, blend=space.blend)

    return described(texts, consistent(library, similarity).tolist(), limit=limit)


def _general_vectors(
    library: Library, space: Space, encoder: TextEncoder, wanted: list[str]
) -> NDArray[np.float32]:
    """(M, D) unit, of general captions: from the bank of the space, which begins with them all."""
    from mediaindex.ingest.writer.general_captions import general_captions
    from mediaindex.search.channels.similarity import unit

    every, bank = general_captions(), library.bank(space).load()
    if bank is None or len(bank.queries) < len(every):
        return unit(encoder.texts(wanted).pooled)
    place = {text: number for number, text in enumerate(every)}
    return bank.queries[[place[text] for text in wanted]]
