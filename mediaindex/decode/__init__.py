"""A file → sampled frames, subtitle cues and metadata, read in a bounded child process."""
