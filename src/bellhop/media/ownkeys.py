"""What phones encrypt themselves and no node opens: DTLS, ZRTP, keys of other kinds."""

# What shows that phones make keys between themselves (RFC 6189, RFC 5763).
OWN_KEYS = (b"zrtp-hash", b"fingerprint")


def is_dtls(stream):
    """Tell whether the phones make their keys by DTLS (RFC 5764)."""
    return stream.proto[:8].upper() == b"UDP/TLS/"


def is_sealed(stream):
    """Tell whether a stream is encrypted in a way that only the phones themselves can open."""
    return is_dtls(stream) or (b"/SAVP" in stream.proto and not stream.attributes(b"crypto"))


def is_keyed(description, stream):
    """Tell whether a sealed stream says how the phones make its keys; else it is sealed in name."""
    names = OWN_KEYS + (b"key-mgmt",)
    return is_sealed(stream) and bool(
        [name for name in names if _values(description, stream, name)]
    )


def make_own_keys(described, index):
    """Tell whether the phones encrypt a stream between themselves, by what both have described."""
    streams = [one.streams[index] for one in described]
    if is_dtls(streams[0]) or is_dtls(streams[1]):
        prints = [_values(one, one.streams[index], b"fingerprint") for one in described]
        return bool(prints[0] and prints[1])
    for name in OWN_KEYS:
        if not [one for one in described if not _values(one, one.streams[index], name)]:
            return True
    return False


def _values(description, stream, name):
    return stream.attributes(name) + description.head.attributes(name)


def media_lines(description):
    """Return for each stream the octets that keys are bound to: all but address and port.

    A node between the two may lead media through itself without being able to listen; what phones
    say of keys of their own is bound too.
    """
    lines = []
    for stream in description.streams:
        if not stream.port:
            lines.append(stream.kind + b" off")
            continue
        words = [stream.kind, stream.proto] + stream.formats
        for name in OWN_KEYS:
            words += [name + b":" + value for value in _values(description, stream, name)]
        lines.append(b" ".join(words))
    return lines
