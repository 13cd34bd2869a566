"""Whatever strangers and members send: nothing leaves but for where it may, answers go back only.

No request leaves for a host that is neither a phone here, a neighbour on the way to its end node,
nor one that the owner's configuration names; what a phone of this house asks for in its own name is
another matter, and none speaks here.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from bellhop.effects import Flow, Listener, Resolve, Send
from bellhop.sip import message
from tests.support.yard import ALICE, BOB, GRAN, HONEST, ROGUE, STRANGER, VICTIM, Yard, reply, sip

LAN, OUTSIDE, NAMED = "192.168.1.99", "203.0.113.99", "speed.test"
NODE = "\toption strangers allow\n\toption help_for_strangers 1\n"
MORE = (
    "config contact\n\toption number 9\n\toption address sip:gran@speed.test\n"
    "config user\n\toption name dora\n\toption password x\n\toption forward sip:dora@speed.test\n"
    "\toption forward_after 0\n"
)
# The listeners of the victim, in their order.
TRANSPORTS = ("udp", "tcp", "tls", "ws", "wss")
METHODS = ("INVITE", "MESSAGE", "BYE", "REFER", "NOTIFY", "SUBSCRIBE", "INFO", "UPDATE", "OPTIONS",
           "ACK", "CANCEL", "REGISTER", "PUBLISH", "PRACK", "ODD")  # fmt: skip
METHODS += ("INVITE", "MESSAGE") * 6
SOURCES = (STRANGER, ROGUE, LAN, OUTSIDE)
HOSTS = (
    "home.test", VICTIM, HONEST, ROGUE, ALICE, BOB, GRAN, LAN, OUTSIDE, "trunk.test", NAMED, "VKEY",
    "HKEY", "RKEY", "far", "mallory", "[2001:db8::9]", "localhost", "127.0.0.1",
)  # fmt: skip
USERS = ("alice@", "bob@", "gran@", "mal@", "dora@", "9@", "112@", "sos@", "201@", "+49900123@",
         "110@", "", "TOKEN@", "x@")  # fmt: skip
PARAMS = ("", ";lr", ";lr", ";lr", ";maddr=" + OUTSIDE, ";transport=tcp", ";gr=urn:uuid:1")
TAGS = (";tag=made-up", ";tag=BOBS", ";tag=SAMS")

OTHERS = ("tel:112", "tel:+4930123", "urn:service:sos", "tel:9", "mailto:a@b")
places = st.builds(
    lambda scheme, user, host, port, params: scheme + user + host + port + params,
    st.sampled_from(("sip:", "sip:", "sip:", "sips:")), st.sampled_from(USERS),
    st.sampled_from(HOSTS), st.sampled_from(("", "", ":5060", ":5070")), st.sampled_from(PARAMS),
) | st.sampled_from(OTHERS)  # fmt: skip
# Half of what comes would be let in but for one thing.
targets = places | st.sampled_from((
    "sip:bob@home.test", "sip:bob@VKEY", "sip:gran@HKEY", "sip:mal@RKEY", "sip:9@home.test",
    "sip:dora@home.test", "sip:bob@%s:5060" % BOB, "sip:112@home.test", "sip:x@" + OUTSIDE,
))  # fmt: skip
senders = places | st.sampled_from(("sip:sam@elsewhere.test", "sip:mal@elsewhere.test"))
ways = places | st.sampled_from((
    "sip:%s;lr" % VICTIM, "sip:TOKEN@%s;lr" % VICTIM, "sip:%s;lr" % HONEST, "sip:HKEY;lr",
    "sip:%s;lr" % OUTSIDE, "sip:%s" % OUTSIDE,
))  # fmt: skip
blows = st.tuples(
    st.sampled_from(SOURCES), st.sampled_from(METHODS), targets, senders,
    st.sampled_from(TAGS + ("",) * 4),
    st.sampled_from(TAGS), st.just([]) | st.lists(ways, max_size=4), st.booleans(),
    st.sampled_from(TRANSPORTS), st.sampled_from(("", "RKEY", "HKEY", "VKEY")),
)  # fmt: skip


class Watch:
    """Notes everything that leaves the two honest nodes. left: (node, host, parsed message)."""

    def __init__(self, yard):
        self.yard = yard
        self.left = []
        for house in (yard.victim, yard.honest):
            house.perform = self.wrapped(house, house.perform)

    def wrapped(self, house, perform):
        def watched(effects):
            for effect in effects:
                if isinstance(effect, Send):
                    self.left.append((house, effect.flow, message.parse(effect.data)))
                elif isinstance(effect, Resolve):
                    self.left.append((house, effect.host.decode(), None))
            perform(effects)

        return watched


def in_call():
    """Return a Yard where a stranger talks with bob, and what stands for words in blows."""
    yard = Yard(NODE, MORE)
    sender = "<sip:sam@elsewhere.test>;tag=sam"
    yard.attack(
        sip("INVITE", "sip:bob@home.test", sender, call_id="call", source=STRANGER), STRANGER
    )
    (invite,) = yard.asked(BOB, b"INVITE")
    yard.attack(reply(invite, 200, ["Contact: <sip:bob@%s:5060>" % BOB], tag=b"bobs"), BOB)
    token = invite.addresses(b"record-route")[0].uri.user.decode()
    yard.forget()
    ports = zip(TRANSPORTS, (5060, 5060, 5061, 8060, 8061))
    listeners = [Listener(transport, VICTIM, port) for transport, port in ports]
    yard.victim.perform(yard.victim.engine.listen(listeners, yard.town.now))
    keys = [house.key() for house in (yard.victim, yard.honest, yard.rogue)]
    words = dict(zip(("VKEY", "HKEY", "RKEY"), keys))
    return yard, dict(words, TOKEN=token, BOBS="bobs", SAMS="sam")


def filled(text, words):
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def may_go(yard, house, host):
    """Tell whether a request, or a question for the way of one, may lead to a host."""
    phones = {yard.victim: (ALICE, BOB), yard.honest: (GRAN,)}[house]
    keys = [one.key() for one in yard.town.houses.values()]
    return host in phones or host in (VICTIM, HONEST, ROGUE, NAMED) or host in keys


@settings(max_examples=120, deadline=None, derandomize=True)
@given(st.lists(blows, min_size=1, max_size=14))
def test_nothing_leaves_for_where_it_may_not(script):
    yard, words = in_call()
    watch = Watch(yard)
    for (
        source,
        method,
        target,
        sender,
        to_tag,
        from_tag,
        routes,
        is_in_call,
        transport,
        key,
    ) in script:
        lines = ["Route: <%s>" % route for route in routes]
        if key:
            lines.append("P-Asserted-Identity: <sip:mal@%s>" % key)
        data = filled(
            sip(
                method, target, "<%s>%s" % (sender, from_tag or ";tag=z"), lines,
                to="<%s>%s" % (target, to_tag), source=source, cseq=20,
                call_id="call" if is_in_call else None,
            ).decode(), words,
        ).encode()  # fmt: skip
        before = len(watch.left)
        flow = Flow(
            transport,
            TRANSPORTS.index(transport),
            source,
            5060,
            0 if transport == "udp" else 7 + TRANSPORTS.index(transport),
            "",
        )
        yard.victim.perform(yard.victim.engine.receive(data, flow, yard.town.now))
        for house, where, left in watch.left[before:]:
            if left is not None and hasattr(left, "status") and house is yard.victim:
                is_back = where.host == source or left.cseq[1] != method.encode()
                assert is_back, (source, where, left.write())
        yard.town.advance(200)
    yard.town.advance(36000)
    for house, where, left in watch.left:
        host = where if left is None else where.host
        if left is None or hasattr(left, "method"):
            assert may_go(yard, house, host), (host, left and left.write())
        else:
            assert host in SOURCES + (VICTIM, HONEST, ROGUE, ALICE, BOB, GRAN), host
