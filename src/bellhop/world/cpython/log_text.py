"""Texts for the log and the terminal, and where the log goes."""

import sys
import time

MAX_CHARACTERS = 1000


def readable(text):
    """Return a text as one line without control characters, of bounded length."""
    shown = [letter if letter.isprintable() else "\\x%02x" % ord(letter) for letter in text]
    return "".join(shown[:MAX_CHARACTERS])


def traced(error):
    """Return the lines that show where an error was raised, and after which other one.

    Python's own module for it needs numbers of lines, which the modules of a package lack, and
    half a megabyte.
    """
    earlier = None if error.__suppress_context__ else error.__context__
    lines = ["Traceback, the last call at the end:"]
    if earlier is not None:
        lines = traced(earlier) + ["while this was handled:"]
    at = error.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        lines.append("  %s, line %s, in %s" % (code.co_filename, at.tb_lineno, code.co_name))
        at = at.tb_next
    return [*lines, "%s: %s" % (type(error).__name__, error)]


def to_stderr(level, text):
    """Write one line with the time to standard error."""
    try:
        print(time.strftime("%Y-%m-%d %H:%M:%S"), level + ":", text, file=sys.stderr, flush=True)
    except OSError:
        pass  # Nobody reads it any more.


def to_syslog():
    """Return the function that writes to the system's log."""
    import syslog  # Only where it is asked for.

    priorities = {
        "error": syslog.LOG_ERR, "warning": syslog.LOG_WARNING, "notice": syslog.LOG_NOTICE,
        "info": syslog.LOG_INFO,
    }  # fmt: skip
    syslog.openlog("bellhop", syslog.LOG_PID, syslog.LOG_DAEMON)
    return lambda level, text: syslog.syslog(priorities[level], text)
