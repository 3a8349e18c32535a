"""Networks of mediaindex: torch and their own checkpoints; no other file format, no store, no command.

Shape letters in the docstrings of this package:
    B batch, F frames, T tokens, D width of an embedding, E of evidence, K candidates, N gallery, S steps;
    M texts or bank queries, G pairs of a gallery in training;
    H, W height and width of a picture or map, C its channels.
"""
