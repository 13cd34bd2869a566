"""Reads the configuration file."""

from .. import config
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
    return config.parse(text, path)
