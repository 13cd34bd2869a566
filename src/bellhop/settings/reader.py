"""UCI text -> the Settings, checked, with file and line in every error.

The grammar is that of OpenWrt's UCI: `config TYPE [NAME]`, `option NAME VALUE`, `list NAME VALUE`,
words bare or quoted, comments from # to the end of the line. What the schema does not name is
refused.
"""

from ..errors import ConfigError
from ..sip import uri
from .grammar import words
from .schema import PORTS_OF_A_STREAM, SCHEMA
from .values import Section, Settings, User

# kind -> class of its sections.
_classes = {}


def parse(text, name, host="localhost"):
    """Return the Settings in the UCI `text` of the file `name`; raises ConfigError.

    host: the domain to use where the file names none.
    """
    alone = {}
    users = {}
    groups = {}
    contacts = []
    named = []
    for section in _sections(text, name):
        if section.kind == "contact":
            contacts.append(section)
        elif section.kind in ("node", "mesh", "media", "pgp"):
            if section.kind in alone:
                problem = "there is already a section `config %s`" % section.kind
                raise ConfigError(section.where, problem)
            alone[section.kind] = section
        else:
            table = users if section.kind == "user" else groups
            if section.name in users or section.name in groups:
                raise ConfigError(section.where, "the name '%s' is taken" % section.name)
            table[section.name] = section
            named.append(section)
    node = alone.get("node") or _of_kind("node", name + ":1", {})
    mesh = alone.get("mesh") or _of_kind("mesh", name + ":1", {"enabled": False})
    media = alone.get("media") or _of_kind("media", name + ":1", {"enabled": False})
    pgp = alone.get("pgp") or _of_kind("pgp", name + ":1", {"enabled": False})
    node.domain = node.domain or host
    settings = Settings(SCHEMA["node"], node, mesh, media, pgp, users, groups, contacts)
    _check(settings, named, node.where)
    return settings


def _check(settings, named, where):
    """Refuse what does not fit together; named: users and groups in the order of the file."""
    if not settings.min_expires <= settings.default_expires <= settings.max_expires:
        raise ConfigError(
            where, "min_expires, default_expires, max_expires must rise in this order"
        )
    if settings.media.port_low + PORTS_OF_A_STREAM > settings.media.port_high + 1:
        raise ConfigError(settings.media.where, "port_high must be at least port_low + 3")
    if settings.pgp.enabled and not settings.pgp.key:
        raise ConfigError(settings.pgp.where, "`option key` must name the key that signs calls")
    if settings.pgp.enabled and not settings.media.enabled:
        raise ConfigError(settings.pgp.where, "only calls of `config media` can be signed")
    for section in named:
        for called in [section.name, section.extension] + list(section.alias):
            if not called:
                continue
            key = uri.key_of(called.encode())
            other = settings.names.get(key)
            if other is not None and other is not section:
                problem = "'%s' is already used by the section at %s"
                raise ConfigError(section.where, problem % (called, other.where))
            settings.names[key] = section
    if settings.responders and uri.key_of(settings.responders.encode()) not in settings.names:
        raise ConfigError(where, "responders '%s' is no user or group" % settings.responders)
    settings.emergency = frozenset(
        [b"sos"] + [uri.key_of(number.encode()) for number in settings.emergency_number]
    )
    for section in named:
        if section.kind == "user":
            section.prepare(settings.realm)
            _check_forward(settings, section)
            continue
        for member in section.member:
            if member not in settings.users:
                raise ConfigError(section.where, "the member '%s' is not a user" % member)


def _check_forward(settings, user):
    wanted = uri.key_of(user.forward.encode())
    if not wanted or ":" in user.forward:
        return
    if wanted not in settings.names and wanted not in settings.speed_dial:
        problem = "forward '%s' is no user, group, number or speed dial of this file"
        raise ConfigError(user.where, problem % user.forward)
    if settings.names.get(wanted) is user:
        raise ConfigError(user.where, "user '%s' forwards to itself" % user.name)


def _sections(text, name):
    """Return the Sections of the text, in order."""
    sections = []
    opened = None
    for number, line in enumerate(text.split("\n")):
        where = "%s:%d" % (name, number + 1)
        found = words(line, where)
        if not found or found[0] == "package":
            continue
        if found[0] == "config":
            if len(found) not in (2, 3) or found[1] not in SCHEMA:
                raise ConfigError(where, "expected `config TYPE`, TYPE one of " + _join(SCHEMA))
            if opened is not None:
                sections.append(_section(*opened))
            opened = found[1], where, (found + [""])[2], {}
        elif found[0] not in ("option", "list") or len(found) != 3:
            raise ConfigError(
                where, "expected `config TYPE`, `option NAME VALUE` or `list NAME VALUE`"
            )
        elif opened is None:
            raise ConfigError(where, "an option stands before the first `config` line")
        else:
            _set(opened[3], opened[0], found, where)
    if opened is not None:
        sections.append(_section(*opened))
    return sections


def _of_kind(kind, where, values):
    """Return a Section; what the file leaves out is an attribute of the class of its kind."""
    if kind not in _classes:
        options = SCHEMA[kind]
        defaults = {name: options[name].default for name in options}
        _classes[kind] = type(kind, (User if kind == "user" else Section,), defaults)
    return _classes[kind](kind, where, values)


def _section(kind, where, title, values):
    section = _of_kind(kind, where, values)
    if kind in ("user", "group"):
        section.name = section.name or title
        if not section.name:
            raise ConfigError(where, "a %s needs a name: `option name NAME`" % kind)
    return section


def _set(values, kind, words, where):
    _, name, text = words
    option = SCHEMA[kind].get(name)
    if option is None:
        accepted = _join(SCHEMA[kind])
        raise ConfigError(
            where, "`config %s` has no option '%s'; it has %s" % (kind, name, accepted)
        )
    try:
        value = option.check(text)
    except ValueError as error:
        problem = "option '%s': '%s' is not accepted; accepted is %s (%s)"
        shown = "***" if name == "password" or name.startswith("ha1_") else text
        raise ConfigError(where, problem % (name, shown, error.args[0], option.help)) from None
    if option.many:
        values[name] = values.get(name, ()) + (value,)
    else:
        values[name] = value


def _join(names):
    return ", ".join(sorted(names))
