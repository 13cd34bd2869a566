"""The settings of a node as checked plain values; uci.py reads them from a file."""

from .errors import ConfigError
from .sip import digest, uri

HEX = "0123456789abcdef"


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


def is_number(text):
    """Tell whether text is digits; isdigit() of CPython takes more letters for such."""
    return 0 < len(text) < 10 and not [letter for letter in text if letter not in "0123456789"]


def address_octets(text):
    """Return the 4 or 16 octets of an IP address in text form, or None."""
    if ":" not in text:
        parts = text.split(".")
        if len(parts) != 4 or [p for p in parts if not is_number(p) or int(p) > 255]:
            return None
        return bytes([int(part) for part in parts])
    head, gap, tail = text.partition("%")[0].partition("::")  # Without its zone.
    left = head.split(":") if head else []
    right = tail.split(":") if tail else []
    missing = 8 - len(left) - len(right)
    if missing < 0 or (missing and not gap) or "::" in tail:
        return None
    octets = b""
    for group in left + ["0"] * missing + right:
        if not 0 < len(group) < 5 or [c for c in group.lower() if c not in HEX]:
            return None
        octets += bytes([int(group, 16) >> 8, int(group, 16) & 255])
    return octets


def parse(text, name, host="localhost"):
    """Return the Settings in the UCI `text` of the file `name`; raises ConfigError.

    host: the domain to use where the file names none.
    """
    from . import uci  # A node that has read its file need not hold what reads it.

    return uci.parse(text, name, host)
