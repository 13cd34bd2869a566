"""Lite and full nodes form one mesh, and calls pass both ways."""

from tests.lite.node import TownNode
from tests.mesh.handset import call
from tests.mesh.town import line
from tests.support import interpreter
from tests.system.phones.call import connect, hear_each_other


def town_with_lite(streets, compiled, name, count, lite, routed=False):
    """Return a started town in which the nodes of these numbers are lite ones."""
    town = streets.town(name, line(count), routed)
    for number in lite:
        town.nodes[number] = TownNode(town.nodes[number], compiled)
    town.start()
    town.wait_reach()
    return town


def test_real_phones_call_both_ways_between_a_lite_and_a_full_node(streets, see, compiled):
    town = town_with_lite(streets, compiled, "litefull", 2, [0], routed=True)
    first, last = streets.phone("baresip", town, 0), streets.phone("linphone", town, 1)
    for phone in (first, last):
        phone.wait_registered()
    see(town.nodes[0], "u1")
    see(town.nodes[1], "u0")
    for caller, callee, target in ((first, last, "201"), (last, first, "sip:u0@node0")):
        connect(caller, callee, target)
        hear_each_other(caller, callee)
        caller.hangup()
        callee.wait_closed()
        caller.wait_closed()


def test_calls_pass_a_lite_node_in_the_middle_and_end_at_lite_nodes(streets, see, compiled):
    town = town_with_lite(streets, compiled, "litemid", 4, [1, 3])
    first, last = streets.handset(town, 0), streets.handset(town, 3)
    see(town.nodes[0], "u3")
    see(town.nodes[3], "u0")
    call(first, last, "203")
    call(last, first, "u0")
    entries = {entry["display"]: entry for entry in town.nodes[3].who()}
    call(last, first, entries["u0"]["number"])
    call(last, first, entries["u0"]["address"])


def test_neighbours_come_with_the_cable_and_go_with_it(streets, compiled):
    town = town_with_lite(streets, compiled, "litecable", 3, [0, 2])
    town.cables[1, 2].cut()
    town.wait_reach([[0, 1], [2]])
    town.cables[1, 2].mend()
    town.wait_reach()
    town.nodes[2].stop()
    town.wait_reach([[0, 1]])


def test_without_libsodium_it_has_no_mesh_and_says_so(streets, see, compiled):
    town = streets.town("litebare", line(2))
    bare = town.nodes[1] = TownNode(town.nodes[1], compiled)
    bare.interpreter = interpreter.micropython()  # It has no ffi, hence no library.
    town.start()
    town.wait_reach([[0]])
    status = bare.ask("status")
    assert "no mesh" in status["signatures"]
    assert [problem for problem in status["problems"] if "libsodium" in problem]
    first = streets.handset(town, 1)
    second = streets.handset(town, 1, name="other")
    call(first, second, "201")
