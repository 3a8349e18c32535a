"""Hypothesis strategies of absolute paths that often lie in each other."""

from __future__ import annotations

from hypothesis import strategies as st

nested_paths = st.lists(st.sampled_from("abc "), min_size=1, max_size=4).map(
    lambda parts: "/" + "/".join(parts)
)
