"""Benchmarks: what the node costs, beside other servers and beside its own targets."""
