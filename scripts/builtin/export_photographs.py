"""Put some training photographs beside the built-in encoder as vectors, for personal trainings to rehearse.

    python scripts/builtin/export_photographs.py --work DIR [--count 256] [--files DIR]

Reads the maps and captions of prepare.py; writes photographs.safetensors and its entry in config.json:
    records          uint8 (N, 2340), what the scorer reads of each photograph
    pictures         float16 (N, 384), captions float16 (N, 384): unit vectors of the newest head
    states           int8 (P, 2, 384) of the pieces of each caption, of the shallow and of the last depth,
                     times states#scale, float16 (P, 2)
    pieces           int32 (N,), how many of the P are of each caption
No sentence and no picture is in it. The photographs are of `train`, with captions by people; those of two
sources, from the air or of 64 × 64 pixels, are no pictures as users have them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.numpy import save

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from builtin._photographs import Item, fraction_of, read_items
from builtin._regions import maps_of_chunk

from mediaindex.embed.families.builtin import image_tower
from mediaindex.embed.families.builtin_files import FILES, head_of, scorer_of
from mediaindex.embed.families.builtin_text import BuiltinTexts
from mediaindex_models.builtin_head import Cells, ImageTower, depths, pooled
from mediaindex_models.efficientnet import FeatureMaps
from mediaindex_models.region_records import packed

PHOTOGRAPHS = "photographs.safetensors"
COUNT = 256
LEFT_OUT = ("aerial", "coco-64")

Arrays = dict[str, NDArray[np.generic]]


def chosen_items(work: Path, count: int) -> dict[str, list[int]]:
    """Rows of the photographs that are taken, by chunk; always the same ones."""
    fit = {
        (fraction_of(item.name, "rehearsed"), chunk, row)
        for chunk, items in read_items(work).items()
        for row, item in enumerate(items)
        if item.split == "train" and item.by_people and item.source not in LEFT_OUT
    }
    rows: dict[str, list[int]] = {}
    for _fraction, chunk, row in sorted(fit)[:count]:
        rows.setdefault(chunk, []).append(row)
    return {chunk: sorted(own) for chunk, own in rows.items()}


def caption_of(item: Item) -> str:
    """One of its captions, always the same one."""
    return min(item.captions, key=lambda caption: fraction_of(f"{item.name} {caption}", "rehearsed"))


@torch.inference_mode()
def of_pictures(work: Path, rows: dict[str, list[int]], tower: ImageTower) -> Arrays:
    """`records` and `pictures` of some photographs, chunk by chunk."""
    assert tower.regions is not None
    records, vectors = [], []
    for chunk, own in rows.items():
        maps, colours = maps_of_chunk(work, chunk, own)
        low, middle, last = (part.float() for part in maps)
        features = pooled(last)
        seen = torch.cat([features, depths(Cells(low, middle, colours.float(), last))], dim=1)
        vectors.append(tower.vectors(seen, tower.backbone.classifier(features)))
        flat = tower.regions(FeatureMaps(low, middle, last), colours.float(), tower.backbone.classifier)
        records.append(packed(flat.numpy()))
    pictures = F.normalize(torch.cat(vectors), dim=-1).half().numpy()
    return {"records": np.concatenate(records), "pictures": pictures}


def of_captions(captions: list[str], files: Path) -> Arrays:
    """`captions`, `states`, `states#scale` and `pieces`."""
    encoder = BuiltinTexts(files)
    vectors = torch.from_numpy(encoder.texts(captions).pooled)
    asked = [encoder.asked(caption) for caption in captions]
    states = np.concatenate([np.stack([one.shallow_tokens, one.tokens], axis=1) for one in asked])
    scale = (np.abs(states).max(axis=2) / 127).astype(np.float16)
    rounded = np.rint(states / np.maximum(scale.astype(np.float32), 1e-6)[..., None]).clip(-127, 127)
    return {
        "captions": F.normalize(vectors, dim=-1).half().numpy(),
        "states": rounded.astype(np.int8),
        "states#scale": scale,
        "pieces": np.array([len(one.tokens) for one in asked], np.int32),
    }


def export_photographs(work: Path, files: Path, count: int) -> int:
    """Write the file and its entry in config.json; the bytes of the file."""
    head, scorer = head_of(files), scorer_of(files)
    if scorer is None:
        sys.exit(f"{files} has no scorer: run scripts/builtin/export_scorer.py first")
    rows, items = chosen_items(work, count), read_items(work)
    captions = [caption_of(items[chunk][row]) for chunk, own in rows.items() for row in own]
    tower = image_tower(files, head=head, with_regions=True)
    found = {**of_pictures(work, rows, tower), **of_captions(captions, files)}
    # safetensors writes memory as it lies, whatever its strides say
    content = save({name: np.array(values, order="C") for name, values in found.items()})
    (files / PHOTOGRAPHS).write_bytes(content)
    config = json.loads((files / "config.json").read_text(encoding="utf-8"))
    config["photographs"] = {
        "file": PHOTOGRAPHS,
        "digest": hashlib.sha256(content).hexdigest(),
        "encoder": head.digest,
        "scorer": scorer.digest,
    }
    (files / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    return len(content)


def main() -> None:
    """Export the photographs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="of prepare.py")
    parser.add_argument("--count", type=int, default=COUNT, metavar="N", help=f"photographs ({COUNT})")
    parser.add_argument("--files", type=Path, default=FILES, metavar="DIR", help="of the encoder")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    size = export_photographs(arguments.work, arguments.files, arguments.count)
    print(f"{PHOTOGRAPHS}: {size} bytes")


if __name__ == "__main__":
    main()
