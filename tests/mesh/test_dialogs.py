"""What phones do within calls between houses: transfers, PRACK, UPDATE, INFO, races, circles."""

import re

import pytest

from tests.mesh.handset import begin, field, status_of
from tests.mesh.town import line


@pytest.fixture
def houses(streets, see):
    """Return a function that opens so many houses with a phone in each."""

    def open_(name, count):
        town = streets.town(name, line(count))
        town.start()
        town.wait_reach()
        phones = [streets.handset(town, number) for number in range(count)]
        for number in range(count):
            see(town.nodes[number], *[f"u{other}" for other in range(count) if other != number])
        return town, phones

    return open_


def address(town, number):
    return f"sip:u{number}@{town.nodes[number].key()}"


def tag(text, name):
    return re.search(r";tag=([^;>\s]+)", field(text, name)).group(1)


def transfer(callee, caller, came, target):
    """The called phone sends its caller elsewhere; return (what it dialled, whom)."""
    lines = [f"Refer-To: {target}", f"Referred-By: <{callee.aor}>"]
    callee.send(callee.in_reply("REFER", came, lines))
    done = referred(caller)
    assert status_of(callee.final(field(came, "Call-ID"), "REFER")) == 202
    return done


def referred(phone, lines=()):
    """Take a REFER as a phone does: accept it, and call whom it names; return (dialled, target)."""
    asked = phone.incoming("REFER")
    phone.respond(asked, 202, "Accepted")
    target = re.search(r"<?(sip:[^>\s]+)>?", field(asked, "Refer-To")).group(1)
    place, _, headers = target.partition("?")
    lines = list(lines)
    for one in headers.split("&") if headers else ():
        name, _, value = one.partition("=")
        value = re.sub("%([0-9A-Fa-f]{2})", lambda m: chr(int(m.group(1), 16)), value)
        lines.append(f"{name}: {value}")
    return phone.dial(place, lines), target


def taken(caller, callee, dialled):
    """The call is answered; return the INVITE as it came."""
    came = callee.incoming()
    callee.respond(came, 180, "Ringing")
    callee.respond(came, 200)
    answer = caller.final(dialled, "INVITE")
    assert status_of(answer) == 200, answer
    caller.acknowledge(dialled, answer)
    callee.incoming("ACK")
    return came


@pytest.mark.parametrize("third", (1, 2), ids=("same house", "third house"))
def test_called_phone_transfers_its_caller_blindly(houses, streets, third):
    town, phones = houses("blind", 3)
    caller, callee = phones[0], phones[1]
    other, target = (phones[2], address(town, 2)) if third == 2 else (phones[1], "sip:u1@home.test")
    _, _, came = begin(caller, callee, address(town, 1))
    dialled, named = transfer(callee, caller, came, f"<{target}>")
    assert "home.test" not in named or third == 2, named
    taken(caller, other, dialled)


@pytest.mark.parametrize("third", (0, 2), ids=("the caller's house", "a third house"))
def test_called_phone_transfers_its_caller_to_whom_it_has_asked(houses, streets, third):
    town, phones = houses("attended", 3)
    if third == 0:
        other = streets.handset(town, 0, "u0", name="other")
    caller, callee = phones[0], phones[1]
    _, _, came = begin(caller, callee, address(town, 1))
    if third == 0:
        asked_for = f"sip:{other.user}@{town.nodes[0].key()}"
        dialled = callee.dial(asked_for)
        second = other.incoming()
        caller.respond(caller.incoming(), 486, "Busy Here")
        other.respond(second, 180, "Ringing")
        other.respond(second, 200)
        answer = callee.final(dialled, "INVITE")
        assert status_of(answer) == 200
        callee.acknowledge(dialled, answer)
        other.incoming("ACK")
    else:
        other, asked_for = phones[2], address(town, 2)
        dialled, answer, second = begin(callee, other, asked_for)
    replaces = f"{dialled}%3Bto-tag%3D{tag(answer, 'To')}%3Bfrom-tag%3D{tag(answer, 'From')}"
    again, _ = transfer(callee, caller, came, f"<{asked_for}?Replaces={replaces}>")
    third_call = other.incoming()
    value = field(third_call, "Replaces")
    # The phone finds its own dialog there: the call that it has.
    assert value.split(";")[0] == field(second, "Call-ID")
    assert f"to-tag=t{other.user}" in value
    other.respond(third_call, 200)
    final = caller.final(again, "INVITE")
    assert status_of(final) == 200, final
    caller.acknowledge(again, final)
    other.incoming("ACK")
    other.send(other.in_reply("BYE", second))
    callee.respond(callee.incoming("BYE"), 200)


def test_reliable_ringing_update_and_info_pass_both_ways(houses):
    town, (caller, callee) = houses("prack", 2)
    dialled = caller.dial(address(town, 1), ["Supported: 100rel, timer"])
    came = callee.incoming()
    assert "100rel" in field(came, "Supported")
    callee.respond(came, 183, "Session Progress", ["Require: 100rel", "RSeq: 7"])
    early = caller.take(lambda text: status_of(text) == 183)
    assert field(early, "RSeq") == "7" and "100rel" in field(early, "Require")
    number = field(caller.sent[dialled], "CSeq").split()[0]
    prack = caller.in_dialog("PRACK", dialled, early)
    caller.send(prack.replace("\r\nMax-F", f"\r\nRAck: 7 {number} INVITE\r\nMax-F"))
    got = callee.incoming("PRACK")
    # The number of the INVITE is each house's own.
    assert field(got, "RAck") == f"7 {field(came, 'CSeq').split()[0]} INVITE"
    callee.respond(got, 200)
    assert status_of(caller.final(dialled, "PRACK")) == 200
    caller.send(caller.in_dialog("UPDATE", dialled, early))
    callee.respond(callee.incoming("UPDATE"), 200)
    assert status_of(caller.final(dialled, "UPDATE")) == 200
    callee.respond(came, 200)
    answer = caller.final(dialled, "INVITE")
    caller.acknowledge(dialled, answer)
    callee.incoming("ACK")
    callee.send(callee.in_reply("INFO", came, ["Content-Type: application/dtmf-relay"]))
    caller.respond(caller.incoming("INFO"), 200)
    assert status_of(callee.final(field(came, "Call-ID"), "INFO")) == 200
    callee.send(callee.in_reply("UPDATE", came))
    caller.respond(caller.incoming("UPDATE"), 200)
    assert status_of(callee.final(field(came, "Call-ID"), "UPDATE")) == 200
    assert status_of(caller.hang_up_at(callee, dialled, answer)) == 200


def cancel(phone, dialled):
    """Send the CANCEL of a call."""
    sent = phone.sent[dialled].split("\r\n\r\n")[0].split("\r\n")
    kept = [one for one in sent if one.startswith(("Via", "From", "To", "Call-ID", "Max-"))]
    number = field(phone.sent[dialled], "CSeq").split()[0]
    kept += [f"CSeq: {number} CANCEL", "Content-Length: 0"]
    phone.send(f"CANCEL {sent[0].split()[1]} SIP/2.0\r\n" + "\r\n".join(kept) + "\r\n\r\n")


def test_answer_that_crosses_the_cancel_leaves_no_phone_in_a_call(houses):
    town, (caller, callee) = houses("race", 2)
    for order in ("cancel first", "answer first"):
        dialled = caller.dial(address(town, 1))
        came = callee.incoming()
        callee.respond(came, 180, "Ringing")
        caller.wait_ringing(dialled)
        if order == "cancel first":
            cancel(caller, dialled)
            callee.respond(came, 200)
        else:
            callee.respond(came, 200)
            cancel(caller, dialled)
        final = caller.final(dialled, "INVITE")
        if status_of(final) == 200:
            caller.acknowledge(dialled, final)
            callee.incoming("ACK")
            assert status_of(caller.hang_up_at(callee, dialled, final)) == 200
        else:
            assert status_of(final) == 487
            caller.acknowledge_refusal(caller.sent[dialled], final)
            # The node hangs up what nobody wants.
            callee.respond(callee.incoming("BYE"), 200)


def test_two_phones_of_the_called_house_answer_at_once_and_one_has_the_call(houses, streets):
    town, (caller, first) = houses("fork", 2)
    second = streets.handset(town, 1, name="second")
    second.tag = "second"
    dialled = caller.dial(address(town, 1))
    invites = [phone.incoming() for phone in (first, second)]
    for phone, came in zip((first, second), invites):
        phone.respond(came, 200)
    answers = {}
    while True:
        try:
            text = caller.take(
                lambda text: field(text, "Call-ID") == dialled and status_of(text) == 200, 3
            )
        except AssertionError:
            break
        answers.setdefault(tag(text, "To"), text)
        caller.acknowledge(dialled, text)
    assert answers
    for answer in answers.values():
        caller.send(caller.in_dialog("BYE", dialled, answer))
    # Whoever has answered is told that the call is over, by the caller or by a node.
    for phone in (first, second):
        phone.respond(phone.incoming("BYE"), 200)


def test_forwards_in_a_circle_between_houses_end_with_a_reason(houses, streets, see):
    town = streets.town("circle", line(2))
    town.start()
    town.wait_reach()
    phone = streets.handset(town, 0, "u0")
    see(town.nodes[1], "u0")
    for number in (0, 1):
        there = address(town, 1 - number)
        town.nodes[number].ask("set-wish", user=f"u{number}", wish="forward_always", value=there)
    dialled = phone.dial(address(town, 1))
    final = phone.final(dialled, "INVITE", seconds=30)
    phone.acknowledge_refusal(phone.sent[dialled], final)
    assert status_of(final) >= 400, final
    for node in town.nodes:
        assert node.ask("calls")["calls"] == []
        assert len(node.ask("history")["history"]) < 45
