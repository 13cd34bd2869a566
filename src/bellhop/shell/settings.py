"""Reads the configuration file."""

from .. import config
from ..errors import ConfigError


def read_settings(path):
    """Return the Settings in a file; raises ConfigError."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        raise ConfigError(path, "cannot be read: %s" % error.strerror) from None
    except UnicodeDecodeError:
        raise ConfigError(path, "is not text in UTF-8") from None
    return config.parse(text, path)
