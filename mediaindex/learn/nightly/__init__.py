"""Tonight against the nights before: what both can be compared by, and whether something fell for certain."""
