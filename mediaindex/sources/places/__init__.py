"""Where a path lies: on which volume, mounted where, and whether anything is there."""
