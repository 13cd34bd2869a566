"""What the mesh carries besides calls, and the carrier that needs nothing but SIP."""

from tests.mesh.handset import call, field, fields, status_of
from tests.mesh.town import line


def use_sip_only(town):
    """Let the datagrams of the mesh reach nobody: each node has a UDP port of its own."""
    for node in town.nodes:
        node.mesh_options += [f"option port '{5100 + node.number}'", "list interface 'none'"]
    for low, high in town.streets:
        address = town.nodes[low].towards[high]
        town.nodes[high].mesh_options.append(f"list sip_peer 'sip:{address};transport=tcp'")


def test_sip_alone_carries_everything(streets, see):
    town = streets.town("siponly", line(3))
    use_sip_only(town)
    town.start()
    town.wait_reach()
    links = {row["link"] for row in town.nodes[1].ask("peers")["peers"]}
    assert links and all(link.startswith("sip:") for link in links)
    first, last = streets.handset(town, 0), streets.handset(town, 2)
    see(town.nodes[0], "u2")
    see(town.nodes[2], "u0")
    call(first, last, "202")
    call(last, first, "200")
    town.nodes[1].stop()
    town.wait_reach([[0], [2]])
    town.start([1])
    town.wait_reach(seconds=60)


def test_emergency_call_reaches_responders_two_hops_away(streets, see):
    town = streets.town("sos", line(3))
    town.nodes[2].node_options.append("option responders 'u2'")
    town.start()
    town.wait_reach()
    caller, responder = streets.handset(town, 0), streets.handset(town, 2)
    see(town.nodes[0], "u2")
    for target in ("112", "911", "urn:service:sos"):
        came = call(caller, responder, target)
        assert field(came, "Resource-Priority") == "esnet.4"


def test_message_waits_two_hops_away_also_after_a_restart(streets, see):
    town = streets.town("letters", line(3))
    town.start()
    town.wait_reach()
    sender = streets.handset(town, 0)
    plain = ["Content-Type: text/plain"]
    answer = sender.ask("MESSAGE", "sip:202@home.test", plain, "the kettle is on")
    assert status_of(answer) == 202, answer
    town.nodes[2].stop()
    town.start([2])
    receiver = streets.handset(town, 2)
    came = receiver.incoming("MESSAGE")
    receiver.respond(came, 200)
    assert came.endswith("\r\n\r\nthe kettle is on")
    assert field(came, "From").startswith("<sip:u0@home.test>")


def test_extension_of_two_nodes_lets_the_caller_choose(streets, see):
    town = streets.town("choice", line(3))
    for number in (1, 2):
        town.nodes[number].users.append((f"ann{number}", "777", []))
    town.start()
    town.wait_reach()
    caller = streets.handset(town, 0)
    chosen = streets.handset(town, 2, "ann2")
    see(town.nodes[0], "ann2")
    answer = caller.ask("INVITE", "sip:777@home.test")
    assert status_of(answer) == 300, answer
    contacts = fields(answer, "Contact")
    assert {one.split('"')[1] for one in contacts} == {"777 at node1", "777 at node2"}
    (address,) = [one.split("<")[1].split(">")[0] for one in contacts if "node2" in one]
    call(caller, chosen, address)


def test_user_of_two_nodes_rings_at_both(streets, see):
    town = streets.town("both", line(3))
    town.nodes[1].users.append(("ann", "555", ["list also_at 'node2'"]))
    town.nodes[2].users.append(("ann", "", []))
    town.start()
    town.wait_reach()
    caller = streets.handset(town, 0)
    here, there = streets.handset(town, 1, "ann"), streets.handset(town, 2, "ann")
    see(town.nodes[0], "ann")
    dialled = caller.dial("555")
    at_home, at_work = here.incoming(), there.incoming()
    here.respond(at_home, 180, "Ringing")
    there.respond(at_work, 180, "Ringing")
    caller.wait_ringing(dialled)
    there.respond(at_work, 200)
    answer = caller.final(dialled, "INVITE")
    assert status_of(answer) == 200
    caller.acknowledge(dialled, answer)
    there.incoming("ACK")
    here.respond(here.incoming("CANCEL"), 200)
    here.respond(at_home, 487, "Request Terminated")
    assert status_of(caller.hang_up_at(there, dialled, answer)) == 200
