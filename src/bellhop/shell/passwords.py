"""Passwords for accounts, and what stands for them in the configuration."""

import os

from ..sip import digest

# No letter that looks like another one: people type it into a phone.
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
PASSWORD_LETTERS = 12


def new_password():
    """Return a password of 60 random bits."""
    octets = os.urandom(PASSWORD_LETTERS)
    return "".join([LETTERS[octet % len(LETTERS)] for octet in octets])


def hashes(name, realm, password):
    """Return the two HA1 values of an account, as text: MD5, SHA-256."""
    parts = name.encode(), realm.encode(), password.encode()
    return [digest.ha1(algorithm, *parts).decode() for algorithm in digest.ALGORITHMS]
