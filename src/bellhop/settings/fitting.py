"""What must fit together in the Settings: names, numbers, references, times, ports.

What does not is left out or has its default, and is noted with what works all the same.
"""

from ..sip import numbers, uri
from . import codes, problems
from .presets import PRESETS
from .problems import Problem
from .schema import PORTS_OF_A_STREAM, SCHEMA
from .values import Settings

# Groups within groups.
DEEPEST = 8
USED = "'%s' is already used by the section in line %d"
FORWARDS = ("forward", "forward_always", "forward_busy", "forward_noanswer", "forward_absent")


def fit(settings, notes):
    """Let Settings fit together; what does not is in the Notes."""
    _Fitting(settings, notes).fit()


class _Fitting:
    def __init__(self, settings, notes):
        self.settings = settings
        self.notes = notes

    def fit(self):
        settings = self.settings
        self._fit_expires()
        self._fit_ports()
        self._fit_signing()
        settings.emergency = _keys(settings.emergency_number) | frozenset([b"sos"])
        settings.reserved = _keys(settings.reserved_number)
        self._fit_codes()
        names = _Names(settings, self.notes)
        names.fit()
        self._fit_responders()
        self._fit_telephone()
        names.fit_people()
        self._fit_boxes()

    def _fit_boxes(self):
        settings, taken = self.settings, {}
        for box in settings.boxes:
            box.name = box.name or self.notes.blocks[box].title
            wrong, option = "", "user"
            if not box.name or box.name in taken:
                wrong, option = "a box needs a name of its own: `option name NAME`", "name"
            elif uri.key_of(box.user.encode()) not in settings.names:
                wrong = "a box for '%s', who is no user or group" % box.user
            if wrong:
                problem = Problem(problems.GONE, wrong, "the box is left out")
                self.notes.tell(box, problem, option)
                continue
            taken[box.name] = box
            if box.contact and box.contact not in [one.name for one in settings.contacts]:
                wrong = "the contact '%s' is not there" % box.contact
                problem = Problem(problems.GONE, wrong, "nobody can call the box")
                self.notes.tell(box, problem, "contact")
        settings.boxes = list(taken.values())

    def _fit_ports(self):
        settings, media = self.settings, self.settings.media
        if not (settings.sip_port or settings.tls_port or settings.ws_port or settings.wss_port):
            wrong = "no port is left by which a phone could reach this node"
            works = self._defaults(settings, ("sip_port",))
            self.notes.tell(settings.node, Problem(problems.UNFIT, wrong, works), "sip_port")
        if media.port_low + PORTS_OF_A_STREAM > media.port_high + 1:
            wrong = "port_high must be at least port_low + %d" % (PORTS_OF_A_STREAM - 1)
            works = self._defaults(media, ("port_low", "port_high"))
            self.notes.tell(media, Problem(problems.UNFIT, wrong, works), "port_high")

    def _fit_signing(self):
        pgp = self.settings.pgp
        if pgp.enabled and not (pgp.key and self.settings.media.enabled):
            wrong = "`option key` must name the key that signs calls"
            if pgp.key:
                wrong = "only calls of `config media` can be signed"
            pgp.enabled = False
            self.notes.tell(pgp, Problem(problems.UNFIT, wrong, "calls are not signed"), "key")

    def _fit_responders(self):
        settings = self.settings
        if settings.responders and uri.key_of(settings.responders.encode()) not in settings.names:
            wrong = "responders '%s' is no user or group" % settings.responders
            works = "calls for help ring nobody on this node"
            settings.responders = ""
            self.notes.tell(settings.node, Problem(problems.GONE, wrong, works), "responders")

    def _fit_telephone(self):
        settings, place = self.settings, self.settings.telephone
        fields = (place.country, place.area, place.international, place.national)
        digits = [numbers.digits_of(one.encode()).lstrip(b"+") for one in fields]
        settings.plan = numbers.Plan(*digits)
        taken = {}
        for provider in settings.providers:
            self._fit_provider(provider, taken)
        settings.providers = [one for one in settings.providers if taken.get(one.name) is one]
        for section, option in self._ringing():
            name = getattr(section, option)
            if name and uri.key_of(name.encode()) not in settings.names:
                wrong = "%s '%s' is no user or group" % (option, name)
                setattr(section, option, "")
                works = "calls by the provider that would ring there ring nobody"
                self.notes.tell(section, Problem(problems.GONE, wrong, works), option)
        for route in settings.routes:
            for name in route.provider:
                if name not in taken:
                    wrong = "there is no provider '%s'" % name
                    problem = Problem(problems.GONE, wrong, "it is not asked")
                    self.notes.tell(route, problem, "provider", name)

    def _ringing(self):
        """Return (section, option) of all that name who rings for a call by a provider."""
        found = [(one, "ring") for one in self.settings.providers + [self.settings.sms]]
        for one in self.settings.numbers:
            found += [(one, "ring"), (one, "otherwise")]
        return found

    def _fit_provider(self, provider, taken):
        """Give a provider its name and what its preset says; note it in `taken`."""
        block = self.notes.blocks[provider]
        preset = PRESETS.get(provider.preset, {})
        for option in preset:
            if option not in block.options:
                setattr(provider, option, preset[option])
        provider.name = provider.name or block.title or provider.preset
        wrong = ""
        if not provider.name:
            wrong = "a provider needs a name: `option name NAME`"
        elif provider.name in taken:
            wrong = "the name '%s' stands twice" % provider.name
        elif not provider.domain or (provider.register and not provider.username):
            wrong = "provider '%s' needs `option domain` and `option username`" % provider.name
        if wrong:
            problem = Problem(problems.UNFIT, wrong, "the provider is left out")
            self.notes.tell(provider, problem, "domain")
            return
        taken[provider.name] = provider

    def _fit_codes(self):
        settings = self.settings
        section = settings.features
        changes = {feature: getattr(section, feature) for feature in codes.FEATURES}
        changes = {feature: code for feature, code in changes.items() if code}
        try:
            settings.codes = codes.table(section.style, changes)
        except ValueError as error:
            settings.codes = codes.table(section.style, {})
            works = "the codes are those of the style %s" % section.style
            self.notes.tell(section, Problem(problems.UNFIT, str(error), works), sorted(changes)[0])

    def _fit_expires(self):
        settings = self.settings
        least, usual, most = names = ("min_expires", "default_expires", "max_expires")
        if settings.min_expires <= settings.default_expires <= settings.max_expires:
            return
        if settings.min_expires <= settings.max_expires:
            fitting = max(settings.min_expires, min(settings.default_expires, settings.max_expires))
            settings.default_expires = fitting
            works = "default_expires is %d" % fitting
        else:
            works = self._defaults(settings, names)
        given = self.notes.blocks[settings.node].options
        option = usual if usual in given else most if most in given else least
        wrong = ", ".join(names) + " must rise in this order"
        self.notes.tell(settings.node, Problem(problems.UNFIT, wrong, works), option)

    def _defaults(self, section, names):
        """Give options of a section, or of the Settings, their defaults; return words for that."""
        options = SCHEMA["node" if isinstance(section, Settings) else section.kind]
        for name in names:
            setattr(section, name, options[name].default)
        return ", ".join(["%s is %d" % (name, options[name].default) for name in names])


class _Names:
    """Who has which name, and whom users and groups name."""

    def __init__(self, settings, notes):
        self.settings = settings
        self.notes = notes

    def fit(self):
        self._fit_names()
        self._fit_contacts()

    def fit_people(self):
        settings = self.settings
        for name in sorted(settings.users):
            self._fit_user(settings.users[name])
        self._fit_phones()
        for name in sorted(settings.groups):
            self._fit_members(settings.groups[name])
        for name in sorted(settings.groups):
            self._fit_rings(settings.groups[name])
            self._fit_forward(settings.groups[name], "overflow")

    def _fit_names(self):
        """Note what may be dialled: names first, then numbers, each for the first who has it."""
        settings = self.settings
        sections = list(settings.users.values()) + list(settings.groups.values())
        sections.sort(key=lambda section: self.notes.blocks[section].at)
        for section in sections:
            key = uri.key_of(section.name.encode())
            settings.names[key] = section
            if key in settings.emergency:
                wrong = "'%s' is a number for emergency calls" % section.name
                works = "the phone can call; who dials it reaches the responders"
                self.notes.tell(section, Problem(problems.TAKEN, wrong, works), "name")
        for section in sections:
            if section.extension and not self._may_have(section, "extension"):
                section.extension = ""
            section.alias = tuple(
                [one for one in section.alias if self._may_have(section, "alias", one)]
            )

    def _may_have(self, section, option, number=""):
        """Give a number to a section, or tell why it does not get it."""
        settings = self.settings
        number = number or section.extension
        key = uri.key_of(number.encode())
        other = settings.names.setdefault(key, section)
        wrong = self._reserved(key, number)
        if not wrong and other is section:
            return True
        if other is section:
            del settings.names[key]
        elif not wrong:
            wrong = "'%s' is already used by the section in line %d" % (
                number,
                self.notes.line(other),
            )
        works = "%s '%s' does without it" % (section.kind, section.name)
        self.notes.tell(section, Problem(problems.TAKEN, wrong, works), option, number)
        return False

    def _reserved(self, key, number):
        """Return why nobody can have a number, "" where one can."""
        settings = self.settings
        if key in settings.emergency:
            return "'%s' is a number for emergency calls" % number
        if codes.read(settings.codes, key) is not None:
            return "'%s' is a feature code" % number
        return ""

    def _fit_contacts(self):
        settings = self.settings
        taken = {}
        for contact in settings.contacts:
            key = uri.key_of(contact.number.encode())
            if not contact.number:
                continue
            wrong = self._reserved(key, contact.number)
            if not wrong and (key in settings.names or key in taken):
                other = self.notes.line(settings.names.get(key) or taken[key])
                wrong = USED % (contact.number, other)
            if wrong:
                works = "the contact is in the phone book without a number"
                self.notes.tell(contact, Problem(problems.TAKEN, wrong, works), "number")
                contact.number = ""
            taken.setdefault(key, contact)
        settings.dial_also(())

    def _fit_user(self, user):
        settings = self.settings
        asked = user.algorithm
        if not user.prepare(settings.realm):
            wrong = "user '%s' has no password for %s: give `option password`, or the hashes that "
            wrong = (wrong + "`bellhop hash-password` prints") % (user.name, asked.upper())
            works = "the other hash is used" if user.ha1 else "no phone can register as this user"
            option = "algorithm" if user.ha1 else "password"
            self.notes.tell(user, Problem(problems.NO_PASSWORD, wrong, works), option)
        for option in FORWARDS:
            self._fit_forward(user, option)

    def _fit_phones(self):
        settings, kept, taken = self.settings, [], {}
        for phone in settings.phones:
            phone.login = phone.login or self.notes.blocks[phone].title
            wrong, option = "", "login"
            if phone.user not in settings.users:
                wrong, option = "a phone of '%s', who is no user" % phone.user, "user"
            elif not phone.login or uri.key_of(phone.login.encode()) in settings.names:
                wrong = "a phone needs a login of its own, that is no name of a user"
            elif phone.login in taken:
                wrong = USED % (phone.login, self.notes.line(taken[phone.login]))
            if wrong:
                problem = Problem(problems.UNFIT, wrong, "this phone cannot log in")
                self.notes.tell(phone, problem, option)
            else:
                taken[phone.login] = phone
                kept.append(phone)
        settings.phones = kept
        settings.log_in_also(())

    def _fit_forward(self, user, option):
        settings = self.settings
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
            self.notes.tell(user, problem, option)

    def _fit_members(self, group):
        known = [one for one in group.member if self._is_member(one)]
        for member in group.member:
            if member not in known:
                wrong = "the member '%s' is no user or group" % member
                works = "the others of group '%s' ring" % group.name
                if not known:
                    works = "the group '%s' rings nobody" % group.name
                self.notes.tell(group, Problem(problems.GONE, wrong, works), "member", member)
        group.member = tuple(known)

    def _is_member(self, member):
        settings = self.settings
        return ":" in member or member in settings.users or member in settings.groups

    def _fit_rings(self, group):
        """Note who rings for a group: members of its groups too, each once."""
        group.rings, circle = [], []
        self._gather(group, group.rings, [], [], circle)
        if circle:
            names = " of ".join([one.name for one in circle][::-1])
            wrong = "the groups are members of each other, or too deep: " + names
            problem = Problem(problems.ITSELF, wrong, "each member rings once")
            self.notes.tell(group, problem, "member")

    def _gather(self, group, rings, path, done, circle):
        """Append who rings; circle: a way by which a group is its own member, or too deep."""
        path = path + [group]
        if group in path[:-1] or len(path) > DEEPEST:
            circle[:] = circle or path
            return
        for member in group.member:
            inner = self.settings.groups.get(member)
            if inner is None and member not in rings:
                rings.append(member)
            elif inner is not None and inner not in done:
                self._gather(inner, rings, path, done, circle)
        done.append(group)


def _keys(numbers):
    return frozenset([uri.key_of(number.encode()) for number in numbers])
