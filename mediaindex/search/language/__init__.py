"""The query language: its values, how text becomes them, and what they mean in one library."""
