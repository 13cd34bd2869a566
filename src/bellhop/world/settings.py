"""Reads the configuration file; what cannot be read at all is the last one that was good."""

from ..errors import ConfigError
from .system import files, sockets

# A copy of the last configuration that was good, beside the state.
KEPT = "/config.good"


def read_settings(path, kept=None, more=""):
    """Return the Settings in a file; what is wrong in it is in their `problems`.

    more: sections that stand behind those of the file.

    kept: path of a copy of the last good file, which is in force where there is nothing in this
    one; raises ConfigError where neither can be read.
    """
    from ..settings import problems, reader  # A node that has read its file need not hold them.

    problem = settings = None
    try:
        octets = _octets(path)
        settings = reader.parse(_text(octets) + more, path)
        if kept is not None and settings.lacks_domain() and files.exists(kept):
            # Every password hash is of one domain: another would take all phones away.
            domain = reader.parse(_text(_octets(kept)), kept).domain.decode()
            settings = reader.parse(_text(octets) + more, path, domain)
    except OSError as error:
        wrong = "cannot be read: " + sockets.reason(error)
        problem = problems.Problem(problems.UNREADABLE, wrong)
    else:
        if not settings.is_empty:
            if kept is not None and not settings.has_faults():
                _keep(kept, octets)
            return settings
        problem = problems.Problem(problems.EMPTY, "no section stands in it")
    problem.place = (path, 1, 1)
    try:
        settings = reader.parse(_text(_octets(kept or "")), kept)
        problem.works = "the last good configuration is in force, a copy in " + kept
    except OSError:
        if settings is None:
            raise ConfigError(path, problem.wrong) from None
        problem.works = "no phone has an account"
    settings.problems.insert(0, problem)
    return settings


def checked(path):
    """Return (lines that tell what is wrong in a file, is it good); raises ConfigError."""
    settings = read_settings(path)
    lines = [("warning: " if one.is_warning else "") + str(one) for one in settings.problems]
    is_good = not settings.has_faults()
    counts = "%d users, %d groups" % (len(settings.users), len(settings.groups))
    return lines + ["%s %s: %s" % (path, "is good" if is_good else "has faults", counts)], is_good


def _octets(path):
    with open(path, "rb") as file:
        return file.read()


def _text(octets):
    """Return octets as text; a line that is no UTF-8 is of use all the same."""
    try:
        text = octets.decode()
    except UnicodeError:
        text = "\n".join([_line(line) for line in octets.split(b"\n")])
    return text[1:] if text[:1] == "\ufeff" else text


def _line(octets):
    try:
        return octets.decode()
    except UnicodeError:
        return "".join([chr(octet) if octet < 128 else "\ufffd" for octet in octets])


def _keep(path, octets):
    """Keep a copy of a good file, written only where it differs."""
    try:
        if files.exists(path) and _octets(path) == octets:
            return
        files.replace(path, [octets])
    except OSError:
        pass  # A flash that cannot be written is told of by the store.
