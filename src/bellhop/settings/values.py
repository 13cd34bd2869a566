"""The settings of a node as checked plain values; reader.py makes them of a file."""

from ..errors import ConfigError
from ..sip import digest, uri


class Section:
    """One checked section: an attribute for each option of its type, `kind`, and `where`."""

    def __init__(self, kind, where, values):
        self.kind = kind
        self.where = where
        for name in values:
            setattr(self, name, values[name])


class User(Section):
    """A user. ha1: algorithm -> hex, only hashes; algorithm: the one to ask for."""

    def prepare(self, realm):
        """Turn the options into what the registrar needs; the clear password is forgotten."""
        self.ha1, self.spelled = {}, {}
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
        self.algorithm = digest.SHA256 if self.algorithm == "sha256" else digest.MD5
        if self.algorithm not in self.ha1:
            raise ConfigError(
                self.where,
                "user '%s' has no password for %s: give `option password`, or the hashes that "
                "`bellhop hash-password` prints" % (self.name, self.algorithm.decode()),
            )

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
        return self.spelled.get((algorithm, username)) or self.ha1.get(algorithm)


class Settings:
    """All settings. An attribute for each option of `config node`, and:

    users, groups: name -> section. names: what may be dialled (bytes) -> section.
    contacts: sections; speed_dial: number (bytes) -> URI (bytes). mesh, media, pgp: sections.
    domain, domains: bytes, lower case. realm: bytes.
    """

    def __init__(self, options, node, mesh, media, pgp, users, groups, contacts):
        for name in options:
            setattr(self, name, getattr(node, name))
        self.domain = node.domain.encode()
        self.realm = self.domain
        self.domains = frozenset([self.domain] + [name.encode() for name in node.alias_domain])
        self.users = users
        self.groups = groups
        self.names = {}
        self.mesh = mesh
        self.media = media
        self.pgp = pgp
        self.contacts = contacts
        self.dial_also(())

    def called(self):
        """Return the users, then the groups, each sorted by name."""
        return [self.users[one] for one in sorted(self.users)] + [
            self.groups[one] for one in sorted(self.groups)
        ]

    def dial_also(self, entries):
        """Let phones dial the imported `entries`, dicts, besides the contacts, who come first."""
        self.speed_dial = {}
        numbers = [(contact.number, contact.address) for contact in self.contacts]
        for number, address in numbers + [(one["number"], one["address"]) for one in entries]:
            if number and address:
                self.speed_dial.setdefault(uri.key_of(number.encode()), address.encode())
