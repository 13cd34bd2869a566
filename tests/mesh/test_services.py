"""What the mesh carries besides calls, and the carrier that needs nothing but SIP."""

import os
import re
import signal
import subprocess
import sys

from tests.mesh.handset import begin, call, field, status_of
from tests.mesh.town import PATIENCE, TREE, line, wait_until

CPIM = (
    "NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: m1\r\n"
    "DateTime: 2026-11-21T12:16:49Z\r\nimdn.Disposition-Notification: positive-delivery\r\n"
    "\r\nContent-Type: text/plain\r\n\r\nthe kettle is on"
)


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


def test_presence_is_told_across_the_mesh(streets, see):
    town = streets.town("presence", line(3))
    town.start()
    town.wait_reach()
    watcher, watched = streets.handset(town, 0), streets.handset(town, 2)
    see(town.nodes[0], "u2")
    asked = watcher.dial("202", ["Event: presence", "Expires: 600"], "SUBSCRIBE")
    answer = watcher.final(asked, "SUBSCRIBE")
    assert status_of(answer) == 200, answer
    told = watcher.incoming("NOTIFY")
    watcher.respond(told, 200)
    assert "<basic>open</basic>" in told
    watched.register(0)
    told = watcher.incoming("NOTIFY")
    watcher.respond(told, 200)
    assert "<basic>closed</basic>" in told


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


def test_call_for_help_takes_all_ways_and_a_mute_relay_costs_it_nothing(streets, see):
    """Nodes 1, 2 and 3 lie between: whichever is used first, the others carry the call as well."""
    town = streets.town("ways", [(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4)])
    town.nodes[4].node_options.append("option responders 'u4'")
    town.start()
    town.wait_reach()
    caller, responder = streets.handset(town, 0), streets.handset(town, 4)
    see(town.nodes[0], "u4")
    relays = [town.nodes[number].process for number in (1, 2, 3)]
    for works in range(3):
        mute = [relay for number, relay in enumerate(relays) if number != works]
        for relay in mute:
            relay.send_signal(signal.SIGSTOP)
        try:
            # One way after the other would take four seconds and more.
            dialled, answer, _ = begin(caller, responder, "112")
        finally:
            for relay in mute:
                relay.send_signal(signal.SIGCONT)
        assert status_of(caller.hang_up_at(responder, dialled, answer)) == 200
        town.wait_reach()


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
    # Both houses are home.test: the address leads back to the caller's.
    assert re.match(r'"u0 \(node0\)" <sip:[0-9]{5}200@home.test>', field(came, "From"))


def test_closed_phone_book_is_read_by_contacts_alone(streets):
    town = streets.town("closed", line(3))
    town.nodes[2].mesh_options.append("option profile 'home'")
    town.start()
    town.wait_reach()
    first, middle, last = town.nodes
    assert "u2" not in shown(first)
    with open(f"{last.folder}/bellhop", "a") as file:
        file.write(f"config contact\n\toption address 'sip:u0@{first.key()}'\n")
    last.ask("reload")
    wait_until(lambda: "u2" in shown(first), "the contact reads the phone book")
    assert "u2" not in shown(middle)
    caller, callee = streets.handset(town, 0), streets.handset(town, 2)
    call(caller, callee, shown(first)["u2"])


def shown(node):
    """Return {name: address} of a node's phone book."""
    entries = node.ask("phonebook")["phonebook"]
    return {entry["display"]: entry["address"] for entry in entries}


def test_person_who_moves_to_another_router_keeps_the_address(streets, see):
    town = streets.town("moving", line(3))
    town.nodes[1].users.append(("ann", "", []))
    town.nodes[2].users.append(("ann", "", []))
    town.start()
    town.wait_reach()
    caller = streets.handset(town, 0)
    made = bellhop(town.nodes[1], "person-key", "ann")
    address = made.split()[0]
    there = streets.handset(town, 1, "ann")
    see(town.nodes[0], "ann")
    call(caller, there, address)
    sealed = bellhop(town.nodes[1], "export-person", "ann", says="a long passphrase\n")
    with open(f"{town.folder}/ann", "w") as file:
        file.write(sealed)
    bellhop(town.nodes[2], "import-person", file.name, says="a long passphrase\n")
    town.nodes[1].stop()
    town.nodes[1].users.pop()
    town.start([1])
    town.nodes[2].ask("reload")
    town.wait_reach()
    moved = streets.handset(town, 2, "ann")
    assert town.nodes[2].ask("person", user="ann")["address"] == address
    wait_until(lambda: places(town.nodes[0], "ann") == ["node2, 2 hops"], "it moved")
    call(caller, moved, address)


def places(node, display):
    """Return where a phone book shows phones of a name."""
    return [entry["place"] for entry in node.who() if entry["display"] == display]


def bellhop(node, *words, says=""):
    """Run the command `bellhop` for a node; return what it printed."""
    command = [sys.executable, "-m", "bellhop", words[0], "--state", node.state, *words[1:]]
    environment = {**os.environ, "PYTHONPATH": f"{TREE}/src"}
    done = subprocess.run(
        command, input=says, env=environment, text=True, capture_output=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_sender_who_asks_learns_that_the_message_was_delivered(streets, see):
    town = streets.town("notice", line(3))
    town.start()
    town.wait_reach()
    sender = streets.handset(town, 0)
    see(town.nodes[2], "u0")
    asked = ["Content-Type: message/cpim"]
    answer = sender.ask("MESSAGE", "sip:202@home.test", asked, CPIM)
    assert status_of(answer) == 202, answer
    receiver = streets.handset(town, 2)
    came = receiver.incoming("MESSAGE")
    receiver.respond(came, 200)
    notice = sender.incoming("MESSAGE")
    sender.respond(notice, 200)
    assert "<message-id>m1</message-id>" in notice and "<delivered/>" in notice


def test_extension_of_two_nodes_is_told_apart_in_words(streets, see):
    town = streets.town("choice", line(3))
    for number in (1, 2):
        town.nodes[number].users.append((f"ann{number}", "777", []))
    town.start()
    town.wait_reach()
    caller = streets.handset(town, 0)
    chosen = streets.handset(town, 2, "ann2")
    see(town.nodes[0], "ann2")
    answer = caller.ask("INVITE", "sip:777@home.test")
    assert status_of(answer) == 485, answer
    words = answer.split("\r\n")[0]
    (number,) = re.findall(r"(\d+) for 777 at node2", words)
    assert re.findall(r"(\d+) for 777 at node1", words)
    call(caller, chosen, number)


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
