"""Folders in the shape of each benchmark, with tiny films of one colour and captions that name a colour."""

from __future__ import annotations

import csv
import json
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.films import film


@dataclass(frozen=True, slots=True)
class MadeBenchmark:
    """A benchmark of a few clips.

    Attributes:
        names: the file name of each clip's video, by colour.
    """

    videos: Path
    annotations: Path
    names: Mapping[str, str]


Texts = Mapping[str, str]
"""Colour of a clip → the colours that its caption names."""


def made_benchmark(name: str, folder: Path, texts: Texts, *, split: str = "test") -> MadeBenchmark:
    """Write films and annotations of one split."""
    annotations = folder / "annotations"
    annotations.mkdir(parents=True, exist_ok=True)
    names = {colour: _NAMES[name].format(colour) for colour in texts}
    for colour, file in names.items():
        film(folder / "videos" / file, (colour, 3.0))
    _WRITERS[name](annotations, texts, split)
    return MadeBenchmark(folder / "videos", annotations, names)


def caption(colours: str) -> str:
    return f"something {colours}"


_NAMES = {
    "msrvtt": "video_{}.mp4",
    "msvd": "{}_1_4.avi",
    "lsmdc": "0001_Film_{}_00.00.01.000-00.00.04.000.avi",
    "activitynet": "{}.mp4",
    "didemo": "1@N00_{}_2.mp4",
}


def _msrvtt(folder: Path, texts: Texts, split: str) -> None:
    if split == "test":
        with (folder / "MSRVTT_JSFUSION_test.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["key", "vid_key", "video_id", "sentence"])
            for number, (colour, named) in enumerate(texts.items()):
                rows.writerow([f"ret{number}", f"msr{number}", f"video_{colour}", caption(named)])
        return
    (folder / "MSRVTT_train.9k.csv").write_text(
        "".join(f"{i}\n" for i in ["video_id", *map("video_{}".format, texts)])
    )
    sentences = [
        {"video_id": f"video_{colour}", "caption": caption(named)} for colour, named in texts.items()
    ]
    (folder / "MSRVTT_data.json").write_text(json.dumps({"videos": [], "sentences": sentences}))


def _msvd(folder: Path, texts: Texts, split: str) -> None:
    ids = [f"{colour}_1_4" for colour in texts]
    (folder / f"{split}_list.txt").write_text("".join(f"{i}\n" for i in ids))
    captions = {i: [caption(named).split()] for i, named in zip(ids, texts.values(), strict=True)}
    (folder / "raw-captions.pkl").write_bytes(pickle.dumps(captions))


def _lsmdc(folder: Path, texts: Texts, split: str) -> None:
    name = {"test": "LSMDC16_challenge_1000_publictect.csv", "train": "LSMDC16_annos_training.csv"}[split]
    lines = [
        f"0001_Film_{colour}_00.00.01.000-00.00.04.000\t00:00:01\t00:00:04\t00:00:01\t00:00:04\t{caption(named)}"
        for colour, named in texts.items()
    ]
    broken = "0017_Pianist_00.23.28.872-00.23.34.843\t\t\t\t\ta broken clip"
    (folder / name).write_text("\n".join([*lines, broken]) + "\n")


def _activitynet(folder: Path, texts: Texts, split: str) -> None:
    about = {
        f"v_{colour}": {
            "duration": 3.0,
            "timestamps": [[0, 1], [1, 3]],
            "sentences": ["Here,", f" {caption(named)}."],
        }
        for colour, named in texts.items()
    }
    (folder / {"test": "val_1.json", "train": "train.json"}[split]).write_text(json.dumps(about))


def _didemo(folder: Path, texts: Texts, split: str) -> None:
    (folder / f"{split}_list.txt").write_text("".join(f"1@N00_{colour}_2.mov\n" for colour in texts))
    rows = [
        {"video": f"1@N00_{colour}_2.mov", "description": text, "times": [[0, 0]]}
        for colour, named in texts.items()
        for text in ("here is", caption(named))
    ]
    (folder / f"{split}_data.json").write_text(json.dumps(rows))


_WRITERS: dict[str, Callable[[Path, Texts, str], None]] = {
    "msrvtt": _msrvtt,
    "msvd": _msvd,
    "lsmdc": _lsmdc,
    "activitynet": _activitynet,
    "didemo": _didemo,
}
