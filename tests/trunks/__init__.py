"""Calls by providers of telephone numbers: whole nodes, stand-ins, real servers."""
