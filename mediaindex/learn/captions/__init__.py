"""Captions of a library: from the files of people and data sets into it, and out of it again."""
