"""The settings of a node as checked plain values; reader.py makes them of a file."""

from ..sip import digest, numbers, uri
from .problems import UNREADABLE
from .schema import MANY


class Section:
    """One checked section: an attribute for each option of its type, and `kind`."""

    def __init__(self, kind, values):
        self.kind = kind
        for name in values:
            setattr(self, name, values[name])


class User(Section):
    """A user. ha1: algorithm -> hex, only hashes; algorithm: the one to ask for."""

    def prepare(self, realm):
        """Turn the options into what the registrar needs; the clear password is forgotten.

        Returns whether there is a hash for the algorithm of the options; where there is one for
        another only, phones are asked for that.
        """
        self.ha1, self.spelled, self.logins = {}, {}, {}
        if self.ha1_md5:
            self.ha1[digest.MD5] = self.ha1_md5
        if self.ha1_sha256:
            self.ha1[digest.SHA256] = self.ha1_sha256
        if self.password:
            for algorithm in digest.ALGORITHMS:
                for username in self._spellings(realm):
                    self.spelled[algorithm, username] = digest.ha1(
                        algorithm, username, realm, self.password.encode()
                    )
                self.ha1[algorithm] = self.spelled[algorithm, self.name.encode()]
        self.password = ""
        wanted = digest.SHA256 if self.algorithm == "sha256" else digest.MD5
        self.algorithm = wanted if wanted in self.ha1 or not self.ha1 else list(self.ha1)[0]
        return wanted in self.ha1

    def _spellings(self, realm):
        """Return as whom a phone may log in: a hash is of one spelling, people type several.

        Keyboards of telephones begin with a capital; some phones have one field for the number
        and the account, some add the domain.
        """
        name = self.name
        names = [name, name.lower(), name.upper(), name[:1].upper() + name[1:], self.extension]
        names = [one.encode() for one in names + list(self.alias) if one]
        return names + [names[0] + b"@" + realm]

    def ha1_of(self, algorithm, username):
        """Return HA1 for who calls himself `username` (bytes), or None without a password."""
        login = self.logins.get(username)
        if login is not None:
            return login.get(algorithm)
        return self.spelled.get((algorithm, username)) or self.ha1.get(algorithm)

    def log_in(self, login, ha1):
        """Let a device log in as `login` (bytes) by hashes of its own: algorithm -> hex."""
        self.logins[login] = ha1


class Settings:
    """All settings. An attribute for each option of `config node`, and:

    users, groups: name -> section. names: what may be dialled (bytes) -> section.
    contacts, phones, paging, boxes: sections; speed_dial: number (bytes) -> URI (bytes);
    logins: as whom devices log in (bytes) -> user. features, node, mesh, media, pgp, privacy:
    sections.
    domain, domains: bytes, lower case. realm: bytes. emergency: numbers (bytes) that call for help;
    reserved: those that only pinned nodes may have.
    codes: feature -> its code (codes.table). plan: how telephone numbers are dialled here;
    named: [(number as dialled, octets; name shown)] of the phone book.
    providers, routes, numbers: sections; telephone: section.
    file: its name; problems: what is wrong in it, as problems.Problem; is_empty: no section is.
    """

    def __init__(self, options, found, users, groups):
        """`found`: kind -> sections, of which there is one but for those of schema.MANY."""
        for kind in found:
            setattr(self, MANY.get(kind, kind), found[kind] if kind in MANY else found[kind][0])
        for name in options:
            setattr(self, name, getattr(self.node, name))
        self.domain = self.domain.encode()
        self.realm = self.domain
        self.domains = frozenset([self.domain] + [name.encode() for name in self.alias_domain])
        self.own_domains = self.domains
        self.users = users
        self.groups = groups
        self.names = {}
        self.emergency = self.reserved = frozenset()
        self.codes = {}
        self.plan = numbers.Plan(b"", b"", b"", b"")
        self.problems = []
        self.is_empty = False
        self.file = ""
        self.logins = {}
        self.dial_also(())

    def has_faults(self):
        """Tell whether more than warnings is wrong in the file."""
        return bool([one for one in self.problems if not one.is_warning])

    def is_unread(self):
        """Tell whether the file could not be read, and another is in force in its place."""
        return UNREADABLE in [one.what for one in self.problems]

    def is_nobody(self, name):
        """Tell whether a name is no user's, and no mistake in the file can be why.

        What was kept for the user of that name is forgotten then: another one may have it later.
        A file without any user is a mistake.
        """
        return bool(self.users) and name not in self.users and not self.has_faults()

    def lacks_domain(self):
        """Tell whether the file names a domain that is none."""
        about = [(one.kind, one.option) for one in self.problems]
        return ("node", "domain") in about

    def called(self):
        """Return the users, then the groups, each sorted by name."""
        return [self.users[one] for one in sorted(self.users)] + [
            self.groups[one] for one in sorted(self.groups)
        ]

    def be_also(self, domains):
        """Be reached under these domains besides those of the configuration."""
        self.domains = self.own_domains | domains

    def log_in_also(self, devices):
        """Let devices log in besides those of `config phone`: (user's name, login, hashes)."""
        self.logins = {}
        for user in self.users.values():
            user.logins = {}
        rows = [(one.user, one.login, _hashes(one)) for one in self.phones] + list(devices)
        for name, login, ha1 in rows:
            user, key = self.users.get(name), login.encode()
            if user is not None and key not in self.logins:
                self.logins[key] = user
                user.log_in(key, ha1)

    def take_in(self, users):
        """Let these users be here besides those of the configuration."""
        for user in users:
            self.users[user.name] = user
            for name in (user.name, user.extension):
                self.names.setdefault(uri.key_of(name.encode()), user)

    def account(self, username):
        """Return the user who logs in as `username` (bytes), or None."""
        section = self.logins.get(username) or self.names.get(uri.key_of(username))
        return section if section is not None and section.kind == "user" else None

    def dial_also(self, entries):
        """Let phones dial the imported `entries`, dicts, besides the contacts, who come first."""
        self.speed_dial, self.named = {}, []
        book = [(one.name, one.number, one.address) for one in self.contacts]
        book += [(one.get("display", ""), one["number"], one["address"]) for one in entries]
        for shown, number, address in book:
            if number and address:
                self.speed_dial.setdefault(uri.key_of(number.encode()), address.encode())
            user = address.partition(":")[2].partition("@")[0]
            self.named += [(one.encode(), shown) for one in (number, user) if one and shown]


def _hashes(phone):
    found = {digest.MD5: phone.ha1_md5, digest.SHA256: phone.ha1_sha256}
    return {algorithm: found[algorithm] for algorithm in found if found[algorithm]}
