"""Captioned media → feature files."""
