"""mediaindex: type a sentence, land on the moment in your own videos, offline."""

__version__ = "0.1.0"
