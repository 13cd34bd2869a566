"""Every option with its default and what it is for, as UCI text: what `bellhop options` prints."""

from .schema import MANY, SCHEMA

HEAD = """\
# Every option of /etc/config/bellhop, with the value that holds while its line is
# not there. LuCI drops comments when it saves: this list is in the program."""


def lines():
    """Return the lines of the list."""
    found = HEAD.split("\n")
    for kind in sorted(SCHEMA):
        many = "  # as many as you like" if kind in MANY else ""
        found += ["", "config %s%s" % (kind, many)]
        for name in sorted(SCHEMA[kind]):
            option = SCHEMA[kind][name]
            found.append("\t# " + option.help)
            for value in option.default if option.many and option.default else [option.default]:
                word = "list" if option.many else "option"
                found.append("\t#%s %s '%s'" % (word, name, _written(value)))
    return found


def _written(value):
    if value in (True, False):
        return "1" if value else "0"
    return str(value) if value else ""
