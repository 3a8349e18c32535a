"""What the user writes about videos: captions, marks, picks, saved searches."""
