"""Notes -> standard error or syslog: rate limited, one line each, no control characters."""

import socket
import sys
import time

from .sockets import packed_path

LEVELS = ("error", "warning", "notice", "info")
# A stranger must not fill the log: this many lines at once, then one each INTERVAL.
BURST, INTERVAL = (40, 500)
MAX_CHARACTERS = 500
DEVICE = "/dev/log"
# Priorities of syslog(3), facility daemon.
PRIORITIES = {"error": 27, "warning": 28, "notice": 29, "info": 30}


class Log:
    """Where notes go. write(level, text) puts one line somewhere; now(): milliseconds."""

    def __init__(self, write, now):
        self.write = write
        self.now = now
        self.level = "notice"
        self.used = 0
        self.left_out = 0

    def note(self, effect):
        """Perform a Note."""
        self.say(effect.level, effect.text)

    def say(self, level, text):
        """Write one line, if the level is shown and the rate allows it."""
        if LEVELS.index(level) > LEVELS.index(self.level):
            return
        now = self.now()
        used = max(self.used, now - BURST * INTERVAL) + INTERVAL
        if used > now:
            self.left_out += 1
            return
        self.used = used
        if self.left_out:
            self.write("warning", "%d lines were left out" % self.left_out)
            self.left_out = 0
        self.write(level, readable(text))


def readable(text):
    """Return a text as one line without control characters, of bounded length."""
    text = text[:MAX_CHARACTERS]
    if not [letter for letter in text if not 32 <= ord(letter) < 127]:
        return text
    return "".join([c if 32 <= ord(c) != 127 else "\\x%02x" % ord(c) for c in text])


def to_stderr(level, text):
    """Write one line with the time to standard error."""
    now = time.localtime()[:6]
    sys.stderr.write("%04d-%02d-%02d %02d:%02d:%02d %s: %s\n" % (now + (level, text)))


def to_syslog():
    """Return the function that writes to the system's log; raises OSError where it has none."""
    device = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    device.setblocking(False)
    device.connect(packed_path(DEVICE))

    def write(level, text):
        try:
            device.send(("<%d>bellhop: %s" % (PRIORITIES[level], text)).encode())
        except OSError:
            to_stderr(level, text)  # The log is full or starts anew; procd has this too.

    return write
