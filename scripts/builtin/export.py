"""Average trained heads and put them, int8, beside the towers of the built-in encoder.

    python scripts/builtin/export.py --work DIR --kind full --head 2 --beside 1
    python scripts/builtin/export.py --work DIR --kind free --head free

Writes head-HEAD.safetensors and its entry in config.json: a new one stands before the older ones of its name.
With --beside the outputs of an exported head are averaged with those of the new one; each stays in its file.
Make its bank of queries with scripts/build_bank.py afterwards.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from builtin._head import averaged

from mediaindex.embed.families.builtin_files import FILES, FREE_NAME, NAME, TOWERS, head_of

NAMES = {"full": NAME, "left-out": NAME, "fold": NAME, "free": FREE_NAME}
_OF_ALL = ("Apache-2.0 towers; the head is the project's, see NOTICE", False)
LICENCES = {
    "full": _OF_ALL,
    "left-out": _OF_ALL,
    "fold": _OF_ALL,
    "free": ("Apache-2.0 towers; the head learnt from CC0 and CC BY 4.0 pictures, see NOTICE", True),
}
LEAST_NUMBERS = 4096
"""Smaller tensors stay float16."""


def quantised(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """int8 rows with one float16 scale each, NAME#scale; vectors and small tensors as float16."""
    stored: dict[str, Tensor] = {}
    for name, values in tensors.items():
        if values.ndim < 2 or values.numel() < LEAST_NUMBERS:
            stored[name] = values.half().contiguous()
            continue
        scale = values.flatten(1).abs().amax(1).clamp(min=1e-8) / 127
        stored[name] = torch.round(values / scale[:, None]).clamp(-127, 127).to(torch.int8).contiguous()
        stored[f"{name}#scale"] = scale.half()
    return stored


def digest_of(files: Path, members: Sequence[str]) -> str:
    """Hex over every file whose bytes decide what a frame becomes."""
    digest = hashlib.sha256()
    for name in (TOWERS, *members, "evidence.safetensors", "vocab.txt"):
        digest.update(hashlib.sha256((files / name).read_bytes()).digest())
    return digest.hexdigest()


def export(
    heads: list[Path], kind: str, number: str, files: Path, *, beside: Sequence[str] = ()
) -> dict[str, Any]:
    """Write the average of `heads`, and its entry in config.json; the entry.

    Args:
        beside: numbers of exported heads that answer together with it.
    """
    file = f"head-{number}.safetensors"
    save_file(quantised(averaged([load_file(path) for path in heads])), files / file)
    members = [*(f"head-{other}.safetensors" for other in beside), file]
    licence, commercial = LICENCES[kind]
    entry = {
        "name": NAMES[kind],
        "digest": digest_of(files, members),
        "members": members,
        "bank": f"bank-{number}.safetensors",
        "licence": licence,
        "commercial": commercial,
        "has_evidence": kind != "free",
    }
    path = files / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    others = [head for head in config["heads"] if head["members"][-1] != file]
    config["heads"] = [entry, *others]
    path.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    return entry


def renew_digests(files: Path) -> str:
    """Write the digest of the newest head of each encoder anew, after a file changed in place.

    Those of earlier heads stay, as libraries know them by these.

    Returns:
        The digest of `builtin`.
    """
    path = files / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    newest: set[str] = set()
    for head in config["heads"]:
        if head["name"] not in newest:
            head["digest"] = digest_of(files, head["members"])
            newest.add(head["name"])
    path.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    return head_of(files).digest


def main() -> None:
    """Write one head."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="of train.py")
    parser.add_argument("--kind", choices=list(NAMES), required=True, help="which heads of train.py")
    parser.add_argument("--head", required=True, metavar="NUMBER", help="of the file head-NUMBER.safetensors")
    parser.add_argument("--beside", nargs="*", default=[], metavar="NUMBER", help="heads that answer with it")
    parser.add_argument("--files", type=Path, default=FILES, metavar="DIR", help="of the encoder")
    arguments = parser.parse_args()
    heads = sorted((arguments.work / "heads").glob(f"{arguments.kind}-*.safetensors"))
    if not heads:
        parser.error(f"{arguments.work / 'heads'} holds no head of the kind {arguments.kind}: run train.py")
    entry = export(heads, arguments.kind, arguments.head, arguments.files, beside=arguments.beside)
    size = (arguments.files / entry["members"][-1]).stat().st_size
    print(f"{' + '.join(entry['members'])}: {len(heads)} new heads, {size} bytes, {entry['digest']}")


if __name__ == "__main__":
    main()
