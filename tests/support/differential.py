"""Prints what a parser makes of damaged messages, one line each; both interpreters run it.

differential.py PARSER SEED COUNT FILE ...           a digest for each message
differential.py PARSER SEED COUNT --show N FILE ...  message N and the outcome in full
"""

import binascii
import hashlib
import sys

sys.path[:0] = ["src", "."]

from tests.support.mutate import Random, mutate  # noqa: E402
from tests.support.parsers import outcome  # noqa: E402


def main(name, seed, count, *rest):
    """Print one line for each message."""
    show = int(rest[1]) if rest[0] == "--show" else None
    seeds = []
    for path in rest[2:] if rest[0] == "--show" else rest:
        with open(path, "rb") as file:
            seeds.append(file.read())
    random = Random(int(seed))
    for number in range(int(count)):
        data = mutate(random, seeds)
        found = outcome(name, data)
        if show is None:
            digest = hashlib.sha256(data + b"\0" + found).digest()
            print(binascii.hexlify(digest[:8]).decode())
        elif number == show:
            print(data)
            print(found)


main(*sys.argv[1:])
