r"""Feature maps of captioned photographs and states of their captions, for training the built-in encoder.

    python scripts/builtin/prepare.py --builtin ../shared/builtin --flickr8k GITDIR --repositories DIR \
        --work DIR

Writes to --work, and goes on where it was stopped:
    maps/whole/CHUNK.npz   of each photograph as a search sees it: low, middle and last maps of the backbone
                           and shares of colours, averaged to 7×7 cells, float16, and its fingerprint, uint64;
                           items.json has its name
    maps/crop/CHUNK.npz    the same of a random part of each training photograph, mirrored half of the time
    items.json             name, split, captions and by_people of each photograph, by chunk
    sentences.npz          states of MiniLM for every caption, and for six texts about each ImageNet class
    tokens.npz             its states of single word pieces of every caption of a photograph
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import random
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from builtin._fingerprints import fingerprint
from builtin._photographs import Chunk, Item, Pixels, captions_of, chunks_of

from mediaindex.embed.device import quickest_arithmetic
from mediaindex.embed.families.builtin import image_tower, text_tower
from mediaindex.embed.families.builtin_files import FILES, Tokeniser, builtin_spec
from mediaindex.embed.preprocess import centre_squares
from mediaindex_models.builtin_head import ImageTower
from mediaindex_models.named_colours import colour_shares

SIDE, CELLS, BATCH = 224, 7, 8
SMALLEST_PART, LARGEST_PART, MOST_STRETCH = 0.5, 0.95, 1.33
PROMPTS = ("{}", "a photo of a {}", "a video of a {}", "there is a {} in the scene")
MOST_PIECES, TEXTS_AT_ONCE = 24, 64

T = TypeVar("T")


def random_part(picture: Pixels, numbers: random.Random) -> Pixels:
    """(224, 224, 3): about square, 50 to 95 % of the area, mirrored half of the time."""
    height, width = picture.shape[:2]
    area = numbers.uniform(SMALLEST_PART, LARGEST_PART)
    stretch = MOST_STRETCH ** numbers.uniform(-1, 1) * height / width
    own_width, own_height = min(1, (area * stretch) ** 0.5), min(1, (area / stretch) ** 0.5)
    left, top = numbers.uniform(0, 1 - own_width) * width, numbers.uniform(0, 1 - own_height) * height
    box = (left, top, left + own_width * width, top + own_height * height)
    part = np.asarray(Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=box))
    return part[:, ::-1] if numbers.random() < 0.5 else part


@torch.inference_mode()
def maps_of(pictures: Tensor, tower: ImageTower) -> dict[str, NDArray[np.float16]]:
    """uint8 (B, 224, 224, 3) → name of a map → (B, 49, C)."""
    pixels = pictures.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)
    maps = tower.backbone.feature_maps(pixels.contiguous(memory_format=torch.channels_last))
    parts = {**maps._asdict(), "colours": colour_shares(pictures)}
    return {
        name: F.adaptive_avg_pool2d(part.float(), CELLS).flatten(2).mT.half().numpy()
        for name, part in parts.items()
    }


def write_maps(chunk: Chunk, path: Path, tower: ImageTower, view: str) -> None:
    """The maps of a chunk; of its training photographs alone where `view` is "crop"."""
    is_read = [view == "whole" or item.trains_heads for item in chunk.items]
    numbers = random.Random(chunk.name)
    parts = []
    for pictures in _batches(itertools.compress(chunk.pixels(), is_read), BATCH):
        if view == "whole":
            squares = [centre_squares([picture], SIDE)[0] for picture in pictures]
            found = {"fingerprint": np.array([fingerprint(picture) for picture in pictures])}
        else:
            squares = [torch.from_numpy(random_part(picture, numbers).copy()) for picture in pictures]
            found = {}
        parts.append({**maps_of(torch.stack(squares), tower), **found})
    if not parts:
        return
    unfinished = path.with_suffix(".new.npz")
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    np.savez(unfinished, allow_pickle=False, **whole)
    unfinished.rename(path)


def class_texts() -> list[str]:
    """Six texts of each of the 1000 ImageNet classes, all of one kind together."""
    from timm.data.imagenet_info import ImageNetInfo

    info = ImageNetInfo("imagenet-1k")
    names = [info.index_to_description(i) for i in range(1000)]
    first = [name.split(", ")[0].lower() for name in names]
    prompted = [prompt.format(name) for prompt in PROMPTS for name in first]
    definitions = [info.index_to_description(i, detailed=True) for i in range(1000)]
    return [*prompted, *(name.lower() for name in names), *definitions]


def other_captions(builtin: Path) -> list[str]:
    """Captions of the photographs whose pooled features are all that is there."""
    with gzip.open(builtin / "features" / "features.jsonl.gz", "rt", encoding="utf-8") as lines:
        return sorted({caption for line in lines for caption in json.loads(line)["captions"]})


class TextStates:
    """States of MiniLM after layers 4 and 6."""

    def __init__(self) -> None:
        length = builtin_spec(FILES).text_length
        self._tokenise = Tokeniser(FILES, length=length)
        self._network = text_tower(FILES, places=length).sentence.eval()

    @torch.inference_mode()
    def of(self, captions: Sequence[str]) -> Iterator[tuple[int, Tensor, Tensor, Tensor, Tensor]]:
        """Place of a caption, its pieces' states (T, 384) after layer 4 and 6, and their means."""
        rows = self._tokenise(captions)
        order = sorted(range(len(rows)), key=lambda place: len(rows[place]))
        for some in _batches(order, TEXTS_AT_ONCE):
            width = len(rows[some[-1]])
            pieces = torch.zeros(len(some), width, dtype=torch.long)
            mask = torch.zeros(len(some), width, dtype=torch.bool)
            for row, place in enumerate(some):
                pieces[row, : len(rows[place])] = torch.tensor(rows[place])
                mask[row, : len(rows[place])] = True
            states = self._network(pieces, mask)
            for row, place in enumerate(some):
                length = len(rows[place])
                yield (
                    place,
                    states.shallow_tokens[row, :length],
                    states.tokens[row, :length],
                    states.shallow[row],
                    states.mean[row],
                )


def write_texts(work: Path, photographs: Sequence[Item], builtin: Path) -> None:
    """sentences.npz and tokens.npz."""
    of_photographs = captions_of(photographs)
    known = set(of_photographs)
    captions = [*of_photographs, *(c for c in other_captions(builtin) if c not in known)]
    texts = [*captions, *class_texts()]
    means = np.zeros((len(texts), 2, 384), np.float32)
    pieces = [np.empty((0, 2, 384), np.float16)] * len(of_photographs)
    for place, shallow, last, shallow_mean, mean in TextStates().of(texts):
        means[place] = np.stack([shallow_mean.numpy(), mean.numpy()])
        if place < len(of_photographs):
            pieces[place] = torch.stack([shallow, last], 1)[:MOST_PIECES].half().numpy()
    first = np.cumsum([0, *(len(one) for one in pieces)])
    np.savez(work / "tokens.npz", states=np.concatenate(pieces), first=first)
    np.savez(work / "sentences.new.npz", captions=np.array(captions), shallow=means[:, 0], mean=means[:, 1])
    (work / "sentences.new.npz").rename(work / "sentences.npz")


def _batches(values: Iterable[T], size: int) -> Iterator[list[T]]:
    source = iter(values)
    while batch := list(itertools.islice(source, size)):
        yield batch


def main() -> None:
    """Make what is missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--builtin", type=Path, required=True, metavar="DIR", help="pairs/ and features/")
    parser.add_argument("--flickr8k", type=Path, metavar="GITDIR", help="left out without it")
    parser.add_argument("--repositories", type=Path, metavar="DIR", help="of the further sources")
    parser.add_argument("--own", type=Path, metavar="DIR", help="pictures with captions.csv (path, caption)")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="kept between runs")
    parser.add_argument(
        "--views", nargs="+", choices=("whole", "crop", "texts"), default=["whole", "crop", "texts"]
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    chunks = chunks_of(arguments.builtin, arguments.flickr8k, arguments.repositories, arguments.own)
    arguments.work.mkdir(parents=True, exist_ok=True)
    described = {chunk.name: [asdict(item) for item in chunk.items] for chunk in chunks}
    (arguments.work / "items.json").write_text(json.dumps(described), encoding="utf-8")
    for view in (view for view in arguments.views if view != "texts"):
        tower = image_tower(FILES, fused=True, arithmetic=quickest_arithmetic("cpu"))
        (arguments.work / "maps" / view).mkdir(parents=True, exist_ok=True)
        for chunk in chunks:
            path = arguments.work / "maps" / view / f"{chunk.name}.npz"
            if not path.exists():
                write_maps(chunk, path, tower, view)
                print(f"{view} {chunk.name}: {time.process_time():.0f} s", flush=True)
    if "texts" in arguments.views and not (arguments.work / "sentences.npz").exists():
        write_texts(arguments.work, [item for chunk in chunks for item in chunk.items], arguments.builtin)
        print(f"texts: {time.process_time():.0f} s", flush=True)


if __name__ == "__main__":
    main()
