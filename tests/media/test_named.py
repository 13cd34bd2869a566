"""Calls named by DNSSEC: two houses that know each other by a DNS alone, with a root of its own."""

import contextlib
from pathlib import Path

import pytest

from bellhop.errors import BellhopError
from bellhop.names import enum, keys, statement
from bellhop.shell.mesh import identity, keys_of_people
from tests.mesh.town import PASSWORD, line, wait_until
from tests.support import lab
from tests.system.phones import KINDS
from tests.system.phones.call import connect, hear_each_other

from .ear import last_of, reload, wait_level
from .steps import hang_up, refusal

pytest.importorskip("bellhop.shell.dnssec.unbound_abi", reason="no binding: `make native`")
NUMBER = "+4930555"
DOMAINS = ("a.test", "b.test")
HOSTS = ("10.9.0.1", "10.9.0.2")
TONES = (440, 620)
# The seed of the directory's statement key.
DIRECTORY = b"d" * 32


def txt(owner, seed, floor=0):
    """Return the line of a zone that publishes a key."""
    found = keys.Published(identity.crypto().public_key(seed), floor)
    return f'{owner.decode()}. TXT "{keys.text(found).decode()}"\n'


class Houses:
    """Two nodes, each with a DNS that says the same."""

    def __init__(self, streets, stack, mesh=False, **zones):
        self.town = streets.sounding("named", line(2))
        self.seeds, self.labs = [], []
        for number, node in enumerate(self.town.nodes):
            node.mesh_options = [] if mesh else ["option enabled '0'"]
            node.mesh_options += ["config privacy", "option uniform '0'"]
            node.users = [(f"u{number}", (None, NUMBER)[number] if mesh else None, [])]
            node.node_options = [f"option domain '{DOMAINS[number]}'", "option strangers 'allow'"]
            self.seeds.append(keys_of_people.make(node.state, f"u{number}"))
        for node in self.town.nodes:
            folder = Path(node.folder) / "lab"
            folder.mkdir(parents=True)
            running = stack.enter_context(lab.Lab(folder, self.zones(zones), node.host))
            self.labs.append(running)
            node.media_options = [
                "config dns", f"option anchor '{running.anchor}'",
                f"option root_hints '{running.hints}'", "list directory 'dir.test'",
            ]  # fmt: skip
        self.town.start()

    def zones(self, changed):
        """Return the zones of both houses and of the directory; changed: keys that are others."""
        found = {}
        for number, domain in enumerate(DOMAINS):
            host = HOSTS[number]
            text = f"@ A {host}\n_sip._udp SRV 0 0 5060 {domain}.\n"
            seed = changed.get(f"u{number}", self.seeds[number])
            if seed:
                text += txt(keys.of_address(b"u%d" % number, domain.encode()), seed)
            found[domain.partition(".")[0]] = text
        digits = NUMBER[1:].encode()
        owner = enum.owner(digits, b"e164.dir.test").decode()
        rule = f'{owner}. NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:u1@b.test!" .\n'
        key = keys.base64(identity.crypto().public_key(DIRECTORY)).decode()
        rule += f'_directory TXT "v=bh1; k=ed25519; p={key}; api=https://dir.test"\n'
        found["dir"] = rule + txt(keys.of_number(digits, b"dir.test"), self.seeds[1])
        return found

    def end_dns(self):
        """Let nobody answer any more."""
        for running in self.labs:
            running.__exit__()

    def phones(self, streets):
        """Return a registered phone in each house."""
        made = []
        for number, kind in enumerate(("baresip", "linphone")):
            reason = KINDS[kind].why_unavailable()
            if reason:
                pytest.skip(reason)
            host, node = self.town.phone_host(number, "phone"), self.town.nodes[number]
            phone = KINDS[kind](host, f"{streets.folder}/{len(streets.phones)}", TONES[number])
            streets.phones.append(phone)
            domain = DOMAINS[number]
            phone.register(f"u{number}", PASSWORD, domain, node.lan_address, 5060, "udp", None)
            made.append(phone)
        for phone in made:
            phone.wait_registered()
        return made


@pytest.fixture
def houses(streets):
    if lab.why_not():
        pytest.skip(lab.why_not())
    with contextlib.ExitStack() as stack:
        yield lambda **zones: Houses(streets, stack, **zones)


def test_address_and_number_are_named_on_both_sides(streets, houses):
    built = houses()
    one, two = built.phones(streets)
    for dialled, contact in (("sip:u1@b.test", "u1@b.test"), (NUMBER, NUMBER)):
        connect(one, two, dialled)
        call = wait_level(built.town.nodes[0], "named by DNSSEC")
        assert call["contact"] == contact
        assert wait_level(built.town.nodes[1], "named by DNSSEC")["contact"] == "u0@a.test"
        hear_each_other(one, two)
        hang_up(one, two)
    assert last_of(built.town.nodes[0])["why"][0] == f"{NUMBER} by ENUM (e164.dir.test)"


def test_another_key_in_the_dns_names_nobody(streets, houses):
    built = houses(u1=b"x" * 32)
    one, two = built.phones(streets)
    connect(one, two, "sip:u1@b.test")
    call = wait_level(built.town.nodes[0], "encrypted")
    assert call["named"] == "the far end has not shown a published key"
    assert wait_level(built.town.nodes[1], "named by DNSSEC")
    hang_up(one, two)
    built.town.nodes[0].media_options[:0] = [
        "option encryption 'require'", "option verification 'named'",
    ]  # fmt: skip
    reload(built.town.nodes[0])
    refusal(one, two, "sip:u1@b.test")
    assert "must be named by DNSSEC" in last_of(built.town.nodes[0])["ended_by"]


def test_who_is_called_learns_that_a_caller_was_told_another_key(streets, houses):
    built = houses(u1=b"x" * 32)
    one, two = built.phones(streets)
    caller, called = built.town.nodes
    connect(one, two, NUMBER)
    wait_level(called, "named by DNSSEC")
    hang_up(one, two)
    assert "tells another key of" not in called.log(), "the number's key is the right one"
    connect(one, two, "sip:u1@b.test")
    words = "u0@a.test says that the DNS tells another key of u1@b.test than this house has"
    wait_until(lambda: words in called.log(), "the called house is told")
    assert "tells another key of" not in caller.log()
    hang_up(one, two)


def test_who_must_be_named_and_is_not_published_is_not_called(streets, houses):
    built = houses(u1=None)
    built.town.nodes[0].media_options[:0] = [
        "option encryption 'require'", "option verification 'named'",
    ]  # fmt: skip
    reload(built.town.nodes[0])
    one, two = built.phones(streets)
    words = refused_at_once(one, "sip:u1@b.test")
    assert words.startswith("488") and "no key is published for it" in words
    assert "what DNSSEC refutes" in refused_at_once(two, "sip:u1@www.bogus.test")
    assert "known neither here nor in the DNS" in refused_at_once(one, "+4930556")


def test_the_owner_sees_what_the_dns_says_of_the_house(houses):
    built = houses(u0=b"y" * 32)
    for node, found in zip(built.town.nodes, ("another key is published", "published")):
        wait_until(lambda node=node: [r for r in rows(node) if r["found"]], "a self-check")
        assert rows(node)[0]["found"] == found
    assert "the DNS says of sip:u0@a.test: another key" in built.town.nodes[0].log()


def test_a_name_whose_key_the_mesh_knows_is_called_in_cells(streets, houses):
    built = houses(mesh=True)
    built.town.wait_reach()
    one, two = built.phones(streets)
    caller, called = built.town.nodes
    wait_until(lambda: "u1" in str(caller.ask("phonebook")), "the book of the other house")
    connect(one, two, "sip:u1@b.test")
    assert wait_level(caller, "named by DNSSEC")["contact"] == "u1@node1"
    hear_each_other(one, two)
    assert wait_level(called, "encrypted")["contact"] == "u0@node0"
    hang_up(one, two)
    assert "key of a person in the mesh, 1 hop" in last_of(caller)["why"]
    kept = [row["contact"] for row in caller.ask("trust")["trust"]]
    assert sorted(kept) == ["u1@b.test", "u1@node1"], "neither goes in clear from now on"
    writer, reader = (streets.handset(built.town, n, domain=DOMAINS[n]) for n in (0, 1))
    writer.ask("MESSAGE", "sip:u1@b.test", ["Content-Type: text/plain"], "in cells too")
    assert reader.incoming("MESSAGE").endswith("in cells too")


def test_a_statement_names_where_no_directory_can_be_asked(streets, houses):
    built = houses(mesh=True)
    one, two = built.phones(streets)
    caller, called = built.town.nodes
    for node in built.town.nodes:
        wait_until(lambda node=node: node.ask("names")["directories"], "a directory", 60)
    crypto = identity.crypto()
    said = statement.Statement(
        b"dir.test", 2**20, crypto.public_key(built.seeds[1]), NUMBER.encode(), 0, b"", b""
    )
    octets = statement.write(said, lambda data: crypto.sign(DIRECTORY, data))
    with pytest.raises(BellhopError, match="no valid statement"):
        called.ask("set-statement", user="u1", statement=keys.base64(octets[:-1]).decode())
    called.ask("set-statement", user="u1", statement=keys.base64(octets).decode())
    for node in built.town.nodes:  # What was learnt outlives a restart, and the DNS is gone.
        node.stop()
    built.end_dns()
    for node in built.town.nodes:
        node.start()
    for node in built.town.nodes:
        wait_until(node.is_up, "the node is back")
    built.town.wait_reach()
    connect(one, two, NUMBER)
    assert wait_level(caller, "named by DNSSEC")["contact"] == "u1@node1"
    hang_up(one, two)


def refused_at_once(phone, target):
    """Dial what leads nowhere; return why, as the phone shows it."""
    phone.dial(target)
    return phone.wait_closed()


def rows(node):
    """Return what a node's verb `names` tells."""
    return node.ask("names")["names"]
