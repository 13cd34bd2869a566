"""Notes -> standard error or syslog: rate limited, one line each, no control characters."""

import sys
import time

LEVELS = ("error", "warning", "notice", "info")
# A stranger must not fill the log: this many lines at once, then one each INTERVAL_SECONDS.
BURST = 40
INTERVAL_SECONDS = 0.5
MAX_CHARACTERS = 1000


class Log:
    """Where notes go. write(level, text) puts one line somewhere."""

    def __init__(self, write, level="notice"):
        self.write = write
        self.level = level
        self.credit = BURST
        self.counted_at = time.monotonic()
        self.left_out = 0

    def note(self, effect):
        """Perform a Note."""
        self.say(effect.level, effect.text)

    def say(self, level, text):
        """Write one line, if the level is shown and the rate allows it."""
        if LEVELS.index(level) > LEVELS.index(self.level):
            return
        now = time.monotonic()
        self.credit = min(BURST, self.credit + (now - self.counted_at) / INTERVAL_SECONDS)
        self.counted_at = now
        if self.credit < 1:
            self.left_out += 1
            return
        self.credit -= 1
        if self.left_out:
            self.write("warning", "%d lines were left out" % self.left_out)
            self.left_out = 0
        self.write(level, readable(text))


def readable(text):
    """Return a text as one line without control characters, of bounded length."""
    shown = [letter if letter.isprintable() else "\\x%02x" % ord(letter) for letter in text]
    return "".join(shown[:MAX_CHARACTERS])


def to_stderr(level, text):
    """Write one line with the time to standard error."""
    print(time.strftime("%Y-%m-%d %H:%M:%S"), level + ":", text, file=sys.stderr, flush=True)


def to_syslog():
    """Return the function that writes to the system's log."""
    import syslog  # Only where it is asked for.

    priorities = dict(
        zip(LEVELS, (syslog.LOG_ERR, syslog.LOG_WARNING, syslog.LOG_NOTICE, syslog.LOG_INFO))
    )
    syslog.openlog("bellhop", syslog.LOG_PID, syslog.LOG_DAEMON)
    return lambda level, text: syslog.syslog(priorities[level], text)
