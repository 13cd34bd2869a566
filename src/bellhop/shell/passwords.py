"""Passwords for accounts, and what stands for them in the configuration."""

import os

from ..sip import digest
from ..text import spelled

PASSWORD_LETTERS = 12


def new_password():
    """Return a password of 60 random bits."""
    return spelled(os.urandom(PASSWORD_LETTERS))


def hashes(name, realm, password):
    """Return the two HA1 values of an account, as text: MD5, SHA-256."""
    parts = name.encode(), realm.encode(), password.encode()
    return [digest.ha1(algorithm, *parts).decode() for algorithm in digest.ALGORITHMS]
