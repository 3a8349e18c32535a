"""What answers: the pictures by similarity, and both channels in one order."""
