"""A simulator that drives the shipped mesh with many nodes."""
