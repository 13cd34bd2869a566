"""Random octets for the engine."""

import os

ENTROPY_BYTES = 4096


class Entropy:
    """Draws from the kernel 4 kB at a time: a call for each use is dear."""

    def __init__(self):
        self.buffer = b""
        self.used = 0

    def random(self, count):
        """Return `count` octets that were never given before."""
        end = self.used + count
        if end > len(self.buffer):
            self.buffer = os.urandom(max(ENTROPY_BYTES, count))
            self.used, end = 0, count
        start, self.used = self.used, end
        return self.buffer[start:end]
