"""Who says to be of this house proves it; what others write into a call does not reach a phone."""

import pytest

from bellhop.sip import message
from tests.support.exchange import Exchange, telephone
from tests.support.messages import flow, request, settings
from tests.support.yard import ALICE, BOB, GRAN, HONEST, MAL, ROGUE, STRANGER, Yard, reply, sip

OPEN = "\toption strangers allow\n"
LOCAL = ("<sip:alice@home.test>", "<sip:201@home.test>", '"Police" <sip:110@home.test>',
         "<sip:alice@10.0.1.1>", "<sip:home.test>", "<sips:alice@HOME.test>",
         "<sip:%61lice@home.test:5060>", "<sip:alice@[::ffff:10.0.1.1]>", "<sip:alice@localhost>",
         "<sip:alice@127.0.0.1>", "<sip:alice@[::1]>", "<sip:alice@VICTIM>",
         "<sip:alice@[::FFFF:a00:101]:5060>")  # fmt: skip
METHODS = ("INVITE", "MESSAGE", "NOTIFY", "REFER", "SUBSCRIBE", "INFO", "UPDATE", "PUBLISH",
           "BYE", "OPTIONS", "PRACK", "ODD")  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("source", [STRANGER, ROGUE])
def test_a_tag_in_to_lets_nobody_speak_as_a_local_user(method, source):
    yard = Yard(OPEN)
    key = yard.victim.key()
    for sender in LOCAL + ("<sip:alice@%s>" % key,):
        for uri in ("sip:bob@home.test", "sip:bob@" + key, "sip:bob@%s:5060" % BOB):
            for tag in (";tag=made-up", ""):
                lines = ["Event: presence", "Refer-To: <sip:x@y.test>"]
                yard.attack(
                    sip(method, uri, sender, lines, to="<%s>%s" % (uri, tag), source=source), source
                )
                yard.town.advance(1500)
    assert yard.asked(BOB) == []


@pytest.mark.parametrize("source", [STRANGER, ROGUE])
def test_an_ack_of_no_call_reaches_no_phone(source):
    yard = Yard(OPEN)
    for uri in ("sip:bob@home.test", "sip:bob@%s:5060" % BOB, "sip:202@home.test"):
        for tag in (";tag=made-up", ""):
            for lines in ([], ["Route: <sip:10.0.1.1;lr>"], ["Route: <sip:token@10.0.1.1;lr>"]):
                sender = "<sip:sam@elsewhere.test>"
                data = sip("ACK", uri, sender, lines, to="<%s>%s" % (uri, tag), source=source)
                yard.attack(data, source)
    assert yard.asked(BOB) == []


def in_a_call(node=OPEN, source=STRANGER):
    """Return a Yard in which bob has answered a stranger's call, and the parsed INVITE and 200."""
    yard = Yard(node)
    sender = "<sip:sam@elsewhere.test>;tag=sam"
    yard.attack(sip("INVITE", "sip:bob@home.test", sender, call_id="call", source=source), source)
    (invite,) = yard.asked(BOB, b"INVITE")
    yard.attack(reply(invite, 200, ["Contact: <sip:bob@%s:5060>" % BOB], tag=b"bob"), BOB)
    (answered,) = [one for one in yard.heard(source) if one.status == 200]
    yard.forget()
    return yard, invite, answered


def test_who_was_called_once_cannot_go_on_as_somebody_of_the_house():
    yard, _, answered = in_a_call()
    routes = ["Route: " + one.decode() for one in answered.items(b"record-route")]
    for method in METHODS:
        for sender in LOCAL:
            for tag in ("bob", "sam", "other"):
                uri = "sip:bob@%s:5060" % BOB
                data = sip(
                    method, uri, sender + ";tag=x", routes, to="<%s>;tag=%s" % (uri, tag),
                    call_id="call", source=STRANGER, cseq=9,
                )  # fmt: skip
                yard.attack(data, STRANGER)
    assert yard.asked(BOB) == []


def test_the_dialog_itself_goes_on_without_a_password():
    yard, _, answered = in_a_call()
    routes = ["Route: " + one.decode() for one in answered.items(b"record-route")]
    for number, method in enumerate(("INFO", "UPDATE", "INVITE", "REFER", "BYE")):
        uri = "sip:bob@%s:5060" % BOB
        data = sip(
            method, uri, "<sip:sam@elsewhere.test>;tag=sam", routes, call_id="call",
            to="<sip:bob@home.test>;tag=bob", source=STRANGER, cseq=2 + number,
        )  # fmt: skip
        yard.attack(data, STRANGER)
    got = [one.method for one in yard.asked(BOB)]
    assert got == [b"INFO", b"UPDATE", b"INVITE", b"REFER", b"BYE"]


# What no stranger and no neighbour may bring to a phone: names and values.
AUTO = (
    "Call-Info: <sip:home.test>;answer-after=0",
    "Call-Info: <http://x.test/a.png>;purpose=icon, <sip:home.test> ; Answer-After = 0",
    "CALL-INFO: <sip:home.test>\r\n ;answer-after=0",
    "Alert-Info: <http://127.0.0.1>;info=alert-autoanswer;delay=0",
    "alert-info : Auto Answer", "Alert-Info: <http://x/>;info=RingAnswer", "Alert-Info: intercom",
    "Answer-Mode: Auto", "Answer-Mode : Auto;require", "Priv-Answer-Mode: Auto;require",
    "P-Auto-Answer: normal", "Remote-Party-ID: \"Alice\" <sip:alice@home.test>;screen=yes",
    "X-AUTOANSWER: TRUE", "X-Auto-Answer: true",
    "P-Preferred-Identity: <sip:alice@home.test>", "P-Asserted-Identity: <sip:alice@home.test>",
    "p-asserted-identity: \"Gran\" <sip:gran@home.test>, <tel:201>",
)  # fmt: skip
NAMES = (b"x-autoanswer", b"x-auto-answer", b"call-info", b"alert-info", b"answer-mode",
         b"priv-answer-mode", b"p-auto-answer", b"remote-party-id",
         b"p-preferred-identity")  # fmt: skip


@pytest.mark.parametrize("source", [STRANGER, ROGUE])
@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
def test_lines_that_open_a_microphone_or_name_a_caller_do_not_pass(source, method):
    yard = Yard(OPEN)
    for line in AUTO:
        for uri in ("sip:bob@home.test", "sip:bob@" + yard.victim.key()):
            yard.attack(sip(method, uri, "<sip:sam@elsewhere.test>", [line], source=source), source)
            yard.town.advance(1500)
    rung = yard.asked(BOB, method.encode())
    assert len(rung) >= len(AUTO)
    for one in rung:
        assert not set(NAMES) & set(one.names), one.write()
        for value in one.values(b"p-asserted-identity"):
            assert b"home.test" not in value and b"201" not in value
        assert b"answer-after" not in one.write().lower()


def test_in_a_dialog_a_stranger_cannot_bring_them_either():
    yard, _, answered = in_a_call()
    routes = ["Route: " + one.decode() for one in answered.items(b"record-route")]
    uri = "sip:bob@%s:5060" % BOB
    data = sip(
        "INVITE", uri, "<sip:sam@elsewhere.test>;tag=sam", routes + list(AUTO), call_id="call",
        to="<sip:bob@home.test>;tag=bob", source=STRANGER, cseq=7,
    )  # fmt: skip
    yard.attack(data, STRANGER)
    (got,) = yard.asked(BOB)
    assert not set(NAMES + (b"p-asserted-identity",)) & set(got.names)


def test_only_a_user_with_the_right_opens_a_microphone_and_the_call_tells_it():
    more = "config user\n\toption name door\n\toption password bell\n\toption intercom 1\n"
    for caller, passes in (("door", True), ("alice", False)):
        exchange = Exchange(settings(more=more))
        password = b"bell" if caller == "door" else None
        phone = telephone(exchange, "D", caller, "10.0.0.9", password=password)
        telephone(exchange, "B", "bob", "10.0.0.3")
        phone.hear(
            exchange.receive(phone.request("INVITE", "sip:bob@home.test", AUTO[:6]), phone.flow)[
                -1
            ].data
        )
        sent = exchange.receive(phone.proven("INVITE"), phone.flow)
        (invite,) = [message.parse(one.data) for one in sent if one.data[:6] == b"INVITE"]
        assert (b"call-info" in invite.names) is passes
        (call,) = exchange.engine.answer("calls", {}, exchange.now)[0]["calls"]
        assert bool([why for why in call["why"] if "auto-answer" in why]) is not passes


@pytest.mark.parametrize("source", [STRANGER, ROGUE])
@pytest.mark.parametrize("method, lines", [
    ("REFER", ["Refer-To: <sip:victim@premium.test>"]),
    ("NOTIFY", ["Event: check-sync", "Subscription-State: active"]),
    ("NOTIFY", ["Event: check-sync;reboot=true"]), ("NOTIFY", ["o: message-summary"]),
    ("SUBSCRIBE", ["Event: dialog"]), ("SUBSCRIBE", ["o: dialog;sla"]),
    ("SUBSCRIBE", ["Event: presence"]), ("PUBLISH", ["Event: presence"]),
    ("INFO", ["Info-Package: x"]), ("UPDATE", []), ("PRACK", ["RAck: 1 1 INVITE"]),
    ("SERVICE", []), ("BYE", []),
])  # fmt: skip
def test_a_phone_gets_no_orders_from_outside(source, method, lines):
    yard = Yard(OPEN)
    for uri in ("sip:bob@home.test", "sip:bob@" + yard.victim.key(), "sip:bob@%s:5060" % BOB):
        for tag in ("", ";tag=made-up"):
            data = sip(
                method, uri, "<sip:sam@elsewhere.test>", lines, to="<%s>%s" % (uri, tag),
                source=source,
            )  # fmt: skip
            yard.attack(data, source)
            if source == ROGUE:
                yard.say(data)
    assert yard.asked(BOB) == []


def test_the_answer_to_a_subscription_of_a_phone_comes_through():
    exchange = Exchange(settings())
    alice = telephone(exchange, "A", "alice", "10.0.0.2")
    bob = telephone(exchange, "B", "bob", "10.0.0.3")
    lines = ["Refer-To: <sip:carol@home.test>", "Contact: <sip:alice@10.0.0.2>"]
    alice.hear(
        exchange.receive(alice.request("REFER", "sip:bob@home.test", lines), alice.flow)[0].data
    )
    sent = exchange.receive(alice.proven("REFER"), alice.flow)
    asked = bob.hear([one.data for one in sent if one.flow.host == "10.0.0.3"][0])
    notify = request(
        "NOTIFY", "sip:alice@10.0.0.2", ["Event: refer", "Subscription-State: active"],
        sender="<sip:bob@home.test>;tag=b", to=asked.value(b"from").decode(),
        call_id=asked.call_id.decode(), via="10.0.0.3", branch="z9hG4bKn",
    )  # fmt: skip
    went = exchange.receive(notify, bob.flow)
    assert [one.flow.host for one in went] == ["10.0.0.2"]


# What a node says about its callers.


def introduced(asserted, sender='"Alice" <sip:alice@home.test>', more="", pinned=None):
    yard = Yard(OPEN, more=more)
    lines = ["P-Asserted-Identity: " + asserted(yard)] if asserted else []
    yard.say(sip("INVITE", "sip:bob@" + yard.victim.key(), sender, lines))
    rung = yard.asked(BOB, b"INVITE")
    return yard, rung[0] if rung else None


def test_a_node_speaks_for_its_own_users_only():
    yard, invite = introduced(lambda yard: "<sip:gran@%s>" % yard.honest.key())
    if invite is not None:
        shown = invite.value(b"from") + (invite.value(b"p-asserted-identity") or b"")
        assert b"(far)" not in shown
        assert b"mallory" in shown
    (call,) = yard.victim.engine.answer("calls", {}, yard.town.now)[0]["calls"] or [None]
    assert call is None or "gran@far" not in (call.get("contact"), call["caller"])


def test_the_caller_of_a_node_is_never_of_this_house():
    for asserted in (
        None, lambda yard: "<sip:mal@%s>" % yard.rogue.key(),
        lambda yard: "<sip:alice@%s>" % yard.victim.key(), lambda yard: "<sip:alice@home.test>",
        lambda yard: "<sip:mal@%s>, <sip:alice@home.test>" % yard.rogue.key(),
    ):  # fmt: skip
        for sender in ('"Alice" <sip:alice@home.test>', "<sip:alice@10.0.1.1>"):
            _, invite = introduced(asserted, sender)
            for line in [] if invite is None else invite.lines:
                if line[:5] in (b"From:", b"P-Ass", b"Remot"):
                    assert b"home.test" not in line and b"10.0.1.1" not in line, line


def test_the_caller_of_a_node_does_not_bear_a_contacts_name():
    contact = "\nconfig contact\n\toption name 'Gran Dear'\n\toption address sip:gran@far\n"
    for name in ("Gran Dear", "GRAN DEAR", " gran dear ", "Gran  Dear"):
        for user in ("mal", "gran"):
            yard, invite = introduced(
                lambda yard: "<sip:%s@%s>" % (user, yard.rogue.key()),  # noqa: B023
                '"%s" <sip:%s@elsewhere.test>' % (name, user), contact,
            )  # fmt: skip
            shown = b" ".join(invite.value(b"from").lower().split())
            assert b"gran dear" not in shown, shown
            assert b"mallory" in shown


def test_what_a_phone_asserts_in_an_answer_does_not_pass():
    yard = Yard(OPEN)
    yard.attack(
        sip("INVITE", "sip:bob@home.test", "<sip:s@elsewhere.test>", source=STRANGER), STRANGER
    )
    (invite,) = yard.asked(BOB, b"INVITE")
    lines = (
        ["Contact: <sip:bob@%s>" % BOB]
        + [line for line in AUTO if line.lower()[:1] in "rp" and "Answer" not in line]
        + ["Alert-Info: <http://x.test/>"]
    )
    for status in (180, 200):
        yard.attack(reply(invite, status, lines), BOB)
    for one in yard.heard(STRANGER):
        assert not {b"p-asserted-identity", b"remote-party-id", b"p-preferred-identity",
                    b"alert-info"} & set(one.names), one.write()  # fmt: skip


def test_what_a_neighbours_answer_asserts_does_not_reach_the_calling_phone():
    yard = Yard()
    exchange = yard.victim.engine.node
    exchange.settings.trusted = ((bytes([192, 168, 1, 0]), 24),)
    uri = "sip:mal@" + yard.rogue.key()
    yard.attack(sip("INVITE", uri, "<sip:alice@home.test>", source=ALICE), ALICE)
    (invite,) = [m for m in yard.rogue.to_phone(MAL) if getattr(m, "method", b"") == b"INVITE"]
    lines = ["Contact: <sip:mal@%s>" % MAL, "P-Asserted-Identity: <sip:bob@home.test>"]
    yard.rogue.receive(reply(invite, 180, lines), MAL)
    yard.rogue.receive(reply(invite, 200, lines), MAL)
    for one in yard.heard(ALICE):
        assert b"home.test" not in (one.value(b"p-asserted-identity") or b"")


# A registered insider.


def test_another_users_contact_takes_no_dialog():
    exchange = Exchange(settings(OPEN))
    bob = telephone(exchange, "B", "bob", "10.0.0.3")
    stranger = flow("203.0.113.7")
    data = request("INVITE", sender="<sip:sam@far.test>;tag=s", via="203.0.113.7",
                   lines=["Contact: <sip:sam@203.0.113.7>"])  # fmt: skip
    asked = bob.hear(exchange.receive(data, stranger)[-1].data)
    assert asked.method == b"INVITE"
    answered = message.parse(exchange.receive(bob.answer(200, "INVITE"), bob.flow)[0].data)
    carol = telephone(exchange, "C", "carol", "10.0.0.4", lines=["Contact: " + bob.contact])
    for number, method in enumerate(("ACK", "INFO", "INVITE", "BYE")):
        routes = ["Route: " + one.decode() for one in answered.items(b"record-route")]
        inside = request(
            method, bob.contact.strip("<>"), routes, sender="<sip:sam@far.test>;tag=s",
            to=answered.value(b"to").decode(), via="203.0.113.7", cseq=number or 1,
            branch="z9hG4bKin%d" % number,
        )  # fmt: skip
        hosts = {one.flow.host for one in exchange.receive(inside, stranger)}
        assert carol.flow.host not in hosts and bob.flow.host in hosts, method


def test_another_users_contact_takes_no_call_to_it():
    exchange = Exchange(settings("\tlist trusted 10.0.0.9\n"))
    bob = telephone(exchange, "B", "bob", "10.0.0.3")
    telephone(exchange, "C", "carol", "10.0.0.4", lines=["Contact: " + bob.contact])
    data = request("INVITE", bob.contact.strip("<>"), via="10.0.0.9")
    hosts = {one.flow.host for one in exchange.receive(data, flow("10.0.0.9"))}
    assert hosts == {bob.flow.host}


def test_a_withheld_number_is_asked_for_a_password_and_goes_out():
    exchange = Exchange()
    alice = telephone(exchange, "A", "alice", "10.0.0.2")
    data = alice.request("INVITE", "sip:x@far.test", ["Privacy: id"])
    hidden = data.replace(
        b"<sip:alice@home.test>", b'"Anonymous" <sip:anonymous@anonymous.invalid>'
    )
    assert exchange.answers(hidden, alice.flow) == [407]
    alice.hear(exchange.sent[-1][1].data)
    alice.sent["INVITE"] = message.parse(hidden)
    assert exchange.answers(alice.proven("INVITE"), alice.flow) in ([], [100])
    assert exchange.questions
    assert GRAN


def test_a_relay_that_changes_cells_brings_nothing_in_anothers_name():
    yard = Yard()
    town, rogue, victim = yard.town, yard.rogue, yard.victim
    # gran's node calls bob; its only way leads through the rogue.
    for number, ends in list(town.cables.items()):
        if HONEST in ends:
            town.cables[number] = (HONEST, ROGUE)
            for house in (yard.honest, rogue):
                house.hear("mesh", "link", number, ("cable", True))
            victim.hear("mesh", "link", number, None)
    town.advance(12000)
    yard.honest.engine.node.settings.trusted = ((bytes([192, 168, 2, 0]), 24),)
    lanes = rogue.engine.features["mesh"].mesh.circuits.lanes
    send, rung = lanes.send, set()
    for at in (None, 8, 40, 500, 1000, 4):

        def meddle(short, cell, is_plain, now, at=at):
            changed = bytearray(cell)
            if at is not None:
                changed[at] ^= 1
            return send(short, bytes(changed), is_plain, now)

        lanes.send = meddle
        data = sip("INVITE", "sip:bob@" + victim.key(), '"Gran" <sip:gran@home.test>', source=GRAN)
        yard.honest.receive(data, GRAN)
        town.advance(15000)
        rung |= {(one.call_id, one.from_.display) for one in yard.asked(BOB, b"INVITE")}
        assert {name for _, name in rung} == {b'"Gran (far)"'}
        assert len(rung) == 1
        yard.forget()
