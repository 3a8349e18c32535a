"""Timelines of editors, in which the cuts follow each other: one format a file."""
