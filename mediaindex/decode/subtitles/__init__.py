"""Subtitle files and tracks → cues."""
