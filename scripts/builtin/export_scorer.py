"""Put a trained scorer of regions beside the towers of the built-in encoder, and its mixture in the box.

    python scripts/builtin/export_scorer.py --work DIR [--seed 0] [--files DIR]

Reads scorer-SEED.safetensors of train_scorer.py and the cells of prepare.py; writes scorer.safetensors and
its entry in config.json. The digest there names the evidence that libraries store: another scorer's is made
anew from their cached frames.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._evidence_lists import bank_of
from builtin._captioned import read_captioned
from builtin.train_scorer import scorer_file

from mediaindex.embed.families.builtin_files import FILES, scorer_digest
from mediaindex.learn.scorer.scorer_file import scorer_state, write_scorer
from mediaindex_models.late_interaction import LateInteraction, Words
from mediaindex_models.region_cells import CELL, RegionCells

SCORER = "scorer.safetensors"


def export_scorer(scorer: LateInteraction, cells: RegionCells, bank: Words, files: Path = FILES) -> str:
    """Write the scorer and its entry in config.json; its digest."""
    write_scorer(scorer_state(scorer, cells, bank), files / SCORER)
    digest = scorer_digest(files, SCORER)
    path = files / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["scorer"] = {"file": SCORER, "digest": digest}
    path.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    return digest


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
