"""How probable it is that a hit is what was asked for."""
