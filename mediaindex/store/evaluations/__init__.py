"""Evaluations of a library, night by night: their figures, and what each query was answered."""
