"""Signatures of calls with a key of GnuPG."""
