"""The encoders, one library a file."""
