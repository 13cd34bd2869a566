"""UCI text -> the Settings; what is wrong in it is left out, and told with what works all the same.

An option that is not accepted has its default, a section that cannot stand without it is left out,
and so is what names somebody who is not there. What the schema does not know costs a warning only:
the file may be that of a newer version.
"""

from ..sip import uri
from . import fitting, grammar, problems
from .notes import SECRETS, Notes
from .problems import Problem
from .schema import MANY, SCHEMA
from .values import Section, Settings, User

LEFT_OUT = "the section is left out"
# kind -> class of its sections.
_classes = {}


def parse(text, name, host="localhost"):
    """Return the Settings in the UCI `text` of the file `name`; what is wrong is in its `problems`.

    host: the domain to use where the file names none.
    """
    return _Reader(text, name).settings(host)


class _Reader:
    def __init__(self, text, name):
        self.notes = Notes(text.encode(), name)

    def settings(self, host):
        """Return the Settings."""
        blocks, faults = grammar.read(self.notes.octets)
        for at, wrong in faults:
            wrong = "column %d: %s" % (grammar.place_of(self.notes.octets, at)[1], wrong)
            self.notes.add(Problem(problems.SYNTAX, wrong, "the line is left out"), at)
        found = {kind: [] for kind in SCHEMA}
        for block in blocks:
            if block.kind in SCHEMA:
                found[block.kind].append(self._section(block))
            else:
                wrong = "there is no section `config %s` in this version"
                self.notes.warn(block, wrong % block.kind)
        for kind in SCHEMA:
            if kind not in MANY:
                found[kind] = [self._only(kind, found[kind])]
        self._name_domain(found["node"][0], host)
        users, groups = self._named(found["user"], found["group"])
        settings = Settings(SCHEMA["node"], found, users, groups)
        fitting.fit(settings, self.notes)
        settings.problems, settings.is_empty = self.notes.problems, not blocks
        settings.file = self.notes.name
        return settings

    def _name_domain(self, node, host):
        """Give a node without a domain that of the host; every password depends on it."""
        node.domain = node.domain or host
        for problem in self.notes.problems:
            if (problem.kind, problem.option) == ("node", "domain"):
                problem.works = "the domain is %s" % node.domain

    # Sections by themselves.

    def _section(self, block):
        options, values = SCHEMA[block.kind], {}
        for name in sorted(block.options):
            texts = [text for text, _ in block.options[name]]
            if name not in options:
                wrong = "`config %s` has no option '%s' in this version"
                self.notes.warn(block, wrong % (block.kind, name), name)
            elif options[name].many:
                accepted = [self._accepted(block, name, text) for text in texts]
                accepted = [value for value in accepted if value is not None]
                if accepted:
                    values[name] = tuple(accepted)
            else:
                value = self._accepted(block, name, texts[-1])
                if value is not None:
                    values[name] = value
        section = section_of(block.kind, values)
        self.notes.blocks[section] = block
        return section

    def _accepted(self, block, name, text):
        """Return the value of an option, or None where it is not accepted."""
        option = SCHEMA[block.kind][name]
        try:
            return option.check(text)
        except ValueError as error:
            wrong = "option '%s': '%s' is not accepted; accepted is %s (%s)"
            shown = "***" if name in SECRETS else text
            wrong %= (name, shown, error.args[0], option.help)
            works = "it is left out"
            if not option.many and option.default not in ("", b""):
                works = "its default holds: %s" % option.default
            self.notes.tell(block, Problem(problems.NOT_ACCEPTED, wrong, works), name, text)
            return None

    def _only(self, kind, found):
        """Return the first section of a kind of which there is one."""
        for section in found[1:]:
            wrong = "there is already a section `config %s`" % kind
            self.notes.tell(section, Problem(problems.TWICE, wrong, LEFT_OUT))
        if found:
            return found[0]
        section = section_of(kind, {"enabled": False} if kind != "node" else {})
        self.notes.blocks[section] = None
        return section

    def _named(self, users, groups):
        """Return ({name: user}, {name: group}); two that phones cannot tell apart are one."""
        tables, taken = ({}, {}), {}
        both = users + groups
        both.sort(key=lambda section: self.notes.blocks[section].at)
        for section in both:
            section.name = section.name or self._title(section)
            key = uri.key_of(section.name.encode())
            if not section.name:
                wrong = "a %s needs a name: `option name NAME`" % section.kind
                self.notes.tell(section, Problem(problems.NAMELESS, wrong, LEFT_OUT))
            elif key in taken:
                wrong = "the name '%s' is taken by the section in line %d"
                wrong %= (section.name, self.notes.line(taken[key]))
                self.notes.tell(section, Problem(problems.TWICE, wrong, LEFT_OUT), "name")
            else:
                taken[key] = section
                tables[section.kind == "group"][section.name] = section
        return tables

    def _title(self, section):
        title = self.notes.blocks[section].title
        try:
            return SCHEMA[section.kind]["name"].check(title) if title else ""
        except ValueError:
            return ""


def section_of(kind, values):
    """Return a Section of values; what they leave out is an attribute of the class of its kind."""
    if kind not in _classes:
        options = SCHEMA[kind]
        defaults = {name: options[name].default for name in options}
        _classes[kind] = type(kind, (User if kind == "user" else Section,), defaults)
    return _classes[kind](kind, values)
