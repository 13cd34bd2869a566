"""SRTP (RFC 3711, RFC 7714) written for reading, not for speed.

An implementation that shares nothing with libsrtp: AES, its counter mode and
GCM from their definitions, HMAC from the standard library. It is itself
checked against the RFCs' vectors, and then makes the known answers for the
packet path.
"""

import hashlib
import hmac


def _xtime(value):
    return (value << 1 ^ (0x11B if value & 0x80 else 0)) & 0xFF


def _make_sbox():
    """Return AES's substitution (FIPS 197 section 5.1.1)."""
    exponents, value = [0] * 255, 1
    for power in range(255):
        exponents[power] = value
        value ^= _xtime(value)  # the generator 3
    logarithms = {value: power for power, value in enumerate(exponents)}
    sbox = []
    for byte in range(256):
        inverse = exponents[-logarithms[byte] % 255] if byte else 0
        rotated = inverse
        for _ in range(4):
            inverse = (inverse << 1 | inverse >> 7) & 0xFF
            rotated ^= inverse
        sbox.append(rotated ^ 0x63)
    return sbox


SBOX = _make_sbox()


def _expand(key):
    """Return the round keys (FIPS 197 section 5.2)."""
    words = [list(key[i : i + 4]) for i in range(0, len(key), 4)]
    length, constant = len(words), 1
    while len(words) < 4 * (length + 7):
        word = list(words[-1])
        if len(words) % length == 0:
            word = [SBOX[b] for b in word[1:] + word[:1]]
            word[0] ^= constant
            constant = _xtime(constant)
        elif length > 6 and len(words) % length == 4:
            word = [SBOX[b] for b in word]
        words.append([a ^ b for a, b in zip(word, words[-length])])
    return [sum(words[i : i + 4], []) for i in range(0, len(words), 4)]


def _mix(column):
    """Return one column mixed (FIPS 197 section 5.1.3)."""
    every = column[0] ^ column[1] ^ column[2] ^ column[3]
    return [column[i] ^ every ^ _xtime(column[i] ^ column[(i + 1) % 4]) for i in range(4)]


def aes(key, block):
    """Return the block encrypted under a key of 16 or 32 bytes."""
    keys = _expand(key)
    state = [a ^ b for a, b in zip(block, keys[0])]
    for number, round_key in enumerate(keys[1:], 1):
        state = [SBOX[state[(i + 4 * (i % 4)) % 16]] for i in range(16)]
        if number < len(keys) - 1:
            state = sum((_mix(state[i : i + 4]) for i in range(0, 16, 4)), [])
        state = [a ^ b for a, b in zip(state, round_key)]
    return bytes(state)


def _xor(data, mask):
    return bytes(a ^ b for a, b in zip(data, mask))


def keystream(key, counter, length):
    """Return `length` bytes of AES in counter mode from a 128-bit counter."""
    stream = b""
    while len(stream) < length:
        stream += aes(key, counter.to_bytes(16, "big"))
        counter += 1
    return stream[:length]


def _multiply(left, right):
    """Return a product in GCM's field (NIST SP 800-38D section 6.3)."""
    product = 0
    for bit in range(127, -1, -1):
        if left >> bit & 1:
            product ^= right
        right = right >> 1 ^ (0xE1 << 120 if right & 1 else 0)
    return product


def gcm(key, iv, plain, associated):
    """Return the ciphertext and its 16-byte tag."""
    hash_key = int.from_bytes(aes(key, bytes(16)), "big")
    first = int.from_bytes(iv + b"\0\0\0\1", "big")
    secret = _xor(plain, keystream(key, first + 1, len(plain)))
    tag = 0
    for part in (associated, secret):
        for i in range(0, len(part), 16):
            block = part[i : i + 16].ljust(16, b"\0")
            tag = _multiply(tag ^ int.from_bytes(block, "big"), hash_key)
    lengths = len(associated) << 67 | len(secret) << 3
    tag = _multiply(tag ^ lengths, hash_key).to_bytes(16, "big")
    return secret + _xor(tag, aes(key, first.to_bytes(16, "big")))


def derive(key, salt, label, length):
    """Return a session key (RFC 3711 section 4.3.1, with r = index DIV 0)."""
    salt = int.from_bytes(salt.ljust(14, b"\0"), "big")
    return keystream(key, (salt ^ label << 48) << 16, length)


def _header_length(packet):
    length = 12 + 4 * (packet[0] & 15)
    if packet[0] & 0x10:
        length += 4 + 4 * int.from_bytes(packet[length + 2 : length + 4], "big")
    return length


def _session(suite, key, salt, label):
    """Return the session's key, authentication key and salt."""
    return (
        derive(key, salt, label, len(key)),
        derive(key, salt, label + 1, 20),
        derive(key, salt, label + 2, 12 if "GCM" in suite else 14),
    )


def _counter(salt, ssrc, index):
    """Return AES-CM's first counter (RFC 3711 section 4.1.1)."""
    salt = int.from_bytes(salt, "big")
    return (salt ^ int.from_bytes(ssrc, "big") << 48 ^ index) << 16


def gcm_rtp(key, salt, packet, index):
    """Protect with session values (RFC 7714 section 8.1)."""
    head = _header_length(packet)
    iv = _xor(b"\0\0" + packet[8:12] + index.to_bytes(6, "big"), salt)
    return packet[:head] + gcm(key, iv, packet[head:], packet[:head])


def gcm_rtcp(key, salt, packet, index):
    """Protect with session values (RFC 7714 section 9.1)."""
    trailer = (index | 1 << 31).to_bytes(4, "big")
    iv = _xor(b"\0\0" + packet[4:8] + b"\0\0" + index.to_bytes(4, "big"), salt)
    return packet[:8] + gcm(key, iv, packet[8:], packet[:8] + trailer) + trailer


def _is_null(suite):
    """Tell whether a suite only signs (RFC 3711 section 4.1.3)."""
    return suite.startswith("NULL")


def protect_rtp(suite, key, salt, packet, index):
    """Return the SRTP packet for a master key and a packet index."""
    key, authentication, salt = _session(suite, key, salt, 0)
    if "GCM" in suite:
        return gcm_rtp(key, salt, packet, index)
    head = _header_length(packet)
    if not _is_null(suite):
        mask = keystream(key, _counter(salt, packet[8:12], index), len(packet) - head)
        packet = packet[:head] + _xor(packet[head:], mask)
    rollover = (index >> 16).to_bytes(4, "big")
    tag = hmac.new(authentication, packet + rollover, hashlib.sha1).digest()
    return packet + tag[: 4 if suite.endswith("32") else 10]


def protect_rtcp(suite, key, salt, packet, index):
    """Return the SRTCP packet for a master key and an SRTCP index."""
    key, authentication, salt = _session(suite, key, salt, 3)
    if "GCM" in suite:
        return gcm_rtcp(key, salt, packet, index)
    if _is_null(suite):  # Its first bit says whether it is encrypted.
        packet += index.to_bytes(4, "big")
    else:
        mask = keystream(key, _counter(salt, packet[4:8], index), len(packet) - 8)
        packet = packet[:8] + _xor(packet[8:], mask) + (index | 1 << 31).to_bytes(4, "big")
    tag = hmac.new(authentication, packet, hashlib.sha1).digest()
    return packet + tag[:10]
