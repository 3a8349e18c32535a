"""Reranking of the best moments by a generator, and the gates that decide whether it is on."""
