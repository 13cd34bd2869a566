"""Scenarios between a house and providers over real sockets; each is a function.

    python -m tests.trunks.scenarios

prints them with how each ended. tests/trunks/test_scenarios.py runs them as tests.
"""

import sys
import tempfile
import time
from base64 import b64encode
from pathlib import Path

from tests.trunks.house import House, provider
from tests.trunks.standin import Door, Standin, certificate

# Where `make native` leaves the media library.
NATIVE = str(Path(__file__).resolve().parents[2] / "native" / ".build" / "host")


class Scene:
    """What a scenario stands on: a folder, stand-ins, a house; all end with it."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.things = []
        self.figures = {}
        self.house = None

    def standin(self, name="tel", number=50):
        """Return a provider's host at 127.0.0.NUMBER."""
        made = Standin(name, "127.0.0.%d" % number)
        self.things.append(made)
        return made

    def open(self, *sections, **options):
        """Start the house."""
        self.house = House(self.folder, sections, **options)
        self.things.append(self.house)
        return self.house

    def one(self, more=(), **options):
        """Start a house that is registered at one provider; return (house, provider)."""
        tel = self.standin()
        house = self.open(provider("tel", tel.place, more), **options)
        tel.let_in()
        return house, tel

    def keep(self, thing):
        """Close a thing with the scene; return it."""
        self.things.append(thing)
        return thing

    def close(self):
        for one in reversed(self.things):
            (one.stop if isinstance(one, House) else one.close)()


def registers_and_renews(scene):
    """1. The node registers with its password, is told a short life, and renews before its end."""
    tel = scene.standin()
    tel.expires = 12
    house = scene.open(provider("tel", tel.place))
    first = tel.let_in()
    house.wait_for(lambda: house.row("tel")["is_up"])
    begun = time.monotonic()
    second = tel.wait("REGISTER", 12)
    assert time.monotonic() - begun < 11
    assert second.cseq[0] > first.cseq[0] and second.call_id == first.call_id


def calls_out(scene):
    """2. A phone calls out: 183 with early media, 200, sound, BYE of the house."""
    house, tel = scene.one()
    alice = house.phone("alice").dial("030987654")
    invite = tel.called()
    assert invite.uri == b"sip:+4930987654@tel.test"
    tel.take(invite, 183)
    early = alice.wait(183)
    assert early.body.count(b"m=audio")
    tel.take(invite, 200)
    assert alice.wait("final").status == 200
    alice.say(alice.acknowledge())
    assert tel.wait("ACK").cseq[0] == invite.cseq[0]
    alice.say(alice.within("BYE"))
    tel.take(tel.wait("BYE"))
    assert alice.wait("final").status == 200
    shown = [(one["direction"], one["message"].partition(" ")[0], one["peer"])
             for one in house.ask("trace", call=1)["messages"]]  # fmt: skip
    there, here = "%s port %d" % tel.place, "%s port %d" % alice.socket.getsockname()
    for method in ("INVITE", "ACK", "BYE"):
        assert ("received", method, here) in shown and ("sent", method, there) in shown, shown
    assert {peer for _, _, peer in shown} == {here, there}


def is_called(scene):
    """3. The number of the house is called: bob's phone rings, talks, the provider ends it."""
    house, tel = scene.one()
    bob = house.phone("bob")
    tel.ring(lines=["P-Asserted-Identity: <sip:+4989222@tel.test>"])
    invite = bob.wait("INVITE")
    assert invite.from_.uri.user == b"+4989222"
    tel.talk_to(bob, invite)
    assert tel.hang_up_by(bob).status == 200


def dead_provider_is_passed_over(scene):
    """4. The first of two providers is dead in a call set-up: ring-back comes within 2 s."""
    dead, tel = scene.standin("dead", 50), scene.standin("tel", 51)
    house = scene.open(provider("dead", dead.place), provider("tel", tel.place))
    dead.let_in()
    tel.let_in()
    alice = house.phone("alice").dial("030987654")
    begun = time.monotonic()
    invite = tel.called()
    tel.take(invite, 180)
    alice.wait(180)
    seconds = time.monotonic() - begun
    assert seconds < 2, seconds
    scene.figures["ring-back with a dead provider, s"] = seconds
    tel.take(invite, 200)
    assert alice.wait("final").status == 200
    # What the dead one says when it comes back is taken back.
    late = dead.wait("INVITE")
    dead.take(late, 180)
    assert dead.wait("CANCEL")


def full_provider_is_passed_over(scene):
    """5. The first provider has no line left (503), then its bound is reached: the second calls."""
    full, tel = scene.standin("full", 50), scene.standin("tel", 51)
    house = scene.open(
        provider("full", full.place, ["option channels 1"]), provider("tel", tel.place)
    )
    full.let_in()
    tel.let_in()
    alice, bob = house.phone("alice"), house.phone("bob")
    alice.dial("030987654")
    full.refuse(full.called(), 503)
    tel.take(tel.called(), 200)
    assert alice.wait("final").status == 200
    alice.say(alice.acknowledge())
    alice.hang_up_by(tel)
    alice.dial("030987654")
    full.take(full.wait("INVITE"), 200)
    assert alice.wait("final").status == 200
    bob.dial("030987655")
    tel.take(tel.wait("INVITE"), 200)
    assert bob.wait("final").status == 200
    assert not full.heard("INVITE")


def two_providers_talk_at_once(scene):
    """6. Two trunks at once: a call out by each, and one in by each, at the same time."""
    one, two = scene.standin("one", 50), scene.standin("two", 51)
    route = "config route\n\toption prefix +43\n\tlist provider two\n"
    house = scene.open(provider("one", one.place), provider("two", two.place), route)
    one.let_in()
    two.let_in()
    alice, bob, carol = [house.phone(name) for name in ("alice", "bob", "carol")]
    alice.dial("030987654")
    one.take(one.called(), 200)
    assert alice.wait("final").status == 200
    carol.dial("0043123456")
    two.take(two.called(), 200)
    assert carol.wait("final").status == 200
    for tel in (one, two):
        tel.ring(lines=["P-Asserted-Identity: <sip:+4989%s@x.test>" % tel.place[1]])
        invite = bob.wait("INVITE")
        bob.take(invite, 180)
        assert tel.wait(180)
    assert [house.row(name)["calls"] for name in ("one", "two")] == [2, 2]


def refusals_reach_the_caller(scene):
    """7. Busy, declined and unknown numbers are told to the caller as they are."""
    house, tel = scene.one()
    alice = house.phone("alice")
    for status in (486, 603, 404, 484):
        alice.dial("030987654")
        invite = tel.called() if status == 486 else tel.wait("INVITE")
        tel.refuse(invite, status)
        assert tel.wait("ACK")
        assert alice.wait("final").status == status, status
        alice.say(alice.acknowledge())


def caller_gives_up(scene):
    """8. The caller hangs up while it rings: the provider gets a CANCEL."""
    house, tel = scene.one()
    alice = house.phone("alice").dial("030987654")
    invite = tel.called()
    tel.take(invite, 180)
    alice.wait(180)
    alice.say(alice.cancel())
    cancel = tel.wait("CANCEL")
    tel.refuse(cancel, 200)
    tel.refuse(invite, 487)
    assert alice.wait(487)


def provider_gives_up(scene):
    """9. The provider's caller hangs up while it rings: bob's phone stops."""
    house, tel = scene.one()
    bob = house.phone("bob")
    tel.ring()
    bob.take(bob.wait("INVITE"), 180)
    tel.wait(180)
    tel.say(tel.cancel())
    assert bob.wait("CANCEL")


def transfer_stays_in_the_house(scene):
    """10. A phone transfers its call: the other phone rings, the provider sees a re-INVITE only."""
    house, tel = scene.one()
    alice, carol = house.phone("alice"), house.phone("carol")
    alice.dial("030987654")
    tel.take(tel.called(), 200)
    assert alice.wait("final").status == 200
    alice.say(alice.acknowledge())
    tel.wait("ACK")
    alice.say(
        alice.within("REFER", ["Refer-To: <sip:203@house.test>", "Contact: " + alice.contact])
    )
    assert alice.wait("final").status == 202
    alice.take(alice.wait("NOTIFY"), 200)
    invite = carol.wait("INVITE")
    assert b"referred-by" in invite.names and not invite.body
    carol.take(invite, 180)
    carol.take(invite, 200, body=carol.sdp(4100))
    again = tel.wait("INVITE")
    assert again.to.tag and again.body.count(b"m=audio 4100")
    tel.take(again, 200, body=tel.sdp(5100))
    assert carol.wait("ACK").body.count(b"m=audio 5100")
    assert tel.wait("ACK")
    alice.take(alice.wait("BYE"), 200)
    assert not tel.heard("REFER")
    carol.say(carol.within("BYE"))
    tel.take(tel.wait("BYE"))
    assert carol.wait("final").status == 200


def _two_calls(scene, came=False):
    """Let bob talk by two providers; return (bob, his two dialogs, both providers).

    came: he is called by the first, else he calls by both.
    """
    one, two = scene.standin("one", 50), scene.standin("two", 51)
    route = "config route\n\toption prefix +%d\n\tlist provider %s\n"
    route = route % (49, "one") + route % (43, "two")
    house = scene.open(provider("one", one.place), provider("two", two.place), route)
    one.let_in()
    two.let_in()
    bob = house.phone("bob")
    if came:
        one.ring(lines=["P-Asserted-Identity: <sip:+4989222@one.test>"])
        bob.take(bob.wait("INVITE"), 200)
        assert one.wait("final").status == 200
        one.say(one.acknowledge())
        assert bob.wait("ACK")
        first = bob.dialog
    else:
        first = _talks(bob, one, "030987654")
    return bob, (first, _talks(bob, two, "0043123456")), one, two


def _talks(phone, tel, number):
    phone.dial(number)
    tel.take(tel.called(), 200)
    assert phone.wait("final").status == 200
    phone.say(phone.acknowledge())
    tel.wait("ACK")
    return phone.dialog


def _refer(bob, first, second):
    """Transfer the first call to who is called by the second."""
    bob.dialog = first
    tags = second.remote.partition("tag=")[2], second.local.partition("tag=")[2]
    replaces = "%s%%3Bto-tag%%3D%s%%3Bfrom-tag%%3D%s" % (second.call_id, *tags)
    place = "sip:+43123456@two.test?Replaces=" + replaces
    bob.say(bob.within("REFER", ["Refer-To: <%s>" % place, "Contact: " + bob.contact]))
    assert bob.wait("final").status == 202
    bob.take(bob.wait("NOTIFY"), 200)


def two_providers_are_joined(scene):
    """32. An attended transfer between two providers: re-INVITE to both, the phone is free."""
    _joined(scene, *_two_calls(scene))


def a_call_that_came_is_joined(scene):
    """33. The same, with a call that came in by one of them."""
    _joined(scene, *_two_calls(scene, True))


def _joined(scene, bob, dialogs, one, two):
    first, second = dialogs
    _refer(bob, first, second)
    offered = two.wait("INVITE")
    assert offered.to.tag and not offered.body
    two.take(offered, 200, body=two.sdp(5200))
    moved = one.wait("INVITE")
    assert moved.to.tag and moved.body.count(b"m=audio 5200")
    one.take(moved, 200, body=one.sdp(5100))
    assert one.wait("ACK") and two.wait("ACK").body.count(b"m=audio 5100")
    assert b"200 OK" in bob.wait("NOTIFY").body
    assert {bob.wait("BYE").call_id.decode() for _ in range(2)} == {
        first.call_id, second.call_id,
    }  # fmt: skip
    assert not one.heard("REFER") and not two.heard("REFER")
    # What one provider asks now, the other hears: a hold, and the end.
    two.say(two.within("INVITE", ["Content-Type: application/sdp"], two.sdp() + "a=inactive\r\n"))
    held = one.wait("INVITE")
    assert held.body.count(b"a=inactive")
    one.take(held, 200)
    assert two.wait("final").status == 200
    two.say(two.acknowledge())
    assert one.wait("ACK")
    one.say(one.within("BYE"))
    two.take(two.wait("BYE"))
    assert one.wait("final").status == 200
    scene.house.wait_for(lambda: not [row for row in scene.house.ask("providers")["providers"]
                                      if row["calls"]])  # fmt: skip


def providers_that_are_not_joined(scene):
    """34. A provider refuses to be joined with another: both calls go on as before."""
    bob, (first, second), one, two = _two_calls(scene)
    _refer(bob, first, second)
    two.take(two.wait("INVITE"), 200, body=two.sdp(5200))
    one.refuse(one.wait("INVITE"), 488)
    assert two.wait("ACK").body.count(b"m=audio 4000")
    assert b"488" in bob.wait("NOTIFY").body
    for dialog, tel in ((first, one), (second, two)):
        bob.dialog = dialog
        bob.say(bob.within("BYE"))
        tel.take(tel.wait("BYE"))
        assert bob.wait("final").status == 200
    assert scene.house.row("two")["month"]["calls_out"] == 1


def hold_and_resume(scene):
    """11. Either end holds and resumes the call by re-INVITE."""
    house, tel = scene.one()
    alice = house.phone("alice").dial("030987654")
    tel.take(tel.called(), 200)
    assert alice.wait("final").status == 200
    alice.say(alice.acknowledge())
    tel.wait("ACK")
    held = alice.sdp() + "a=sendonly\r\n"
    alice.say(alice.within("INVITE", ["Content-Type: application/sdp"], held))
    again = tel.wait("INVITE")
    assert again.body.count(b"a=sendonly") and again.cseq[0] > 1
    tel.take(again, 200)
    assert alice.wait("final").status == 200
    alice.say(alice.acknowledge())
    tel.wait("ACK")
    tel.say(tel.within("INVITE", ["Content-Type: application/sdp"], tel.sdp() + "a=inactive\r\n"))
    again = alice.wait("INVITE")
    assert again.body.count(b"a=inactive")
    alice.take(again, 200)
    assert tel.wait("final").status == 200
    tel.say(tel.acknowledge())
    assert alice.wait("ACK")


def reliable_ringing(scene):
    """12. A provider rings reliably (RFC 3262): the phone's PRACK names the provider's INVITE."""
    house, tel = scene.one()
    alice = house.phone("alice").dial("030987654", ["Supported: 100rel"])
    invite = tel.called()
    assert b"100rel" in invite.tokens(b"supported")
    tel.take(invite, 183, ["Require: 100rel", "RSeq: 7"])
    early = alice.wait(183)
    assert early.value(b"rseq") == b"7"
    alice.say(alice.within("PRACK", ["RAck: 7 %d INVITE" % early.cseq[0]]))
    prack = tel.wait("PRACK")
    assert prack.value(b"rack") == b"7 %d INVITE" % invite.cseq[0]
    tel.take(prack, 200)
    assert alice.wait("final").status == 200
    tel.take(invite, 200)
    assert alice.wait("final").status == 200


def session_timers(scene):
    """13. Session timers pass (RFC 4028): the provider refreshes by UPDATE, the phone answers."""
    house, tel = scene.one()
    alice = house.phone("alice").dial("030987654", ["Supported: timer", "Session-Expires: 1800"])
    invite = tel.called()
    assert invite.value(b"session-expires") == b"1800"
    tel.take(invite, 200, ["Require: timer", "Session-Expires: 1800;refresher=uas"])
    answer = alice.wait("final")
    assert answer.value(b"session-expires") == b"1800;refresher=uas"
    alice.say(alice.acknowledge())
    tel.wait("ACK")
    tel.say(tel.within("UPDATE", ["Session-Expires: 1800;refresher=uac", "Supported: timer"]))
    update = alice.wait("UPDATE")
    assert update.value(b"session-expires") == b"1800;refresher=uac"
    alice.take(update, 200, ["Session-Expires: 1800;refresher=uac"])
    assert tel.wait("final").status == 200


def redirections_are_followed_there(scene):
    """14. A 302 to another number of the provider is followed; one to elsewhere is not."""
    house, tel = scene.one()
    alice = house.phone("alice").dial("030987654")
    tel.refuse(tel.called(), 302, ["Contact: <sip:+4930111222@tel.test>"])
    again = tel.wait("INVITE")
    assert again.uri == b"sip:+4930111222@tel.test"
    tel.refuse(again, 302, ["Contact: <sip:+4930111222@evil.test>"])
    assert alice.wait("final").status == 480


def strange_questions(scene):
    """15. A nonce each time, stale, SHA-256; no answer to another realm or a weaker question."""
    tel = scene.standin()
    tel.asks = ("SHA-256", "tel.test")
    house = scene.open(provider("tel", tel.place))
    first = tel.wait("REGISTER")
    tel.ask(first)
    tel.ask(tel.wait("REGISTER"), more=", stale=true")
    proved = tel.wait("REGISTER")
    assert tel.is_proved(proved)
    tel.let_in(proved)
    alice = house.phone("alice").dial("030987654")
    invite = tel.wait("INVITE")
    tel.ask(invite, 407, algorithm="MD5")
    assert alice.wait("final").status == 504
    alice.dial("030987654")
    tel.ask(tel.wait("INVITE"), 407, realm="evil.test")
    assert alice.wait("final").status == 504
    assert "another realm" in house.row("tel")["problem"]
    alice.dial("030987654")
    tel.take(tel.called(), 200)
    assert alice.wait("final").status == 200


def security_agreement(scene):
    """16. 494: the node shows what the provider wants to see again (RFC 3329)."""
    tel = scene.standin()
    scene.open(provider("tel", tel.place))
    tel.refuse(tel.wait("REGISTER"), 494, ["Security-Server: digest;d-alg=MD5;q=0.1"])
    again = tel.wait("REGISTER")
    assert again.value(b"security-verify") == b"digest;d-alg=MD5;q=0.1"
    assert b"sec-agree" in again.tokens(b"require")
    tel.ask(again)
    proved = tel.wait("REGISTER")
    assert tel.is_proved(proved) and proved.value(b"security-verify")
    tel.let_in(proved)


def refused_registrations(scene):
    """17. 423 asks for longer, 503 for another host, 403 is not asked again."""
    one, two = scene.standin("tel", 50), scene.standin("tel", 51)
    text = provider("tel", one.place, ["list proxy 127.0.0.51:%d" % two.place[1]])
    house = scene.open(text)
    one.refuse(one.wait("REGISTER"), 423, ["Min-Expires: 1800"])
    longer = one.wait("REGISTER")
    assert longer.value(b"expires") == b"1800"
    one.refuse(longer, 503, ["Retry-After: 60"])
    two.refuse(two.wait("REGISTER"), 403)
    house.wait_for(lambda: house.row("tel")["state"] == "refused")
    assert "403" in house.row("tel")["problem"]
    assert not one.heard("REGISTER", 2) and not two.heard("REGISTER")


def _answered(scene, lines=()):
    """Let alice talk, with these lines in the provider's 200; return (alice, provider, ACK)."""
    house, tel = scene.one()
    alice = house.phone("alice").dial("030987654")
    tel.take(tel.called(), 200, list(lines))
    assert alice.wait("final").status == 200
    alice.say(alice.acknowledge())
    return alice, tel, tel.wait("ACK")


def _hangs_up(alice, tel):
    alice.say(alice.within("BYE"))
    tel.take(tel.wait("BYE"))
    assert alice.wait("final").status == 200


def private_routes(scene):
    """18. A provider's Record-Route names addresses of its own network: all goes to its host."""
    routes = ["Record-Route: <sip:10.99.0.%d;lr>" % one for one in (1, 2)]
    alice, tel, ack = _answered(scene, routes)
    assert ack.values(b"route") == [b"<sip:10.99.0.2;lr>", b"<sip:10.99.0.1;lr>"]
    _hangs_up(alice, tel)


def contact_of_elsewhere(scene):
    """19. Its Contact is rewritten to a private address: it is named, and its host is asked."""
    place = "sip:b2b-1@192.168.99.9:5070"
    alice, tel, ack = _answered(scene, ["Contact: <%s>" % place])
    assert ack.uri == place.encode()
    _hangs_up(alice, tel)


def huge_answer(scene):
    """20. A 200 of 24 kB reaches the phone as what it says, and nothing else of it."""
    alice, tel, _ = _answered(scene, ["X-Huge-%d: %s" % (one, "x" * 400) for one in range(60)])
    assert b"X-Huge" not in alice.log[-2][1] and len(alice.log[-2][1]) < 2000
    _hangs_up(alice, tel)


def challenged_acknowledgement(scene):
    """21. A 407 to the ACK, which nobody may answer: the call goes on."""
    alice, tel, ack = _answered(scene)
    for lines in (['Proxy-Authenticate: Digest realm="tel.test", nonce="x"'], []):
        tel.refuse(ack, 407, lines)
    _hangs_up(alice, tel)
    assert scene.house.row("tel")["is_up"]


def moving_ports(scene):
    """22. What a provider says next comes from another port of its, the answer goes there."""
    alice, tel, _ = _answered(scene)
    other = scene.standin("tel", 50)
    other.there, other.dialog, other.cseq = tel.there, tel.dialog, 500
    other.say(other.within("BYE"))
    alice.take(alice.wait("BYE"))
    assert other.wait("final").status == 200


def rewritten_registration(scene):
    """23. The 200 to a REGISTER names another Contact than the node's: its lifetime counts."""
    tel = scene.standin()
    house = scene.open(provider("tel", tel.place))
    request = tel.asked["REGISTER"] = tel.challenged("REGISTER")
    contact = "Contact: <sip:anybody@192.168.99.9:5060>;expires=12"
    tel.say(tel.answer(200, "REGISTER", [contact, "Expires: 3600"]))
    house.wait_for(lambda: house.row("tel")["is_up"])
    assert tel.wait("REGISTER", 30).cseq[0] > request.cseq[0]


def the_bill_outlives_the_node(scene):
    """35. A node that is killed knows the minutes and calls of the month when it is back."""
    alice, tel, _ = _answered(scene)
    _hangs_up(alice, tel)
    house = scene.house
    house.wait_for(lambda: house.row("tel")["month"]["calls_out"] == 1)
    before = house.ask("bill")["bill"]
    house.wait_for(lambda: house.has_kept("bill"), 60)
    house.process.kill()
    house.process.wait()
    house.start()
    assert house.ask("bill")["bill"] == before


def help_goes_out(scene):
    """24. 112 without responders here: the provider at once, as dialled; then the next one."""
    one, two = scene.standin("one", 50), scene.standin("two", 51)
    house = scene.open(provider("one", one.place), provider("two", two.place))
    one.let_in()
    two.let_in()
    alice = house.phone("alice")
    begun = time.monotonic()
    alice.say(alice.request("INVITE", "sip:112@house.test", ["Content-Type: application/sdp"],
                            alice.sdp()))  # fmt: skip
    invite = one.called()
    assert invite.uri == b"sip:112@one.test" and b"privacy" not in invite.names
    scene.figures["112 at the provider, s"] = time.monotonic() - begun
    one.refuse(invite, 403)
    two.take(two.called(), 200)
    assert alice.wait("final").status == 200


def digits_and_fax(scene):
    """25. DTMF by INFO passes both ways, and a re-INVITE to T.38 with its answer."""
    house, tel = scene.one()
    alice = house.phone("alice").dial("030987654")
    tel.take(tel.called(), 200)
    assert alice.wait("final").status == 200
    alice.say(alice.acknowledge())
    tel.wait("ACK")
    relay = ["Content-Type: application/dtmf-relay"]
    alice.say(alice.within("INFO", relay, "Signal=5\r\nDuration=160\r\n"))
    info = tel.wait("INFO")
    assert info.body == b"Signal=5\r\nDuration=160\r\n"
    tel.take(info, 200)
    assert alice.wait("final").status == 200
    fax = alice.sdp().partition("m=")[0] + "m=image 4200 udptl t38\r\na=T38FaxVersion:0\r\n"
    tel.say(tel.within("INVITE", ["Content-Type: application/sdp"], fax))
    again = alice.wait("INVITE")
    assert again.body.count(b"udptl t38\r\n") and again.body.count(b"a=T38FaxVersion:0")
    alice.take(again, 200, body=fax)
    answer = tel.wait("final")
    assert answer.body.count(b"m=image 4200 udptl t38")


def hidden_numbers(scene):
    """26. *31 hides the number: From is anonymous, the provider alone is told whose call it is."""
    house, tel = scene.one()
    alice = house.phone("alice").dial("*31030987654")
    invite = tel.called()
    assert invite.uri == b"sip:+4930987654@tel.test"
    assert invite.from_.uri.host == b"anonymous.invalid" and invite.value(b"privacy") == b"id"
    assert invite.value(b"p-preferred-identity") == b"<sip:+49301234567@tel.test>"
    tel.take(invite, 200)
    assert alice.wait("final").status == 200


def strangers_stay_outside(scene):
    """27. Who is no provider calls neither by this house nor its phones by a guessed line."""
    house, tel = scene.one()
    stranger = scene.standin("evil", 66)
    stranger.there = (house.host, house.port)
    for target in ("sip:+4930987654@house.test", "sip:+4930987654@tel.test"):
        stranger.ring(target)
        assert stranger.wait("final").status in (403, 407)
    stranger.ring("sip:%s@127.0.0.1:%d" % ("0" * 20, house.port))
    assert stranger.wait("final").status in (403, 404)
    assert not tel.heard("INVITE")


def over_tls_with_srtp(scene):
    """28. TLS to a host whose certificate is checked; the sound is offered encrypted (SDES)."""
    pem = certificate(scene.folder, "127.0.0.50")
    door = scene.keep(Door("127.0.0.50", pem))
    trust = {"SSL_CERT_FILE": str(scene.folder / "provider.crt"), "LD_LIBRARY_PATH": NATIVE}
    house = scene.open(
        provider("tel", door.place, ["option srtp must"], transport="tls"),
        tls=True, media=True, environment=trust,
    )  # fmt: skip
    tel = scene.keep(door.accept("tel"))
    tel.let_in()
    assert tel.contact_uri.endswith(";transport=tls")
    alice = house.phone("alice").dial("030987654")
    invite = tel.called()
    assert invite.body.count(b"RTP/SAVP ") and invite.body.count(b"a=crypto:")
    assert not invite.body.count(b"m=audio 4000")
    key = b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + b64encode(bytes(range(30)))
    body = tel.sdp(5000).replace("RTP/AVP", "RTP/SAVP") + key.decode() + "\r\n"
    tel.take(invite, 200, body=body)
    answer = alice.wait("final")
    assert answer.status == 200 and not answer.body.count(b"crypto")


def a_false_certificate_gets_nothing(scene):
    """29. A host whose certificate nobody has signed is told neither account nor password."""
    door = scene.keep(Door("127.0.0.50", certificate(scene.folder, "127.0.0.50")))
    house = scene.open(provider("tel", door.place, transport="tls"), tls=True)
    try:
        tel = scene.keep(door.accept("tel"))
        assert not tel.heard("REGISTER", 2)
    except OSError:
        pass  # The node has broken it off.
    house.wait_for(lambda: house.row("tel")["problem"])
    assert not house.row("tel")["is_up"]


def a_broken_connection_is_made_again(scene):
    """30. TCP: the connection breaks, the node registers by a new one at once."""
    door = scene.keep(Door("127.0.0.50"))
    house = scene.open(provider("tel", door.place, transport="tcp"))
    first = door.accept("tel")
    first.let_in()
    house.wait_for(lambda: house.row("tel")["is_up"])
    first.close()
    begun = time.monotonic()
    second = scene.keep(door.accept("tel"))
    second.let_in()
    scene.figures["registered again after a broken connection, s"] = time.monotonic() - begun
    alice = house.phone("alice").dial("030987654")
    second.take(second.called(), 200)
    assert alice.wait("final").status == 200


def a_test_call_rings_the_house(scene):
    """31. The test call goes out to the own number, comes in again, and ends when it is taken."""
    house, tel = scene.one()
    bob = house.phone("bob")
    told = house.ask("test-provider", provider="tel")
    assert told["ring"] == "bob"
    invite = tel.called()
    assert invite.uri == b"sip:+49301234567@tel.test"
    back = scene.standin("tel", 50)
    back.there, back.contact_uri = tel.there, tel.contact_uri
    back.ring()
    bob.take(bob.wait("INVITE"), 200)
    assert back.wait("final").status == 200
    back.say(back.acknowledge())
    tel.take(invite, 200)
    assert tel.wait("ACK")
    tel.take(tel.wait("BYE"))
    back.say(back.within("BYE"))
    bob.take(bob.wait("BYE"))


SCENARIOS = (
    registers_and_renews, calls_out, is_called, dead_provider_is_passed_over,
    full_provider_is_passed_over, two_providers_talk_at_once, refusals_reach_the_caller,
    caller_gives_up, provider_gives_up, transfer_stays_in_the_house, hold_and_resume,
    reliable_ringing, session_timers, redirections_are_followed_there, strange_questions,
    security_agreement, refused_registrations, private_routes, contact_of_elsewhere, huge_answer,
    challenged_acknowledgement, moving_ports, rewritten_registration, help_goes_out, digits_and_fax,
    hidden_numbers, strangers_stay_outside,
    over_tls_with_srtp, a_false_certificate_gets_nothing, a_broken_connection_is_made_again,
    a_test_call_rings_the_house, two_providers_are_joined, a_call_that_came_is_joined,
    providers_that_are_not_joined, the_bill_outlives_the_node,
)  # fmt: skip


NAMES = [one.__name__ for one in SCENARIOS]


def run(scenario, folder):
    """Run one scenario in a folder; return its figures; raises AssertionError."""
    scene = Scene(folder)
    try:
        scenario(scene)
        return scene.figures
    finally:
        scene.close()


def main():
    """Run all, or those that are named; print a line for each."""
    failed = 0
    for scenario in [one for one in SCENARIOS if one.__name__ in (sys.argv[1:] or NAMES)]:
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            try:
                figures = run(scenario, folder)
                words = ", ".join(["well"] + ["%s: %.2f" % pair for pair in figures.items()])
            except AssertionError as error:
                failed += 1
                words = "FAILED: %s" % str(error)[:200]
        print("%5.1f s  %s  %s" % (time.monotonic() - begun, scenario.__doc__, words))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
