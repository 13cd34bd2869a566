"""Nodes find each other, publish, and phones on their ends call: by every kind of name."""

from tests.mesh.handset import call, field
from tests.mesh.town import line
from tests.system.phones.call import connect, hear_each_other


def test_line_without_ip_routes_calls_from_end_to_end_by_every_name(streets, see):
    town = streets.town("line", line(4))
    town.start()
    town.wait_reach()
    first, last = streets.handset(town, 0), streets.handset(town, 3)
    see(town.nodes[0], "u3")
    see(town.nodes[3], "u0")
    call(first, last, "203")
    call(last, first, "u0")
    call(first, last, "sip:u3@node3")
    call(last, first, "sip:u0@" + town.nodes[0].key())
    entries = {entry["display"]: entry for entry in town.nodes[0].who()}
    number = entries["u3"]["number"]
    assert number.isdigit()
    call(first, last, number)
    assert entries["u3"]["place"] == "node3, 3 hops"
    came = call(first, last, entries["u3"]["address"])
    assert field(came, "From").startswith('"u0 (node0')


def test_neighbours_come_with_cable_and_go_with_it(streets):
    town = streets.town("cable", line(3))
    town.cables[1, 2].cut()
    town.start()
    town.wait_reach([[0, 1], [2]])
    town.cables[1, 2].mend()
    town.wait_reach()
    town.nodes[2].stop()
    town.wait_reach([[0, 1]])
    town.start([2])
    town.wait_reach()


def test_real_phones_on_the_ends_of_four_hops_hear_each_other(streets, see):
    town = streets.town("sound", line(5), routed=True)
    town.start()
    town.wait_reach()
    first, last = streets.phone("baresip", town, 0), streets.phone("linphone", town, 4)
    for phone in (first, last):
        phone.wait_registered()
    see(town.nodes[0], "u4")
    see(town.nodes[4], "u0")
    connect(first, last, "204")
    hear_each_other(first, last)
    last.hangup()
    for phone in (first, last):
        phone.wait_closed()
    connect(last, first, "sip:u0@node0")
    hear_each_other(first, last)
    last.hangup()
    first.wait_closed()
