"""Which frames are kept, and how they make up shots and segments."""
