"""Hosts heard of: bounds, standing, and what survives a restart."""

import unittest

from bellhop.bencode import decode, encode
from bellhop.errors import MeshError
from bellhop.mesh import hostcache
from bellhop.mesh.hostcache import HostCache
from bellhop.mesh.node import MeshSettings
from tests.unit.mesh.network import Network, line

KEY = b"k" * 32


class Bounds(unittest.TestCase):
    def test_one_net_fills_few_places(self):
        cache = HostCache(b"s")
        for number in range(200):
            cache.add("192.0.%d.%d" % (2 + number // 250, number), 5066, b"", "", None, 0)
        self.assertEqual(len(cache.hosts), hostcache.MAX_NET_HOSTS)

    def test_one_teller_fills_few_buckets(self):
        cache = HostCache(b"s")
        for number in range(2000):
            host = "%d.%d.1.1" % (11 + number // 200, number % 200)
            cache.add(host, 5066, b"", "198.51.100.7", None, 0)
        most = hostcache.TELLER_BUCKETS * hostcache.BUCKET_HOSTS
        self.assertLess(len(cache.hosts), most + 1)

    def test_a_host_that_never_answers_is_forgotten(self):
        cache = HostCache(b"s")
        cache.add("192.0.2.1", 5066, b"", "", None, 0)
        for _ in range(hostcache.MAX_FAILURES):
            cache.failed("192.0.2.1", 5066)
        self.assertEqual(cache.hosts, {})


class Kept(unittest.TestCase):
    def snapshot(self):
        cache = HostCache(b"s")
        cache.add("192.0.2.1", 5066, b"", "198.51.100.7", None, 0)
        cache.add("2001:db8::1", 5066, KEY, "", None, 0)
        cache.succeeded("2001:db8::1", 5066, KEY, None, 0)
        cache.reserve("203.0.113.9", 5066, KEY, 0)
        cache.succeeded("203.0.113.9", 5066, KEY, None, 0)
        return cache.write()

    def test_every_host_keeps_its_standing(self):
        cache = HostCache(b"other")
        cache.read(self.snapshot(), 9)
        rows = {
            one.host: (one.success, one.bucket is cache.reserved) for one in cache.hosts.values()
        }
        self.assertEqual(
            rows,
            {"192.0.2.1": (None, False), "2001:db8::1": (9, False), "203.0.113.9": (9, True)},
        )
        self.assertEqual(cache.best(1)[0].host, "203.0.113.9")

    def test_a_damaged_snapshot_is_refused(self):
        rows = decode(self.snapshot())
        wrong = [[5, 5, b"", b"", 0], [b"abc", 5066, b"", b"", 0], [b"abcd", b"1", b"", b"", 0]]
        wrong += [[b"abcd", 70000, b"", b"", 0], [b"abcd", 5066, b"k", b"", 0], [b"abcd"], 7]
        for row in wrong:
            with self.assertRaises(MeshError):
                HostCache(b"s").read(encode(rows + [row]), 0)
        with self.assertRaises(MeshError):
            HostCache(b"s").read(encode({b"a": 1}), 0)


class Shown(unittest.TestCase):
    def test_the_owner_sees_why_an_address_is_no_neighbour(self):
        peers = [("192.0.2.9", 5066)]
        network = Network(2, line(2), settings=lambda index: MeshSettings("n", peers=peers))
        network.run(2000)
        node = network.nodes[0]
        node.discovery.cache.add("192.0.2.1", 5066, b"", "198.51.100.7", None, 0)
        rows = {row["host"]: row["reason"] for row in node.hosts()}
        self.assertEqual(rows, {"192.0.2.9": "has not answered", "192.0.2.1": "not tried yet"})
        network.perform(0, node.link_down(0, network.now))
        rows = {row["host"]: row["source"] for row in node.hosts()}
        self.assertEqual(rows["10.0.0.2"], "a neighbour once")

    def test_the_node_of_a_contact_has_a_reserved_place(self):
        network = Network(2, line(2))
        ids = [network.nodes[1].id]
        network.nodes[0].adopt(MeshSettings("n", contacts=ids))
        network.run(2000)
        self.assertEqual([one.key for one in network.nodes[0].discovery.cache.reserved], ids)


if __name__ == "__main__":
    unittest.main()
