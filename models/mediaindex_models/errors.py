"""What a caller gave does not fit, as opposed to a mistake in this package."""

from __future__ import annotations


class UnfitInput(ValueError):
    """Features, settings or weights do not fit each other, or hold a NaN; the message is for a person."""
