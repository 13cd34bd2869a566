"""What the owner wants: required, preferred, as it comes; in general and for each contact."""

from tests.mesh.town import line
from tests.system.phones.call import connect, hear_each_other

from .conftest import contact
from .ear import last_of, reload, wait_level
from .steps import hang_up, refusal


def test_call_to_a_node_that_cannot_is_refused_or_clear_as_the_owner_wants(streets):
    town = streets.sounding("policy", line(2))
    town.nodes[1].media_options = None
    town.start()
    town.wait_reach()
    one, two = streets.phones_of(town, "baresip", "linphone")
    connect(one, two, "201")
    call = wait_level(town.nodes[0], "clear")
    assert call["words"] is None and not call["is_enough"]
    hang_up(two, one)

    town.nodes[0].media_options = ["option encryption 'require'"]
    reload(town.nodes[0])
    words = refusal(one, two, "201")
    assert words.startswith("488") and "must be encrypted and this one is not" in words, words
    assert last_of(town.nodes[0])["ended_by"] in words
    assert last_of(town.nodes[0])["status"] == 488

    two.dial("200")
    words = two.wait_closed()
    assert words.startswith("488") and "must be encrypted and this one is not" in words, words
    assert last_of(town.nodes[0])["ended_by"] in words

    town.nodes[0].media_options = ["option encryption 'require'"]
    contact(town.nodes[0], "9", "sip:u1@node1", "encryption 'allow'")
    reload(town.nodes[0])
    connect(one, two, "201")
    wait_level(town.nodes[0], "clear")
    hang_up(two, one)


def test_verification_that_is_required_refuses_until_people_have_compared(streets):
    town = streets.pair()
    one, two = streets.phones_of(town, "baresip", "linphone")
    connect(one, two, "201")
    call = wait_level(town.nodes[0], "encrypted")
    assert call["is_enough"]
    town.nodes[0].ask("verify", call=call["number"], verdict="same")
    assert wait_level(town.nodes[0], "words compared")["contact"] == "u1@node1"
    hang_up(two, one)
    for level, is_let in (("compared", True), ("signed", False)):
        options = ["option encryption 'require'", f"option verification '{level}'"]
        town.nodes[0].media_options = options
        reload(town.nodes[0])
        if is_let:
            connect(one, two, "201")
            wait_level(town.nodes[0], "words compared")
            hear_each_other(one, two)
            hang_up(two, one)
        else:
            words = refusal(one, two, "201")
            assert words.startswith("488") and "words compared" in words, words
