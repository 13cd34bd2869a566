"""Calls whose sound passes this node."""
