"""Videos that notes are written about, and what happens to such videos."""

from __future__ import annotations

from pathlib import Path

from mediaindex.media import Segment, Segmentation
from mediaindex.store import commit
from mediaindex.store.catalog import locations, videos
from mediaindex.store.catalog.videos import Identity
from mediaindex.store.commit import Embedded
from mediaindex.store.library import Library
from mediaindex.store.notes import captions
from mediaindex.store.vectors.spaces import Space
from tests.support.jpegs import encoded
from tests.support.small_library import INFO, embeddings, write_blob

A, B = Path("/videos/a.mp4"), Path("/videos/b.mp4")


def decode_anew(library: Library, space: Space, video_id: int, *segments: Segment) -> None:
    """Decode a video again, into other segments, with one frame every 2 s."""
    frames = sum(segment.frame_count for segment in segments)
    name = write_blob(library.frames, [encoded(8, 8)] * frames, content=f"again{video_id}")
    with library.write() as connection:
        extraction_id = videos.add_extraction(
            connection,
            video_id,
            frame_file=name,
            decoder="test",
            sampling="other",
            seconds=[2.0 * number for number in range(frames)],
            outline=Segmentation(2.0 * frames, (), segments),
        )
    library.frames.settle(name)
    commit.put(library, space, [Embedded(video_id, extraction_id, embeddings(frames, 9))])


def remove_for_good(library: Library, path: Path) -> Identity:
    """Remove the only place of a video, and so its row; what the content was."""
    with library.write() as connection:
        place = locations.location_at(connection, path)
        assert place is not None
        assert place.video_id is not None
        identity = videos.identity_of(connection, place.video_id)
        assert locations.remove_locations(connection, [place.id]) == [place.video_id]
    return identity


def index_again(library: Library, path: Path, identity: Identity) -> int:
    """The content is decoded in full again, as a new row; its id."""
    with library.write() as connection:
        video_id = videos.ensure_video(connection, identity, INFO, 6.0)
        captions.attach(connection, video_id)
        volume_id = connection.exec_driver_sql("SELECT id FROM volume").scalar_one()
        values = {"volume_id": volume_id, "size": 100, "mtime_ns": 1, "confirmed": True}
        locations.place(connection, path, video_id=video_id, missing_since=None, **values)
    return video_id
