"""A keeper of the list of directories and providers: python -m bellhop_exchange.keeper

new FILE                                a key of a keeper; prints its public half
head LIST.json SEQUENCE DAYS URI... > HEAD      what is to be signed; good for so many days
sign HEAD FILE > SIGNATURE              one keeper's signature
join LIST.json HEAD N=SIGNATURE N=SIGNATURE > CARRIER   N: 0, 1 or 2, in the order of the keys
check CARRIER KEY KEY KEY               what a node would say

LIST.json: {"directories": [{"zone", "api", "countries"}], "providers": [{"api", "countries"}]}.
Sign on three machines that never hold each other's key; a sequence is used once.
"""

import os
import secrets
import sys
import time
from pathlib import Path

import nacl.exceptions
import nacl.signing

from bellhop.names import lists

DAY = 86400


class _Signing:
    @staticmethod
    def sign(seed, data):
        return nacl.signing.SigningKey(seed).sign(data).signature


def verify(key, data, signature):
    """Tell whether a signature is of a key."""
    try:
        return nacl.signing.VerifyKey(key).verify(data, signature) == data
    except (nacl.exceptions.CryptoError, ValueError, TypeError):
        return False


def new(path):
    """Make a key; return its public half in base64."""
    seed = secrets.token_bytes(32)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(seed)
    return lists.binascii.b2a_base64(bytes(nacl.signing.SigningKey(seed).verify_key)).strip()


def work(command, *words):
    """Return the octets that a command prints; raises ValueError."""
    if command == "new":
        return new(words[0]) + b"\n"
    if command == "head":
        until = int(time.time()) // DAY + int(words[2])
        places = [word.encode() for word in words[3:]]
        return lists.write_head(int(words[1]), until, places, Path(words[0]).read_bytes())
    if command == "sign":
        head, seed = (Path(word).read_bytes() for word in words[:2])
        return lists.sign(head, seed, _Signing)
    if command == "join":
        text, head = (Path(word).read_bytes() for word in words[:2])
        parts = [word.partition("=") for word in words[2:]]
        signed = {int(number): Path(path).read_bytes() for number, _, path in parts}
        return lists.carry(head, signed, text)
    if command == "check":
        octets, keepers = Path(words[0]).read_bytes(), lists.keepers_of(words[1:4])
        head, found = lists.read(octets, keepers, 0, verify)
        counts = [len(found.get(kind, ())) for kind in ("directories", "providers")]
        words = "sequence %d, good until day %d: %d directories, %d providers\n"
        return (words % (head.sequence, head.until, *counts)).encode()
    raise ValueError(__doc__)


def main(arguments):
    """Do one command."""
    try:
        sys.stdout.buffer.write(work(*arguments))
    except (ValueError, IndexError, TypeError, OSError) as error:
        print(error if isinstance(error, (ValueError, OSError)) else __doc__, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
