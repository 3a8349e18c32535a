"""The retrieval benchmarks: annotation files and videos → captioned media."""
