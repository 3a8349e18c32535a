"""Frames and sentences → vectors of one embedding space."""
