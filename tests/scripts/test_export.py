"""The committed files of the built-in encoder: what they are called by, and how large they are."""

from __future__ import annotations

import hashlib

from builtin.export import digest_of

from mediaindex.embed.families.builtin_files import FILES, NAMES, head_of, heads_of, scorer_digest, scorers_of

LARGEST_BYTES = 60_000_000
FIRST_HEAD = {
    "head-1.safetensors": "7477f7f0850d30aa8c0f7641d1250f8474bb39b10d711b6e2b46616999d74445",
    "towers.safetensors": "01e5f39e683a07a05c6b1f216ec8d0b4ea03ff0552d055f83a86979d46c18c5d",
}


def test_the_committed_weights_are_those_that_their_digests_name() -> None:
    """Libraries know their vectors and evidence by these: other bytes would pass for the same."""
    for name in NAMES:
        newest = head_of(FILES, name)
        assert digest_of(FILES, newest.members) == newest.digest, name
    for scorer in scorers_of(FILES):
        assert scorer_digest(FILES, scorer.file) == scorer.digest
    # The first head keeps the digest of its release, whose files were cut otherwise.
    assert heads_of(FILES)[-1].members == ("head-1.safetensors",)
    for file, digest in FIRST_HEAD.items():
        assert hashlib.sha256((FILES / file).read_bytes()).hexdigest() == digest


def test_they_are_small_enough_to_ship() -> None:
    assert sum(path.stat().st_size for path in FILES.iterdir()) <= LARGEST_BYTES
