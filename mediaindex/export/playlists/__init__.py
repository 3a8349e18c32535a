"""Lists of stretches for players, cutters and programs: one format a file."""
