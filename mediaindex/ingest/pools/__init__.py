"""Decoding of many files side by side."""
