"""Files read in the real child process, and what came of each: a program that a test runs on its own."""

from __future__ import annotations

import json
import os
from pathlib import Path

from mediaindex.decode.sampling.policy import Sampling
from mediaindex.decode.worker import new_worker
from mediaindex.errors import MediaError
from mediaindex.media import MediaInfo, NotAVideo


def read_all(decoder: str, info_json: str, *files: str) -> None:
    """Probe and decode every file in the real child; what the child is, and what came of each file.

    Decoding is tried whatever the probe says: with the MediaInfo of an honest film.
    """
    info = MediaInfo(**{**json.loads(info_json), "streams": ()})
    outcomes: dict[str, list[str]] = {}
    with new_worker(decoder=decoder) as worker:
        for file in files:
            outcomes[Path(file).name] = []
            for read in (
                lambda path: worker.probe(path),
                lambda path: list(worker.extract(path, info, Sampling())),
            ):
                try:
                    value = read(Path(file))
                    outcome = value.reason if isinstance(value, NotAVideo) else "read"
                except MediaError as error:
                    outcome = error.reason
                outcomes[Path(file).name].append(outcome)
        isolated = os.readlink(f"/proc/{worker.pid}/ns/net") != os.readlink("/proc/self/ns/net")
    print(json.dumps({"isolated": isolated, "outcomes": outcomes}))
