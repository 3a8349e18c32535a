"""Feature files → a trained generator, resumable."""
