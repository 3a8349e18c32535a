"""Networks of mediaindex: torch only, no file format, store or command.

Shape letters in the docstrings of this package:
    B batch, F frames, T tokens, D width of an embedding, K candidates, N gallery, S steps;
    H, W height and width of a picture or map, C its channels.
"""
