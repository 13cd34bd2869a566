"""bellhop: a telephone network without a telephone company."""

__version__ = "0.1.0"
