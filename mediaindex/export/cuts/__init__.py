"""The list of cuts that every format is made from, on exact frames."""
