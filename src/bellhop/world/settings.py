"""Reads the configuration file."""

from ..errors import ConfigError
from .system import sockets


def read_settings(path):
    """Return the Settings in a file; raises ConfigError."""
    try:
        with open(path, "rb") as file:
            text = file.read().decode()
    except OSError as error:
        raise ConfigError(path, "cannot be read: %s" % sockets.reason(error)) from None
    except UnicodeError:
        raise ConfigError(path, "is not text in UTF-8") from None
    from ..settings import reader  # A node that has read its file need not hold what reads it.

    return reader.parse(text, path)
