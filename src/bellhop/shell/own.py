"""Commands that have a way of their own: their arguments come from files or the terminal."""

from ..errors import BellhopError
from ..text import of_file
from ..world.rows import ROWS

# What the verbs of the node say of themselves.
HELP = {row.verb: row.help for row in ROWS}


class Own:
    """One such command. words: its help, None for that of the verb; work: what it does, a function
    of its arguments that returns the exit status; arguments: (name, how argparse takes it)."""

    def __init__(self, verb, words, work, *arguments):
        self.verb, self.words, self.work = verb, words or HELP[verb], work
        self.arguments = arguments

    def add(self, verbs, shared):
        """Add it to a command line."""
        made = verbs.add_parser(self.verb, parents=[shared], help=self.words)
        for name, how in self.arguments:
            made.add_argument(name, **how)
        made.set_defaults(work=self.work, accepted=())


def file(words, count=None):
    """Return the argument that names a file."""
    return "file", {"metavar": "FILE", "nargs": count, "help": words}


def text_in(path):
    """Return what stands in a file; raises BellhopError."""
    try:
        with open(path, "rb") as file:
            return of_file(file.read())
    except OSError as error:
        raise BellhopError("cannot read %s: %s" % (path, error)) from None
