"""What the two end nodes of a call sign, and how a signature travels (KEYAGREEMENT.md)."""

import binascii

# RFC 6086: the INFO package of a signature. RFC 3156 section 5: its media type.
PACKAGE = b"bellhop-signature"
CONTENT_TYPE = b"application/pgp-signature"
# RSA with 8192 bits takes 1.5 kB in ASCII armour.
MAX_SIGNATURE_BYTES = 4096

LABEL = b"bellhop call signature 1\n"
ROLES = (b"caller\n", b"callee\n")
BEGIN, END = (b"-----BEGIN PGP SIGNATURE-----", b"-----END PGP SIGNATURE-----")


def statement(role, session_hash):
    """Return the octets that the node of a side signs. role: agreement.CALLER or CALLEE.

    They begin with words of their own, so that no signature of a call is one of anything else, and
    hold nothing that the other side could choose.
    """
    return LABEL + ROLES[role] + binascii.hexlify(session_hash) + b"\n"


def is_signature(body):
    """Tell whether a body looks like one signature in ASCII armour."""
    if len(body) > MAX_SIGNATURE_BYTES or body.count(b"-----BEGIN") != 1:
        return False
    return body.startswith(BEGIN) and body.rstrip().endswith(END)
