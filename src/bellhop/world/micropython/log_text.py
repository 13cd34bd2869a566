"""Texts for the log, and where the log goes."""

import io
import socket
import sys
import time

from .sockets import AF_UNIX, path

MAX_CHARACTERS = 500
DEVICE = "/dev/log"
# Priorities of syslog(3), facility daemon.
PRIORITIES = {"error": 27, "warning": 28, "notice": 29, "info": 30}


def readable(text):
    """Return a text as one line without control characters, of bounded length."""
    text = text[:MAX_CHARACTERS]
    if not [letter for letter in text if not 32 <= ord(letter) < 127]:
        return text
    return "".join([c if 32 <= ord(c) != 127 else "\\x%02x" % ord(c) for c in text])


def traced(error):
    """Return the lines that show where an error was raised."""
    written = io.StringIO()
    sys.print_exception(error, written)
    return written.getvalue().rstrip().split("\n")


def to_stderr(level, text):
    """Write one line with the time to standard error."""
    now = time.localtime()[:6]
    try:
        sys.stderr.write("%04d-%02d-%02d %02d:%02d:%02d %s: %s\n" % (now + (level, text)))
    except OSError:
        pass  # Nobody reads it any more.


def to_syslog():
    """Return the function that writes to the system's log; raises OSError where it has none."""
    device = socket.socket(AF_UNIX, socket.SOCK_DGRAM)
    device.setblocking(False)
    device.connect(path(DEVICE))

    def write(level, text):
        try:
            device.send(("<%d>bellhop: %s" % (PRIORITIES[level], text)).encode())
        except OSError:
            to_stderr(level, text)  # The log is full or starts anew; procd has this too.

    return write
