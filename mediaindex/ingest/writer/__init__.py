"""What needs the writer lock: requests, their queue, and who carries them out."""
