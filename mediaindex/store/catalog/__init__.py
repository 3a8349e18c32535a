"""The rows of library.sqlite, by what they are about."""
