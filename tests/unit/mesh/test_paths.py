"""Paths: shortest, the same on all routers, and others that avoid them."""

import unittest

from bellhop.mesh import paths


def graph(*edges):
    """Return edges_of for a list of (one, other, cost)."""
    table = {}
    for one, other, cost in edges:
        table.setdefault(one, {})[other] = cost
        table.setdefault(other, {})[one] = cost
    return lambda node: table.get(node, {})


RING = graph(("a", "b", 1), ("b", "c", 1), ("c", "d", 1), ("d", "e", 1), ("e", "a", 1))


class Paths(unittest.TestCase):
    def test_the_shortest_comes_first_and_the_other_way_round_second(self):
        self.assertEqual(paths.disjoint("a", "c", RING, 2), [["b", "c"], ["e", "d", "c"]])

    def test_cost_decides_before_hops(self):
        edges = graph(("a", "b", 8), ("a", "c", 1), ("c", "b", 1))
        self.assertEqual(paths.disjoint("a", "b", edges, 2), [["c", "b"], ["b"]])

    def test_equal_costs_are_decided_alike_everywhere(self):
        edges = graph(("a", "x", 1), ("a", "w", 1), ("x", "b", 1), ("w", "b", 1))
        self.assertEqual(paths.disjoint("a", "b", edges, 1), [["w", "b"]])

    def test_a_bottleneck_is_shared_when_there_is_no_other_way(self):
        edges = graph(
            ("a", "m", 1), ("m", "x", 1), ("m", "y", 1), ("x", "b", 1), ("y", "b", 1)
        )  # fmt: skip
        self.assertEqual(paths.disjoint("a", "b", edges, 2), [["m", "x", "b"], ["m", "y", "b"]])

    def test_so_is_the_last_link(self):
        edges = graph(("a", "x", 1), ("a", "y", 1), ("x", "b", 1), ("y", "b", 1), ("b", "z", 1))
        self.assertEqual(paths.disjoint("a", "z", edges, 3), [["x", "b", "z"], ["y", "b", "z"]])

    def test_no_way_is_no_path(self):
        self.assertEqual(paths.disjoint("a", "z", RING, 2), [])

    def test_one_way_is_one_path(self):
        self.assertEqual(paths.disjoint("a", "b", graph(("a", "b", 1)), 2), [["b"]])


class PrivateWaysTest(unittest.TestCase):
    """s and t beside each other, over one (m), and over three (x, y, z) nodes."""

    EDGES = (
        ("s", "t", 1), ("s", "m", 5), ("m", "t", 5), ("s", "x", 1), ("x", "y", 1), ("y", "z", 1),
        ("z", "t", 1),
    )  # fmt: skip

    def test_one_node_lies_between_and_others_are_apart(self):
        ways = paths.apart("s", "t", graph(*self.EDGES), 3)
        self.assertEqual(ways, [["x", "y", "z", "t"], ["m", "t"]])

    def test_three_nodes_lie_between(self):
        self.assertEqual(paths.far_apart("s", "t", graph(*self.EDGES), 3), [["x", "y", "z", "t"]])
        self.assertEqual(paths.far_apart("s", "t", graph(*self.EDGES[:4]), 3), [])

    def test_a_way_of_three_may_have_to_go_round(self):
        edges = graph(
            ("s", "a", 1), ("a", "b", 1), ("b", "t", 1), ("a", "c", 9), ("c", "b", 9)
        )  # fmt: skip
        self.assertEqual(paths.far_apart("s", "t", edges, 3), [["a", "c", "b", "t"]])

    def test_a_friend_is_asked_first_and_no_node_twice(self):
        edges = graph(
            ("s", "a", 1), ("s", "f", 8), ("a", "b", 1), ("f", "b", 1), ("b", "c", 1), ("c", "t", 1)
        )  # fmt: skip
        ways = paths.far_apart("s", "t", edges, 3, ["f"])
        self.assertEqual(ways, [["f", "b", "c", "t"], ["a", "b", "c", "t"]])
        for way in ways:
            self.assertEqual(len(set(way + ["s"])), len(way) + 1)


if __name__ == "__main__":
    unittest.main()
