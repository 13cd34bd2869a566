"""A lite node changes its key, follows those of others, and keeps texts for nodes that are off."""

from tests.lite.test_mesh import town_with_lite
from tests.mesh.handset import call, status_of
from tests.mesh.test_succession import contact, pin
from tests.mesh.town import wait_until


def test_lite_node_succeeds_itself_and_follows_others(streets, see, compiled):
    town = town_with_lite(streets, compiled, "liteheirs", 3, [0, 2])
    lite, _, far = town.nodes
    contact(lite, "gran", f"sip:u2@{far.key()}")
    old = far.key()
    new = far.ask("succeed")["key"]
    far.stop()
    town.start([2])
    town.wait_reach()
    assert far.key() == new != old
    wait_until(lambda: pin(lite, "gran")["state"] == "succeeded", "the lite node follows")
    assert [one for one in lite.ask("problems")["problems"] if new in one["wrong"]]
    lite.ask("confirm", name="gran", verdict="yes")
    caller, callee = streets.handset(town, 0), streets.handset(town, 2)
    see(lite, "u2")
    call(caller, callee, f"sip:u2@{old}")


def test_text_waits_at_a_lite_node_for_one_that_is_off(streets, see, compiled):
    town = town_with_lite(streets, compiled, "litetexts", 2, [0, 1])
    lite, far = town.nodes
    sender = streets.handset(town, 0)
    key = far.key()
    far.stop()
    plain = ["Content-Type: text/plain"]
    wait_until(lambda: "node1" not in lite.reached(), "it is off")
    answer = sender.ask("MESSAGE", f"sip:u1@{key}", plain, "the kettle is on")
    assert status_of(answer) == 202, answer
    assert [row["user"] for row in lite.ask("outbox")["outbox"]] == ["u0"]
    lite.stop(9)
    town.start([0])
    assert [row["user"] for row in lite.ask("outbox")["outbox"]] == ["u0"]
    town.start([1])
    receiver = streets.handset(town, 1)
    came = receiver.incoming("MESSAGE", 20)
    receiver.respond(came, 200)
    assert came.endswith("\r\n\r\nthe kettle is on")
    wait_until(lambda: lite.ask("outbox")["outbox"] == [], "it is brought")
