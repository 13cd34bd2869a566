"""The command line: one that runs a node loads nothing of what is for people, and the reverse."""

from collections import namedtuple

from .. import __version__

# What runs a node; everything else is a matter for people.
OPTIONS, SWITCHES = ("--state", "--config", "--run"), ("--syslog", "--version")
Arguments = namedtuple("Arguments", ("state", "config", "run", "syslog", "version"))


def main(words):
    """Carry out a command line; return the exit status."""
    arguments = _understood(words)
    if arguments is None:
        from . import command

        return command.main(words)
    if arguments.version:
        print("bellhop " + __version__)
        return 0
    from .run import run

    return run(arguments)


def _understood(words):
    """Return the Arguments of a line that runs a node, else None."""
    given = dict.fromkeys(Arguments._fields)
    rest = list(words)
    while rest:
        option, equals, value = rest.pop(0).partition("=")
        if option in SWITCHES and not equals:
            value = True
        elif option not in OPTIONS or not (equals or rest):
            return None
        elif not equals:
            value = rest.pop(0)
        given[option[2:]] = value
    return Arguments(**given)
