"""Translations in the form that LuCI reads (.lmo): texts are found by a hash of the English one.

The hash is Paul Hsieh's SuperFastHash over the octets, seeded with their number. A file is the
translations, each filled to words, then (hash, 1, offset, length) of each in the order of the
hashes, then where that index starts; all numbers have 32 bits, the highest octet first.
"""

import struct

WORD = 0xFFFFFFFF


def text_hash(octets):
    """Return the hash of a text."""
    value = len(octets)
    whole = len(octets) & ~3
    for at in range(0, whole, 4):
        low, high = struct.unpack_from("<HH", octets, at)
        value = value + low & WORD
        value = (value << 16 ^ high << 11 ^ value) & WORD
        value = value + (value >> 11) & WORD
    return _mixed(_rest(value, octets[whole:]))


def _rest(value, rest):
    """Take in the one to three octets that fill no word."""
    if len(rest) == 3:
        value = value + struct.unpack("<H", rest[:2])[0] & WORD
        value ^= value << 16
        value = (value ^ struct.unpack("b", rest[2:])[0] << 18) & WORD
        return value + (value >> 11) & WORD
    if len(rest) == 2:
        value = value + struct.unpack("<H", rest)[0] & WORD
        value = (value ^ value << 11) & WORD
        return value + (value >> 17) & WORD
    if len(rest) == 1:
        value = value + struct.unpack("b", rest)[0] & WORD
        value = (value ^ value << 10) & WORD
        return value + (value >> 1) & WORD
    return value


def _mixed(value):
    for left, right in ((3, 5), (4, 17), (25, 6)):
        value = (value ^ value << left) & WORD
        value = value + (value >> right) & WORD
    return value


def compiled(translations):
    """Return the octets of a file with these translations; what stays English is left out."""
    texts, index = b"", []
    for text, said in translations.items():
        key, octets = text_hash(text.encode()), said.encode()
        if key != text_hash(octets):
            index.append((key, 1, len(texts), len(octets)))
            texts += octets + bytes(-len(octets) % 4)
    packed = b"".join([struct.pack(">4I", *entry) for entry in sorted(index)])
    return texts + packed + struct.pack(">I", len(texts))
