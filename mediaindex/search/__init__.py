"""The read corridor: a question → candidates → moments → hits."""
