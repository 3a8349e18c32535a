"""Fit the evidence basis of the built-in encoder: 256 principal directions of pooled features.

    python scripts/fit_evidence.py --features ../shared/builtin/features

Writes evidence.safetensors (mean, basis, deviation) beside the weights and renews the
digests in config.json. Takes a minute on one core. Only rows of the training split are used; every view of a
picture counts once. The features are centred, not standardised: standardising them first gave less
held-out retrieval. The evidence is not whitened (the deviations fall by a factor of seven only); a
trainer that wants it whitened divides by `deviation`.
"""

from __future__ import annotations

import argparse
import gzip
import json
from pathlib import Path

import numpy as np
import torch
from builtin.export import renew_digests
from numpy.typing import NDArray
from safetensors.torch import save_file

from mediaindex.embed.families.builtin_files import FILES

EVIDENCE = 256


def training_features(folder: Path) -> NDArray[np.float32]:
    """(N, 1280) pooled features of the training rows of every NAME.npz with its NAME.jsonl.gz."""
    parts = []
    for archive in sorted(folder.glob("*.npz")):
        with np.load(archive) as stored:
            views = stored["q"].astype(np.float32) * stored["scale"].astype(np.float32)
        with gzip.open(archive.with_suffix(".jsonl.gz"), "rt", encoding="utf-8") as lines:
            trained = [json.loads(line).get("split", "train") == "train" for line in lines]
        parts.append(views[np.array(trained)].reshape(-1, views.shape[-1]))
    return np.concatenate(parts)


def principal_directions(features: torch.Tensor) -> dict[str, torch.Tensor]:
    """mean (1280), basis (1280, 256) and deviation (256), float16; the sign of each is fixed."""
    mean = features.mean(0)
    centred = features - mean
    variance, directions = torch.linalg.eigh(centred.T @ centred / len(centred))
    basis = directions.flip(1)[:, :EVIDENCE]
    largest = basis.gather(0, basis.abs().argmax(0, keepdim=True))
    basis = basis * largest.sign()
    deviation = variance.flip(0)[:EVIDENCE].sqrt()
    state = {"mean": mean, "basis": basis, "deviation": deviation}
    return {name: value.half().contiguous() for name, value in state.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--features", type=Path, required=True, help="folder of NAME.npz files")
    parser.add_argument("--out", type=Path, default=FILES, help="default: %(default)s")
    args = parser.parse_args()
    features = training_features(args.features)
    state = principal_directions(torch.from_numpy(features).double())
    save_file(state, args.out / "evidence.safetensors")
    kept = float((state["deviation"].double() ** 2).sum() / features.var(0, dtype=np.float64).sum())
    print(f"{len(features)} views, {kept:.1%} of the variance, digest {renew_digests(args.out)}")


if __name__ == "__main__":
    main()
