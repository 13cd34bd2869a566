"""UCI text -> the Settings; what is wrong in it is left out, and told with what works all the same.

An option that is not accepted has its default, a section that cannot stand without it is left out,
and so is what names somebody who is not there. What the schema does not know costs a warning only:
the file may be that of a newer version.
"""

from ..sip import uri
from . import codes, grammar, problems
from .problems import Problem
from .schema import MANY, PORTS_OF_A_STREAM, SCHEMA
from .values import Section, Settings, User

# A file of another kind shall not fill the memory with what is wrong in it.
MAX_PROBLEMS = 64
# Groups within groups.
DEEPEST = 8
FORWARDS = ("forward", "forward_always", "forward_busy", "forward_noanswer", "forward_absent")
SECRETS = ("password", "ha1_md5", "ha1_sha256")
LEFT_OUT = "the section is left out"
# What to do about it.
ADVICE = {
    problems.SYNTAX: "correct it: a value with blanks stands in quotes on one line",
    problems.UNKNOWN: "take it out, or install the version that knows it",
    problems.NAMELESS: "give it a name",
    problems.TWICE: "give it another name, or take one of them out",
    problems.TAKEN: "choose another number",
    problems.GONE: "name one who is there, or take it out",
    problems.ITSELF: "name somebody else, or take it out",
}

# kind -> class of its sections.
_classes = {}


def parse(text, name, host="localhost"):
    """Return the Settings in the UCI `text` of the file `name`; what is wrong is in its `problems`.

    host: the domain to use where the file names none.
    """
    return _Reader(text, name).settings(host)


class _Reader:
    def __init__(self, text, name):
        self.octets = text.encode()
        self.name = name
        self.problems = []
        # Section -> Block.
        self.blocks = {}

    def settings(self, host):
        """Return the Settings."""
        blocks, faults = grammar.read(self.octets)
        for at, wrong in faults:
            wrong = "column %d: %s" % (grammar.place_of(self.octets, at)[1], wrong)
            self._add(Problem(problems.SYNTAX, wrong, "the line is left out"), at)
        found = {kind: [] for kind in SCHEMA}
        for block in blocks:
            if block.kind in SCHEMA:
                found[block.kind].append(self._section(block))
            else:
                self._warn(block, "there is no section `config %s` in this version" % block.kind)
        for kind in SCHEMA:
            if kind not in MANY:
                found[kind] = [self._only(kind, found[kind])]
        self._name_domain(found["node"][0], host)
        users, groups = self._named(found["user"], found["group"])
        settings = Settings(SCHEMA["node"], found, users, groups)
        self._fit(settings)
        settings.problems, settings.is_empty = self.problems, not blocks
        return settings

    def _name_domain(self, node, host):
        """Give a node without a domain that of the host; every password depends on it."""
        node.domain = node.domain or host
        for problem in self.problems:
            if (problem.kind, problem.option) == ("node", "domain"):
                problem.works = "the domain is %s" % node.domain

    # What is wrong.

    def _add(self, problem, at):
        line, column = grammar.place_of(self.octets, at)
        problem.place = (self.name, line, column)
        problem.advice = ADVICE.get(problem.what, "")
        where = len(self.problems)
        if where == MAX_PROBLEMS:
            return
        while where and self.problems[where - 1].place[1] > line:
            where -= 1
        self.problems.insert(where, problem)

    def _tell(self, section, problem, option="", value=""):
        """Note a problem of a section, or of one of its options; value: which of several."""
        block = self.blocks[section] if isinstance(section, Section) else section
        at = 0
        if block is not None:
            problem.kind, problem.title, problem.index = block.kind, block.title, block.index
            at = block.at
            for text, place in block.options.get(option, ()):
                if value in ("", text):
                    at = place
        problem.option, problem.value = option, "***" if option in SECRETS else value
        self._add(problem, at)

    def _warn(self, block, wrong, option="", value=""):
        problem = Problem(problems.UNKNOWN, wrong, "it is not looked at", is_warning=True)
        self._tell(block, problem, option, value)

    # Sections by themselves.

    def _section(self, block):
        options, values = SCHEMA[block.kind], {}
        for name in sorted(block.options):
            texts = [text for text, _ in block.options[name]]
            if name not in options:
                wrong = "`config %s` has no option '%s' in this version"
                self._warn(block, wrong % (block.kind, name), name)
            elif options[name].many:
                accepted = [self._accepted(block, name, text) for text in texts]
                accepted = [value for value in accepted if value is not None]
                if accepted:
                    values[name] = tuple(accepted)
            else:
                value = self._accepted(block, name, texts[-1])
                if value is not None:
                    values[name] = value
        section = _of_kind(block.kind, values)
        self.blocks[section] = block
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
            self._tell(block, Problem(problems.NOT_ACCEPTED, wrong, works), name, text)
            return None

    def _only(self, kind, found):
        """Return the first section of a kind of which there is one."""
        for section in found[1:]:
            wrong = "there is already a section `config %s`" % kind
            self._tell(section, Problem(problems.TWICE, wrong, LEFT_OUT))
        if found:
            return found[0]
        section = _of_kind(kind, {"enabled": False} if kind != "node" else {})
        self.blocks[section] = None
        return section

    def _named(self, users, groups):
        """Return ({name: user}, {name: group}); two that phones cannot tell apart are one."""
        tables, taken = ({}, {}), {}
        both = users + groups
        both.sort(key=lambda section: self.blocks[section].at)
        for section in both:
            section.name = section.name or self._title(section)
            key = uri.key_of(section.name.encode())
            if not section.name:
                wrong = "a %s needs a name: `option name NAME`" % section.kind
                self._tell(section, Problem(problems.NAMELESS, wrong, LEFT_OUT))
            elif key in taken:
                wrong = "the name '%s' is taken by the section in line %d"
                wrong %= (section.name, self._line(taken[key]))
                self._tell(section, Problem(problems.TWICE, wrong, LEFT_OUT), "name")
            else:
                taken[key] = section
                tables[section.kind == "group"][section.name] = section
        return tables

    def _title(self, section):
        title = self.blocks[section].title
        try:
            return SCHEMA[section.kind]["name"].check(title) if title else ""
        except ValueError:
            return ""

    def _line(self, section):
        return grammar.place_of(self.octets, self.blocks[section].at)[0]

    # What must fit together.

    def _fit(self, settings):
        media, pgp = settings.media, settings.pgp
        self._fit_expires(settings)
        if not (settings.sip_port or settings.tls_port or settings.ws_port or settings.wss_port):
            wrong = "no port is left by which a phone could reach this node"
            works = self._defaults(settings, ("sip_port",))
            self._tell(settings.node, Problem(problems.UNFIT, wrong, works), "sip_port")
        if media.port_low + PORTS_OF_A_STREAM > media.port_high + 1:
            wrong = "port_high must be at least port_low + %d" % (PORTS_OF_A_STREAM - 1)
            works = self._defaults(media, ("port_low", "port_high"))
            self._tell(media, Problem(problems.UNFIT, wrong, works), "port_high")
        if pgp.enabled and not (pgp.key and media.enabled):
            wrong = "`option key` must name the key that signs calls"
            if pgp.key:
                wrong = "only calls of `config media` can be signed"
            pgp.enabled = False
            self._tell(pgp, Problem(problems.UNFIT, wrong, "calls are not signed"), "key")
        numbers = [uri.key_of(number.encode()) for number in settings.emergency_number]
        settings.emergency = frozenset([b"sos"] + numbers)
        numbers = [uri.key_of(number.encode()) for number in settings.reserved_number]
        settings.reserved = frozenset(numbers)
        self._fit_codes(settings)
        self._fit_names(settings)
        self._fit_contacts(settings)
        if settings.responders and uri.key_of(settings.responders.encode()) not in settings.names:
            wrong = "responders '%s' is no user or group" % settings.responders
            works = "calls for help ring nobody on this node"
            settings.responders = ""
            self._tell(settings.node, Problem(problems.GONE, wrong, works), "responders")
        for name in sorted(settings.users):
            self._fit_user(settings, settings.users[name])
        for name in sorted(settings.groups):
            self._fit_members(settings, settings.groups[name])
        for name in sorted(settings.groups):
            self._fit_rings(settings, settings.groups[name])
            self._fit_forward(settings, settings.groups[name], "overflow")

    def _fit_codes(self, settings):
        section = settings.features
        changes = {feature: getattr(section, feature) for feature in codes.FEATURES}
        changes = {feature: code for feature, code in changes.items() if code}
        try:
            settings.codes = codes.table(section.style, changes)
        except ValueError as error:
            settings.codes = codes.table(section.style, {})
            works = "the codes are those of the style %s" % section.style
            self._tell(section, Problem(problems.UNFIT, str(error), works), sorted(changes)[0])

    def _fit_expires(self, settings):
        least, usual, most = names = ("min_expires", "default_expires", "max_expires")
        if settings.min_expires <= settings.default_expires <= settings.max_expires:
            return
        if settings.min_expires <= settings.max_expires:
            fitting = max(settings.min_expires, min(settings.default_expires, settings.max_expires))
            settings.default_expires = fitting
            works = "default_expires is %d" % fitting
        else:
            works = self._defaults(settings, names)
        given = self.blocks[settings.node].options
        option = usual if usual in given else most if most in given else least
        wrong = ", ".join(names) + " must rise in this order"
        self._tell(settings.node, Problem(problems.UNFIT, wrong, works), option)

    def _defaults(self, section, names):
        """Give options of a section, or of the Settings, their defaults; return words for that."""
        options = SCHEMA["node" if isinstance(section, Settings) else section.kind]
        for name in names:
            setattr(section, name, options[name].default)
        return ", ".join(["%s is %d" % (name, options[name].default) for name in names])

    def _fit_names(self, settings):
        """Note what may be dialled: names first, then numbers, each for the first who has it."""
        sections = list(settings.users.values()) + list(settings.groups.values())
        sections.sort(key=lambda section: self.blocks[section].at)
        for section in sections:
            key = uri.key_of(section.name.encode())
            settings.names[key] = section
            if key in settings.emergency:
                wrong = "'%s' is a number for emergency calls" % section.name
                works = "the phone can call; who dials it reaches the responders"
                self._tell(section, Problem(problems.TAKEN, wrong, works), "name")
        for section in sections:
            if section.extension and not self._may_have(settings, section, "extension"):
                section.extension = ""
            section.alias = tuple(
                [one for one in section.alias if self._may_have(settings, section, "alias", one)]
            )

    def _may_have(self, settings, section, option, number=""):
        """Give a number to a section, or tell why it does not get it."""
        number = number or section.extension
        key = uri.key_of(number.encode())
        other = settings.names.setdefault(key, section)
        wrong = self._reserved(settings, key, number)
        if not wrong and other is section:
            return True
        if other is section:
            del settings.names[key]
        elif not wrong:
            wrong = "'%s' is already used by the section in line %d" % (number, self._line(other))
        works = "%s '%s' does without it" % (section.kind, section.name)
        self._tell(section, Problem(problems.TAKEN, wrong, works), option, number)
        return False

    def _reserved(self, settings, key, number):
        """Return why nobody can have a number, "" where one can."""
        if key in settings.emergency:
            return "'%s' is a number for emergency calls" % number
        if codes.read(settings.codes, key) is not None:
            return "'%s' is a feature code" % number
        return ""

    def _fit_contacts(self, settings):
        taken = {}
        for contact in settings.contacts:
            key = uri.key_of(contact.number.encode())
            if not contact.number:
                continue
            wrong = self._reserved(settings, key, contact.number)
            if not wrong and (key in settings.names or key in taken):
                other = self._line(settings.names.get(key) or taken[key])
                wrong = "'%s' is already used by the section in line %d" % (contact.number, other)
            if wrong:
                works = "the contact is in the phone book without a number"
                self._tell(contact, Problem(problems.TAKEN, wrong, works), "number")
                contact.number = ""
            taken.setdefault(key, contact)
        settings.dial_also(())

    def _fit_user(self, settings, user):
        asked = user.algorithm
        if not user.prepare(settings.realm):
            wrong = "user '%s' has no password for %s: give `option password`, or the hashes that "
            wrong = (wrong + "`bellhop hash-password` prints") % (user.name, asked.upper())
            works = "the other hash is used" if user.ha1 else "no phone can register as this user"
            option = "algorithm" if user.ha1 else "password"
            self._tell(user, Problem(problems.NO_PASSWORD, wrong, works), option)
        for option in FORWARDS:
            self._fit_forward(settings, user, option)

    def _fit_forward(self, settings, user, option):
        place = getattr(user, option)
        key = uri.key_of(place.encode())
        if not place or ":" in place:
            return
        problem = None
        if settings.names.get(key) is user:
            wrong = "%s '%s' forwards to itself" % (user.kind, user.name)
            problem = Problem(problems.ITSELF, wrong, "calls are not forwarded")
        elif key not in settings.names and key not in settings.speed_dial:
            wrong = "%s '%s' is no user, group, number or speed dial of this file"
            problem = Problem(problems.GONE, wrong % (option, place), "calls are not forwarded")
        if problem is not None:
            setattr(user, option, "")
            self._tell(user, problem, option)

    def _fit_members(self, settings, group):
        known = [one for one in group.member if self._is_member(settings, one)]
        for member in group.member:
            if member not in known:
                wrong = "the member '%s' is no user or group" % member
                works = "the others of group '%s' ring" % group.name
                if not known:
                    works = "the group '%s' rings nobody" % group.name
                self._tell(group, Problem(problems.GONE, wrong, works), "member", member)
        group.member = tuple(known)

    @staticmethod
    def _is_member(settings, member):
        return ":" in member or member in settings.users or member in settings.groups

    def _fit_rings(self, settings, group):
        """Note who rings for a group: members of its groups too, each once."""
        group.rings, path = [], []
        if not self._gather(settings, group, group.rings, path):
            names = " of ".join([one.name for one in path][::-1])
            wrong = "the groups are members of each other, or too deep: " + names
            self._tell(group, Problem(problems.ITSELF, wrong, "each member rings once"), "member")

    def _gather(self, settings, group, rings, path):
        """Append who rings; return False where a group is its own member, or too deep."""
        if group in path or len(path) == DEEPEST:
            path.append(group)
            return False
        path.append(group)
        fits = True
        for member in group.member:
            inner = settings.groups.get(member)
            if inner is None and member not in rings:
                rings.append(member)
            elif inner is not None and not self._gather(settings, inner, rings, path):
                fits = False
                break
        if fits:
            path.pop()
        return fits


def _of_kind(kind, values):
    """Return a Section; what the file leaves out is an attribute of the class of its kind."""
    if kind not in _classes:
        options = SCHEMA[kind]
        defaults = {name: options[name].default for name in options}
        _classes[kind] = type(kind, (User if kind == "user" else Section,), defaults)
    return _classes[kind](kind, values)
