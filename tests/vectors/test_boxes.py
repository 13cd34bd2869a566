"""Records of boxes beside another implementation of Ed25519 and ChaCha20-Poly1305."""

import hashlib

import pytest

from bellhop.bencode import decode
from bellhop.mesh import boxes, record

pytest.importorskip("nacl", reason="PyNaCl is not installed")
aead = pytest.importorskip("cryptography.hazmat.primitives.ciphers.aead")
ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")


@pytest.mark.parametrize("number", range(8))
def test_another_program_checks_and_opens_the_record(number):
    from bellhop.shell.mesh import identity

    crypto, seed = identity.crypto(), hashlib.sha256(b"box %d" % number).digest()
    nonce = hashlib.sha256(b"nonce %d" % number).digest()[:8]
    key, found = crypto.public_key(seed), boxes.Found([(b"m" * 32, b"c" * 16)], b"p" * 33)
    item = record.parse(boxes.write(crypto, seed, nonce, found))
    signed = record.signed_octets(item.salt, item.sequence, item.value)
    ed25519.Ed25519PublicKey.from_public_bytes(item.key).verify(item.signature, signed)
    value = decode(item.value)
    tag = hashlib.sha256(b"bellhop box tag 1" + key + nonce).digest()[:8]
    assert value[b"b"] == tag + nonce
    opener = aead.ChaCha20Poly1305(hashlib.sha256(b"bellhop box open 1" + key + nonce).digest())
    assert opener.decrypt(bytes(12), value[b"x"], b"") == b"m" * 32 + b"c" * 16 + b"p" * 33
    assert boxes.read(crypto, key, item) == found
