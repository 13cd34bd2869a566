"""Maps and tables of the mesh as the owner reads them."""

from bellhop.shell import shown_events, tables
from bellhop.shell.mesh import maps

KEYS = [letter * 52 for letter in "abcdef"]


def graph(names, edges, own=0):
    nodes = [{"node": KEYS[index], "name": name} for index, name in enumerate(names)]
    return {
        "own": KEYS[own],
        "nodes": nodes,
        "edges": [[KEYS[one], KEYS[other], cost] for one, other, cost in edges],
    }


def test_map_is_a_tree_of_ways_and_the_links_beside_it():
    edges = ((0, 1, 1), (1, 2, 3), (0, 3, 1), (2, 3, 1))
    assert maps.drawn(graph(("barn", "mill", "farm", "", "lost"), edges)) == [
        "barn (this node)",
        "├─ mill",
        "│  └─ farm, cost 3",
        "└─ dddddddd",
        "",
        "further links",
        "farm - dddddddd",
        "",
        "no way there now: lost",
    ]


def test_nodes_of_one_name_are_told_apart():
    names = maps.named(graph(("mill", "mill", "farm"), ())["nodes"])
    assert list(names.values()) == ["mill (aaaaaaaa)", "mill (bbbbbbbb)", "farm"]


def test_long_lines_of_nodes_are_drawn():
    count = 3000
    nodes = [{"node": "%052d" % number, "name": "n%d" % number} for number in range(count)]
    edges = [["%052d" % at, "%052d" % (at + 1), 1] for at in range(count - 1)]
    lines = maps.drawn({"own": "%052d" % 0, "nodes": nodes, "edges": edges})
    assert lines[-1].endswith("└─ n2999")


def test_routes_show_keys_in_full():
    rows = [
        {"node": KEYS[1], "name": "mill", "cost": 1, "hops": 1, "via": KEYS[1]},
        {"node": KEYS[2], "name": "farm", "cost": 4, "hops": 2, "via": KEYS[1]},
    ]
    assert tables.shown("routes", {"routes": rows}) == [
        "mill: 1 hop, cost 1", "    " + KEYS[1], "farm: 2 hops over mill, cost 4", "    " + KEYS[2],
    ]  # fmt: skip


def test_peers_say_who_is_none_and_why():
    neighbour = {
        "name": "mill", "host": "10.0.0.2", "link": "eth0", "how": "multicast",
        "reason": "two-way", "since_ms": 90000, "heard_ms": 1200, "cost": 1,
    }  # fmt: skip
    host = {
        "host": "192.0.2.9", "port": 5066, "source": "named by the owner",
        "reason": "has not answered", "failures": 0, "success_ms": None,
    }  # fmt: skip
    lines = tables.shown("peers", {"peers": [neighbour], "hosts": [host]})
    assert lines[1].split() == [
        "mill",
        "10.0.0.2",
        "eth0",
        "multicast",
        "two-way",
        "1m30",
        "1s",
        "1",
    ]
    assert "has not answered" in lines[-1]
    assert tables.shown("peers", {"peers": [], "hosts": []}) == ["no other node is heard"]


def test_what_changes_in_the_mesh_is_told_in_words():
    for fields, words in (
        ({"what": "records", "changed": 3}, "mesh: what nodes say of themselves: changed 3"),
        (
            {"what": "records", "changed": 1, "lost": ["barn", "mill"], "found": ["farm"]},
            "mesh: no way leads to barn, mill any more; a way leads to farm",
        ),
        (
            {"what": "records", "twin": 1},
            "mesh: another node uses the identity of this one",
        ),
        (
            {"what": "neighbour", "host": "10.9.0.2", "state": "gone", "reason": "silent"},
            "neighbour 10.9.0.2: silent",
        ),
    ):
        assert shown_events.line(dict(fields, event="peer")) == words
