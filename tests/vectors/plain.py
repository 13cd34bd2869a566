"""Writes plain.json: the plain form of links and cells by PROTOCOL.md, without a line of bellhop.

    python -m tests.vectors.plain > tests/vectors/plain.json

The handshakes are made by the package noiseprotocol with a cipher `Plain`, curves by cryptography.
Secrets are SHA-256 of the texts that name them.
"""

import hashlib
import hmac
import json
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from noise.backends.default import DefaultNoiseBackend
from noise.connection import Keypair, NoiseConnection
from noise.functions.cipher import Cipher

SIP = b"INVITE sip:user2@called SIP/2.0\r\n\r\n"
COUNT = 0xFFFFFFE0
BEHIND, BLOCK, BODY = 949, 67, 1016
TO_ALL, PLAIN = 1, 8


def secret(name):
    return hashlib.sha256(name.encode()).digest()


def tag(key, nonce, ad, octets):
    text = nonce + hashlib.sha256(ad).digest() + octets
    return hmac.new(key, text, "sha256").digest()[:16]


def seal(key, count, octets, ad):
    return octets + tag(key, bytes(4) + count.to_bytes(8, "little"), ad, octets)


class PlainCipher(Cipher):
    """What noiseprotocol asks of a cipher."""

    klass = bytes

    def encrypt(self, k, n, ad, plaintext):
        return seal(self.cipher, n, bytes(plaintext), bytes(ad or b""))

    def decrypt(self, k, n, ad, ciphertext):
        octets = bytes(ciphertext)[:-16]
        assert self.encrypt(k, n, ad, octets) == bytes(ciphertext)
        return octets


class Backend(DefaultNoiseBackend):
    def __init__(self):
        super().__init__()
        self.ciphers["Plain"] = PlainCipher


def side(name, prologue, static, fresh, remote=None, begins=True):
    """Return one side of a handshake."""
    made = NoiseConnection.from_name(name, Backend())
    made.set_prologue(prologue)
    if begins:
        made.set_as_initiator()
    else:
        made.set_as_responder()
    made.set_keypair_from_private_bytes(Keypair.STATIC, static)
    made.set_keypair_from_private_bytes(Keypair.EPHEMERAL, fresh)
    if remote is not None:
        made.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, remote)
    made.start_handshake()
    return made


def public(octets):
    return X25519PrivateKey.from_private_bytes(octets).public_key().public_bytes_raw()


def node(name):
    """Return (I, X25519 secret) of a node."""
    seed = secret("plain seed " + name)
    scalar = bytearray(hashlib.sha512(seed).digest()[:32])
    scalar[0] &= 248
    scalar[31] = scalar[31] & 127 | 64
    key = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return key, bytes(scalar)


def derived(label, context, shared, name, size):
    extracted = hmac.new(hashlib.sha256(label + context).digest(), shared, "sha256").digest()
    made, block = b"", b""
    while len(made) < size:
        block = hmac.new(extracted, block + name + bytes((len(made) // 32 + 1,)), "sha256").digest()
        made += block
    return made[:size]


def link():
    """Return a link between the caller and a relay: handshake, hello to all, a sealed packet."""
    ids = secret("plain link id a")[:8], secret("plain link id b")[:8]
    prologue = b"bellhop plain link 1" + ids[0] + ids[1]
    name = b"Noise_XX_25519_Plain_SHA256"
    (one_id, one_key), (two_id, two_key) = node("caller"), node("relay")
    fresh = secret("plain link e a"), secret("plain link e b")
    one = side(name, prologue, one_key, fresh[0])
    two = side(name, prologue, two_key, fresh[1], begins=False)
    messages = [bytes(one.write_message(b""))]
    two.read_message(messages[0])
    messages.append(bytes(two.write_message(two_id)))
    one.read_message(messages[1])
    chain = one.noise_protocol.symmetric_state
    messages.append(bytes(one.write_message(one_id)))
    keys = keys_of(chain)
    head = ids[0] + bytes((TO_ALL | PLAIN,)) + (7).to_bytes(4, "big") + (200).to_bytes(2, "big")
    head += secret("plain digest")[:8] + b"DL1ABC" + bytes(4)
    covered = hashlib.sha256(head).digest()
    hello = b"bm\x01" + head + hmac.new(keys[2], covered + b"\x04", "sha256").digest()[:6]
    inside = b"\x06" + (5).to_bytes(2, "big") + b"\x00\x00\x00\x09\x01"
    inside += bytes(64 - len(inside))
    packet = b"bm\x04" + b"sess" + (3).to_bytes(6, "big")
    return {
        "ids": hexed(ids), "prologue": prologue.hex(), "fresh": hexed(fresh),
        "messages": hexed(messages), "h": bytes(one.get_handshake_hash()).hex(),
        "keys": hexed(keys),
        "callsign": "DL1ABC", "hello_to_all": hello.hex(),
        "sealed": (packet + seal(keys[0], 3, inside, packet)).hex(),
    }  # fmt: skip


def keys_of(state):
    """Return Split's keys of a symmetric state that has ended."""
    extracted = hmac.new(state.ck, b"", "sha256").digest()
    keys, block = [], b""
    for number in (1, 2, 3):
        block = hmac.new(extracted, block + bytes((number,)), "sha256").digest()
        keys.append(block)
    return keys


def hexed(rows):
    return [row.hex() for row in rows]


def call():
    """Return a set-up over one relay to the called node, its answer and a piece of data."""
    called, caller = node("called"), node("caller")
    prekeys = [secret("plain prekey " + name) for name in ("relay", "called")]
    numbers = [hashlib.sha256(public(p)).digest()[0] for p in prekeys]
    prologue = b"bellhop plain cell 1" + called[0] + bytes((numbers[1], 1))
    name = b"Noise_IK_25519_Plain_SHA256"
    fresh = secret("plain noise e"), secret("plain noise e2")
    one = side(name, prologue, caller[1], fresh[0], public(prekeys[1]))
    two = side(name, prologue, prekeys[1], fresh[1], begins=False)
    inside = caller[0] + secret("plain call")[:8] + b"\0" + SIP
    message = bytes(one.write_message(inside))
    two.read_message(message)
    state = one.noise_protocol.symmetric_state
    answer = bytes(two.write_message(b""))
    one.read_message(answer)
    keys = keys_of(state)
    payload = b"\x01" + bytes((numbers[1],)) + bytes(8) + len(message).to_bytes(2, "big") + message
    hops, count, counts = [], COUNT, [COUNT]
    for prekey, (identity, _), label in zip(
        prekeys, (node("relay"), called), ("plain e relay", "plain e called")
    ):
        e = X25519PrivateKey.from_private_bytes(secret(label))
        shared = e.exchange(X25519PublicKey.from_public_bytes(public(prekey)))
        context = public(secret(label)) + public(prekey) + identity
        made = derived(b"bellhop plain hop 1", context, shared, b"keys", 172)
        hops.append((public(secret(label)), made, identity))
        count = (count + int.from_bytes(made[160:164], "big")) % 2**32
        counts.append(count)
    behind = payload + bytes(BEHIND - len(payload))
    bodies, command = [], b"\x01\x02" + bytes(16)
    for index in (1, 0):
        fresh_public, made, _ = hops[index]
        head = bytes((numbers[index],)) + fresh_public
        text = b"bellhop plain cell 1" + counts[index].to_bytes(4, "big") + head + behind
        block = seal(made[:32], 0, command, hashlib.sha256(text).digest())
        bodies.insert(0, head + block + behind)
        behind = bodies[0][:BEHIND]
        command = b"\x00\x02" + hops[1][2][:8] + bytes(8)
    said = b"ACK"
    piece = b"\x01\x00" + (1).to_bytes(4, "big") + bytes(4) + len(said).to_bytes(2, "big") + said
    piece += bytes(992 - len(piece))
    data = (1).to_bytes(8, "big") + seal(keys[0], 1, piece, b"")
    return {
        "sip": SIP.hex(), "prologue": prologue.hex(), "fresh": hexed(fresh),
        "call": inside[32:40].hex(),
        "message_1": message.hex(), "message_2": answer.hex(),
        "h": bytes(one.get_handshake_hash()).hex(),
        "keys": hexed(keys), "numbers": numbers, "counts": counts, "payload": payload.hex(),
        "hop_keys": hexed([made for _, made, _ in hops]), "bodies": hexed(bodies),
        "data": data.hex(),
    }  # fmt: skip


def vectors():
    """Return all of it."""
    names = ("caller", "relay", "called")
    return {"nodes": {name: node(name)[0].hex() for name in names}, "link": link(), "call": call()}


if __name__ == "__main__":
    json.dump(vectors(), sys.stdout, indent=1)
    sys.stdout.write("\n")
