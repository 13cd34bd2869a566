"""Signals as something to read (signalfd(2)): MicroPython has no handlers, and dies of each."""

import struct

from ..world.micropython.sockets import IS_MIPS

SIGHUP, SIGINT, SIGTERM = 1, 2, 15
SIG_BLOCK = 1 if IS_MIPS else 0
SET_BYTES, INFO_BYTES = 128, 128


class Signals:
    """Calls hung_up() on SIGHUP and ended() on SIGTERM and SIGINT, once open() has succeeded."""

    def __init__(self, loop, hung_up, ended):
        self.loop = loop
        self.hung_up = hung_up
        self.ended = ended

    def open(self):
        """Take over the signals; return False where this build of MicroPython cannot."""
        try:
            import ffi  # Not in every build of MicroPython.

            library = ffi.open(None)
        except (ImportError, OSError):
            return False
        chosen = bytearray(SET_BYTES)
        bits = 0
        for number in (SIGHUP, SIGINT, SIGTERM):
            bits |= 1 << number - 1
        struct.pack_into("L", chosen, 0, bits)
        descriptor = library.func("i", "signalfd", "iPi")(-1, chosen, 0)
        if descriptor < 0:
            return False
        library.func("i", "sigprocmask", "iPP")(SIG_BLOCK, chosen, None)
        read = library.func("i", "read", "iPi")
        self.loop.watch(descriptor, lambda events: self._readable(descriptor, read))
        return True

    def _readable(self, descriptor, read):
        info = bytearray(INFO_BYTES)
        read(descriptor, info, INFO_BYTES)
        if struct.unpack_from("I", info)[0] == SIGHUP:
            self.hung_up()
        else:
            self.ended()
