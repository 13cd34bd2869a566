"""Tests of the lite node and of the core on MicroPython."""
