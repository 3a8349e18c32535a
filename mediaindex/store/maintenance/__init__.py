"""What keeps a library sound and small: check, backup, restore, housekeeping, eviction, purge."""
