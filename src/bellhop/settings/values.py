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
    """A user. ha1: algorithm -> hex, only hashes; digest_algorithm: the one to ask for."""

    def prepare(self, realm):
        """Turn the options into what the registrar needs; the clear password is forgotten."""
        self.ha1 = {}
        if self.ha1_md5:
            self.ha1[digest.MD5] = self.ha1_md5
        if self.ha1_sha256:
            self.ha1[digest.SHA256] = self.ha1_sha256
        if self.password:
            for algorithm in digest.ALGORITHMS:
                self.ha1[algorithm] = digest.ha1(
                    algorithm, self.name.encode(), realm, self.password.encode()
                )
        self.password = ""
        self.algorithm = digest.SHA256 if self.algorithm == "sha256" else digest.MD5
        if self.algorithm not in self.ha1:
            raise ConfigError(
                self.where,
                "user '%s' has no password for %s: give `option password`, or the hashes that "
                "`bellhop hash-password` prints" % (self.name, self.algorithm.decode()),
            )


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
