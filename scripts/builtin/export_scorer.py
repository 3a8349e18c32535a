"""Put a trained scorer of regions beside the towers of the built-in encoder, and its mixture in the box.

    python scripts/builtin/export_scorer.py --work DIR [--seed 0] [--files DIR]

Reads scorer-SEED.safetensors of train_scorer.py and the cells of prepare.py; writes scorer.safetensors and
its entry in config.json. The digest there names the evidence that libraries store: another scorer's is made
anew from their cached frames. `write_mixture` writes the constants that scripts/bench/evidence.py chose.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._evidence_lists import bank_of
from builtin._captioned import read_captioned
from builtin.train_scorer import scorer_file

from mediaindex.embed.families.builtin_files import FILES, scorer_digest
from mediaindex_models.late_interaction import LateInteraction, Words
from mediaindex_models.region_cells import CELL, RegionCells

SCORER = "scorer.safetensors"
_EXACT = ("log_sharpness", "gains")
_LARGEST = 127


def scorer_state(scorer: LateInteraction, cells: RegionCells, bank: Words) -> dict[str, Tensor]:
    """What ships of a scorer: float16, and the sentences of its bank as int8.

    Args:
        bank: sentences by the scorer's text side.
    """
    state = {f"cells.{name}": value for name, value in cells.state_dict().items()} | scorer.state_dict()
    stored = {
        name: value.detach() if name in _EXACT else value.detach().half() for name, value in state.items()
    }
    return stored | {
        "hubs.directions": _rounded(bank.directions[bank.mask]),
        "hubs.weights": bank.weights[bank.mask].half(),
        "hubs.pooled": bank.pooled.half(),
        "hubs.pieces": bank.mask.sum(1).int(),
    }


def _rounded(unit: Tensor) -> Tensor:
    return (unit * (_LARGEST / unit.abs().amax(-1, keepdim=True))).round().to(torch.int8)


def write_scorer(state: Mapping[str, Tensor], path: Path) -> None:
    """Write a scorer's file, whole or not at all."""
    unfinished = path.with_suffix(".new")
    save_file({name: value.contiguous() for name, value in state.items()}, unfinished)
    unfinished.replace(path)


def export_scorer(scorer: LateInteraction, cells: RegionCells, bank: Words, files: Path = FILES) -> str:
    """Write the scorer and its entry in config.json; its digest."""
    write_scorer(scorer_state(scorer, cells, bank), files / SCORER)
    digest = scorer_digest(files, SCORER)
    path = files / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["scorer"] = {"file": SCORER, "digest": digest}
    path.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    return digest


def write_mixture(
    folder: Path,
    *,
    encoder: tuple[str, str],
    width: int,
    scorer: str,
    weights: Sequence[float],
    deviation: float,
    report: Mapping[str, Any],
) -> None:
    """Write the folder of a linear mixture, as `search.ranking.mixture.Mixture` reads it.

    Args:
        encoder: its name and digest. scorer: digest. report: with the `gates`.
    """
    config = {
        "format": 1,
        "encoder": dict(zip(("name", "digest"), encoder, strict=True)),
        "generator": {"recipe": "linear", "width": width, "weights": list(map(float, weights))},
        "scorer": {"digest": scorer, "deviation": float(deviation)},
        "report": dict(report),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Export one scorer."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="of prepare.py")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the scorer (0)")
    parser.add_argument("--files", type=Path, default=FILES, metavar="DIR", help="of the encoder")
    arguments = parser.parse_args()
    data = read_captioned(arguments.work)
    scorer, cells = LateInteraction(CELL).eval(), RegionCells()
    scorer.load_state_dict(load_file(scorer_file(arguments.work, left_out=None, seed=arguments.seed)))
    cells.load_state_dict(load_file(arguments.work / "region_cells.safetensors"))
    rows = bank_of(data, left_out=None, seed=arguments.seed)
    with torch.inference_mode():
        bank: Words = scorer.words(*data.captions.states(rows))
    digest = export_scorer(scorer, cells, bank, arguments.files)
    print(f"{SCORER}: {(arguments.files / SCORER).stat().st_size} bytes, {digest}")


if __name__ == "__main__":
    main()
