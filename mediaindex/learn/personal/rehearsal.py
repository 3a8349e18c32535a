"""Photographs of the shipped training, rehearsed beside the user's captions so that little data does no harm.

A few hundred of them come with the built-in encoder as vectors: what its scorer reads of each photograph, the
states of one caption's word pieces, and both sides of the similarity. Each caption looks for its photograph
among the others, as a query does in a library (experience replay: Robins, "Catastrophic forgetting, rehearsal
and pseudorehearsal", Connection Science 1995). Any other space has none.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from mediaindex.embed.families.builtin_files import FILES, builtin_bank, heads_of, photographs_of, unfit
from mediaindex.embed.families.builtin_text import text_scorer
from mediaindex.learn.personal.examples import Example
from mediaindex.learn.personal.lists import Evidence, Listed, RecordPool
from mediaindex.search.answer import CANDIDATES
from mediaindex.search.channels.pictures import HUB_SHARE
from mediaindex.search.ranking.evidence_reranker import completed
from mediaindex.search.ranking.mixture import Mixture
from mediaindex.store.mapped.bank import BETA, hubness

Tensors = dict[str, NDArray[np.generic]]


def shipped_photographs(
    digest: str, mixture: Mixture, *, corrects_hubs: bool, files: Path = FILES
) -> tuple[Listed, ...]:
    """The lists of captions whose photograph is in them; none for a space of other vectors or another scorer.

    Args:
        digest: of the encoder. mixture: whose scorer is asked.
        corrects_hubs: whether searches let hubs stand back.

    Raises:
        EncoderMismatch: the files are damaged.
    """
    known = photographs_of(files)
    if known is None or (known.encoder, known.scorer) != (digest, mixture.scorer):
        return ()
    content = (files / known.file).read_bytes()
    if hashlib.sha256(content).hexdigest() != known.digest:
        raise unfit(f"{known.file} is not the file that config.json describes")
    try:
        stored = load(content)
        head = next(head for head in heads_of(files) if head.digest == digest)
        best, similarity = _candidates(stored, builtin_bank(files, head), corrects_hubs=corrects_hubs)
        return _lists(stored, best, similarity / np.float32(mixture.deviation), files, head.name)
    except (SafetensorError, KeyError, ValueError, IndexError) as error:
        raise unfit(f"{known.file}: {error}") from error


def _candidates(
    stored: Tensors, bank: NDArray[np.float32], *, corrects_hubs: bool
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """(N, K) photographs that are nearest to each caption, best first, and how similar they are."""
    pictures, captions = (stored[name].astype(np.float32) for name in ("pictures", "captions"))
    similarity = captions @ pictures.T
    if corrects_hubs:
        similarity -= np.float32(HUB_SHARE) * hubness(bank @ pictures.T, beta=BETA).astype(np.float32)
    best = np.argsort(-similarity, axis=1, kind="stable")[:, :CANDIDATES]
    return best, np.take_along_axis(similarity, best, axis=1)


def _lists(
    stored: Tensors, best: NDArray[np.intp], similarity: NDArray[np.float32], files: Path, name: str
) -> tuple[Listed, ...]:
    scorer, pool = text_scorer(files, name), RecordPool()
    records = stored["records"].astype(np.uint8)
    rows = pool.rows_of(records)
    states = stored["states"].astype(np.float32) * stored["states#scale"].astype(np.float32)[..., None]
    of_texts = np.split(states, np.cumsum(stored["pieces"], dtype=np.intp)[:-1])
    lists = []
    for place, (own, pieces) in enumerate(zip(best, of_texts, strict=True)):
        right = own == place
        if not right.any():
            continue
        asked = scorer.asked(pieces[:, 1], pieces[:, 0])
        said = completed(asked.numbers(records[own][:, None]))
        numbers = np.concatenate([similarity[place][:, None], said], axis=1).astype(np.float64)
        evidence = Evidence(asked, rows[own][:, None], pool)
        lists.append(
            Listed(Example("caption", place, "", ()), numbers, right, np.zeros_like(right), evidence)
        )
    return tuple(lists)
