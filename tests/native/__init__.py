"""Tests of the C library in native/ and of its Python binding."""
