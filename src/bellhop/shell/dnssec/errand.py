"""A process that asks a directory one thing and ends: python -m bellhop.shell.dnssec.errand

On standard input a JSON object: `job` (one of JOBS), `state` (the node's folder), `api` and what
the job needs. On standard output its answer; "problem" in words where there is none.
"""

import json
import os
import sys

from ...errors import BellhopError
from ...names import blind, keys
from ..mesh import identity, keys_of_people
from . import logwatch, number
from .api import Api
from .logwatch import sha512

SCALAR_BYTES = 64


def find(asked, api, crypto):
    """Look names up without the directory's seeing which (RFC 9497).

    names: list of texts. Return {"found": {name: statement in base64, "" where there is none}}.
    """
    texts = [name.encode() for name in asked["names"]]
    scalars = [blind.scalar_of(os.urandom(SCALAR_BYTES)) for _ in texts]
    points = [
        keys.base64(blind.blind(text, scalar, sha512)).decode()
        for text, scalar in zip(texts, scalars)
    ]
    try:
        answer = api.ask("POST", "/v1/blind", {"points": points})
    except BellhopError as error:
        return {"problem": str(error), "is_plain": api.status in (404, 405)}
    found, buckets = {}, {}
    for text, scalar, point in zip(texts, scalars, answer["points"]):
        output = blind.finalize(text, scalar, keys.unbase64(point.encode()) or b"", sha512)
        number, key = blind.place(output, answer["buckets"], sha512)
        if number not in buckets:
            buckets[number] = api.fetch("/v1/buckets/%d/%d" % (answer["epoch"], number))
        octets = blind.find(buckets[number], key, crypto.unlock) or b""
        found[text.decode()] = keys.base64(octets).decode()
    return {"found": found}


JOBS = {"find": find, "watch": logwatch.watch}
# That of no user alone.
OF_ALL = {
    "renew": number.look_after,
    "accounts": lambda asked: number.show(asked["state"]),
    "number": number.run,
}


def answer(text):
    """Return the answer to a job, JSON-able."""
    asked = json.loads(text)
    try:
        if asked["job"] in OF_ALL:
            return OF_ALL[asked["job"]](asked)
        crypto = identity.crypto()
        api = Api(asked["api"], keys_of_people.own(asked["state"], asked["user"]), crypto)
        return JOBS[asked["job"]](asked, api, crypto)
    except (BellhopError, KeyError, TypeError, ValueError) as error:
        return {"problem": str(error) or "the directory's answer makes no sense"}


if __name__ == "__main__":
    print(json.dumps(answer(sys.stdin.read())))
