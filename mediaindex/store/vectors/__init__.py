"""The vectors of an embedding space: LanceDB, and the mapped matrix that searches read."""
