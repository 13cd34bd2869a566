"""Real GnuPG at both ends: calls are signed, and what is not well signed is never shown as such."""

import importlib.util
import shutil

import pytest

from tests.media.conftest import contact
from tests.media.ear import last_of, reload, wait_level
from tests.media.rings import Rings
from tests.media.talker import call_up
from tests.mesh.town import line, wait_until
from tests.system.phones.call import connect, hear_each_other

from . import forger, interposer

U0, U2 = "sip:u0@home.test", "sip:u2@10.9.0.2"
JUDGED = ("good", "bad", "missing")


@pytest.fixture
def rings():
    """GnuPG homes, empty."""
    if not shutil.which("gpg-agent"):
        pytest.skip("no gpg-agent (Debian package gnupg)")
    if importlib.util.find_spec("gnupg") is None:
        pytest.skip("no python-gnupg")
    made = Rings()
    yield made
    made.close()


def sign_with(node, home, key, seconds=5):
    """Have a node that is not started sign with a key."""
    node.media_options += ["config pgp", f"option home '{home}'", f"option key '{key}'"]
    node.media_options += [f"option wait_seconds '{seconds}'"]


def judged(node):
    """Wait until a node has judged the other's signature; return its one live call."""

    def is_judged():
        calls = node.ask("calls")["calls"]
        return len(calls) == 1 and (calls[0]["signature"] or "").startswith(JUDGED)

    wait_until(is_judged, f"{node.name} judges a signature")
    return node.ask("calls")["calls"][0]


@pytest.fixture
def far(streets, rings):
    """Return the function that starts node 0, a proxy and node 2, whose ends sign their calls."""

    def build(program=None, policy="prefer", kinds=("ed25519", "ed25519")):
        town = streets.sounding("signed", line(3))
        for node in town.nodes:
            node.mesh_options = ["option enabled '0'"]
            node.node_options = ["list trusted 10.0.0.0/8"]
        one, between, two = town.nodes
        keys = [rings.make(name, kind) for name, kind in zip(("one", "two"), kinds)]
        rings.give("one", "two")
        rings.give("two", "one")
        contact(between, "u2", "sip:u2@10.9.1.3")
        between.program = program or ["-m", "bellhop"]
        # To offer keys at all, the calling node must want encryption; what is bad must not end it.
        wanted = ["encryption 'require'", "verification 'encrypted'"]
        asked = [f"encryption '{policy}'", "verification 'signed'"]
        contact(one, "77", U2, *(asked if policy == "require" else wanted))
        one.media_options.append(f"list pgp '{keys[1]}'")
        contact(two, "", U0, *asked)
        two.media_options.append(f"list pgp '{keys[0]}'")
        for node, name, key in ((one, "one", keys[0]), (two, "two", keys[1])):
            sign_with(node, rings.home(name), key)
        town.start()
        return town, (one, two), keys

    return build


def talk(streets, town):
    """Return a Talker at each end."""
    return streets.talker(town, 0), streets.talker(town, 2)


def hang_up(one, two, call, answer):
    """End a call of Talkers."""
    one.send(one.within(call, "BYE", answer))
    two.reply(two.incoming("BYE"), 200)
    one.final(call, "BYE")


def test_both_ends_of_a_call_of_real_phones_show_that_it_is_signed(streets, rings):
    town = streets.sounding("signed", line(2))
    names = [rings.make("one"), rings.make("two", "rsa3072")]
    rings.give("one", "two")
    rings.give("two", "one")
    for node, name, other in ((town.nodes[0], "one", 1), (town.nodes[1], "two", 0)):
        contact(node, "", f"sip:u{other}@node{other}", "verification 'signed'")
        node.media_options.append(f"list pgp '{names[other]}'")
        sign_with(node, rings.home(name), names[1 - other])
    town.start()
    town.wait_reach()
    ears = [streets.ear(node) for node in town.nodes]
    one, two = streets.phones_of(town, "baresip", "linphone")
    connect(one, two, "201")
    for node, ear, key in zip(town.nodes, ears, reversed(names)):
        call = wait_level(node, "signed")
        assert call["signature"] == "good, by " + key
        assert call["is_enough"]
        assert ear.wait(lambda event: event["event"] == "signature")["what"].startswith("the call")
    for node in town.nodes:
        wait_until(
            lambda node=node: node.ask("calls")["calls"][0]["own_signature"].startswith("taken"),
            "the other node took it",
        )
    hear_each_other(one, two)
    one.hangup()
    two.wait_closed()
    assert [last_of(node)["security"] for node in town.nodes] == ["signed", "signed"]


def test_middle_that_rewrites_keys_is_found_by_the_signatures(streets, far):
    town, ends, _ = far([interposer.__file__, "swap"])
    one, two = streets.phone("baresip", town, 0), streets.phone("linphone", town, 2)
    for phone in (one, two):
        phone.wait_registered()
    connect(one, two, "77")
    for node in ends:
        call = judged(node)
        assert call["security"] == "encrypted"
        assert call["signature"] == "bad, it does not fit the keys of this call"
    one.hangup()
    two.wait_closed()


@pytest.mark.parametrize("mode", ("tamper", "reflect", "replay"))
def test_forged_signatures_are_never_shown_as_good(streets, far, mode):
    town, ends, _ = far([forger.__file__, mode])
    one, two = talk(streets, town)
    dialled = call_up(one, two, "77")
    if mode == "replay":
        for node in ends:
            wait_level(node, "signed")
        hang_up(one, two, *dialled)
        call_up(one, two, "77")
    calls = [judged(node) for node in ends]
    bad = [call for call in calls if call["signature"].startswith("bad, ")]
    assert len(bad) == (1 if mode == "reflect" else 2)
    assert "signed" not in [call["security"] for call in bad]


def test_keys_that_do_not_count(streets, far, rings):
    town, (one, two), keys = far()
    alice, bob = talk(streets, town)

    def called():
        """Make a call; return what node 2 thinks of the signature of node 0."""
        dialled = call_up(alice, bob, "77")
        call = judged(two)
        hang_up(alice, bob, *dialled)
        assert (call["security"] == "signed") == call["signature"].startswith("good")
        return call["signature"]

    assert called() == "good, by " + keys[0]

    other = rings.make("other")
    swap(two, keys[0], other)
    assert called() == f"bad, made by {keys[0]}, which is not set as a key of this contact"
    swap(two, other, keys[0])

    rings.gpg("one", "--import", data=rings.gpg("other", "--export-secret-keys"))
    swap(one, keys[0], other)
    assert called() == "bad, its key is not in the keyring"
    swap(one, other, keys[0])

    rings.revoke("one", keys[0], "two")
    assert called() == "bad, signing key was revoked"

    old = rings.make_expired("old")
    rings.give("old", "two")
    rings.extend("old", old)
    rings.gpg("one", "--import", data=rings.gpg("old", "--export-secret-keys"))
    swap(one, keys[0], old)
    swap(two, keys[0], old)
    assert called() == "bad, signing key has expired"


def swap(node, key, other):
    """Put another fingerprint into the configuration of a running node."""
    node.media_options = [one.replace(key, other) for one in node.media_options]
    reload(node)


def test_call_that_must_be_signed_and_is_not_is_ended(streets, far, rings):
    town, (one, two), _ = far(policy="require")
    alice, bob = talk(streets, town)
    dialled = call_up(alice, bob, "77")
    for node in (one, two):
        wait_level(node, "signed")
    hang_up(alice, bob, *dialled)
    rings.gpg("two", "--delete-keys", "one")
    call = alice.invite("77", alice.description([alice.open()]))
    bob.reply(bob.incoming(), 200, body=bob.description([bob.open()]))
    alice.confirm(call, alice.final(call, "INVITE"))
    for phone in (alice, bob):
        phone.reply(phone.incoming("BYE"), 200)
    words = "ended by this node: the other end's signature is required and is bad"
    wait_until(lambda: last_of(two)["ended_by"] == words, "the call is ended")


def test_key_that_nobody_unlocked_is_told_at_the_start(streets, rings):
    town = streets.sounding("locked", line(2))
    node = town.nodes[0]
    key = rings.make("one", passphrase="long")
    sign_with(node, rings.home("one"), key)
    rings.forget_passphrases("one")
    town.start([0])
    (problem,) = [one for one in node.ask("status")["problems"] if "signed" in one]
    assert "it has a passphrase" in problem
    assert "unlock it" in problem
    wait_until(lambda: problem in node.log(), "the log says so")
