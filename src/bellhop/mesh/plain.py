"""What stands for a cipher where hidden meaning is forbidden: signed, and readable by everybody.

On amateur radio the same formats hold; a seal is the octets with a tag behind them, a stream
changes nothing, and other words keep its keys apart from those of sealed links (PROTOCOL.md).
"""

import hashlib

from ..hkdf import equal, hmac

TAG_BYTES = 16


class Plain:
    """The functions of a world.secrets.Crypto that links and circuits need."""

    def __init__(self, crypto):
        self.form, self.base, self.exchange = crypto.form, crypto.base, crypto.exchange

    def seal(self, key, nonce, data, ad):
        """Return data with its tag."""
        return data + hmac(key, nonce + hashlib.sha256(ad).digest() + data)[:TAG_BYTES]

    def unseal(self, key, nonce, sealed, ad):
        """Return the data before a good tag, or None."""
        data = sealed[:-TAG_BYTES]
        return data if equal(self.seal(key, nonce, data, ad), sealed) else None
