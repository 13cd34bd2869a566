"""Picks the shell: `lite` under MicroPython, else `shell`."""

import sys


def main():
    """Run the command line; return the exit status."""
    if sys.implementation.name == "micropython":
        from .lite.main import main as command
    else:
        from .shell.main import main as command
    return command(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
