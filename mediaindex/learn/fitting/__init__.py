"""What is fitted to an embedding space: the calibration of confidence, and the gate of hub correction."""
