"""A space as files that a search maps: unit vectors, and a table of their segments."""
