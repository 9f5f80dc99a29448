#!/usr/bin/python3
"""Compares with the real libmemcached: all its consistent distributions, and
all hash functions that it was built with."""

import ctypes
import unittest

from tests.e2e.live.live_case import TIMEOUT, LiveCase, pb

HASHES = {"default": 0, "md5": 1, "crc": 2, "fnv1_64": 3, "fnv1a_64": 4,
          "fnv1_32": 5, "fnv1a_32": 6, "murmur": 8, "jenkins": 9,
          "murmur3": 10}
MODULA, KETAMA, SPY = 0, 2, 4  # memcached_server_distribution_t
# memcached_behavior_t
BEHAVIOR_HASH, BEHAVIOR_SORT_HOSTS, BEHAVIOR_DISTRIBUTION = 2, 12, 9

LIBRARY = ctypes.CDLL("libmemcached.so.11")
LIBRARY.memcached_create.restype = ctypes.c_void_p
LIBRARY.memcached_create.argtypes = [ctypes.c_void_p]
LIBRARY.memcached_free.argtypes = [ctypes.c_void_p]
LIBRARY.memcached_behavior_set.argtypes = [ctypes.c_void_p, ctypes.c_int,
                                           ctypes.c_uint64]
LIBRARY.memcached_server_add_with_weight.argtypes = [
    ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint16, ctypes.c_uint32]
LIBRARY.memcached_generate_hash.argtypes = [ctypes.c_void_p, ctypes.c_char_p,
                                            ctypes.c_size_t]
LIBRARY.memcached_generate_hash.restype = ctypes.c_uint32


class LibmemcachedTest(LiveCase):
    def hosts(self, weighted):
        """Returns names that share prefixes, some with the port that is not
        hashed."""
        hosts = [(f"10.0.{self.random.randrange(9)}.{i}",
                  self.random.choice([11211, 11000 + self.random.randrange(200)]),
                  self.random.randint(1, 20) if weighted else 1)
                 for i in range(self.random.randint(2, 40))]
        # Three ports of one host, whose numbers and texts sort differently.
        hosts += [("10.0.5.200", port, 1) for port in (11300, 9000, 11211)]
        if weighted:  # libmemcached ignores weights if none is above 1
            hosts[0] = (*hosts[0][:2], 7)
        return hosts

    def theirs(self, distribution, hash_number, hosts, keys, sort_hosts):
        client = LIBRARY.memcached_create(None)
        self.addCleanup(LIBRARY.memcached_free, client)
        for behavior, value in ((BEHAVIOR_DISTRIBUTION, distribution),
                                (BEHAVIOR_HASH, hash_number),
                                (BEHAVIOR_SORT_HOSTS, sort_hosts)):
            self.assertEqual(
                LIBRARY.memcached_behavior_set(client, behavior, value), 0)
        for name, port, weight in hosts:
            self.assertEqual(LIBRARY.memcached_server_add_with_weight(
                client, name.encode(), port, weight), 0)
        return [LIBRARY.memcached_generate_hash(client, key, len(key))
                for key in keys]

    def beside(self, distribution, name, weighted=False, sort_hosts=0):
        for hash_name, number in HASHES.items():
            with self.subTest(hash=hash_name):
                hosts = self.hosts(weighted)
                keys = self.keys()
                ring = self.import_ring(
                    "--from=memcached", f"--distribution={name}",
                    ",".join(f"{host}:{port}:{weight}"
                             for host, port, weight in hosts),
                    f"--set=key_hash={hash_name}",
                    *(["--set=sort_hosts=true"] if sort_hosts else []))
                nodes = self.ids_in_order(ring)
                if sort_hosts:
                    nodes.sort(key=lambda node: (node.split(":")[0], int(
                        node.split(":")[1] if ":" in node else 11211)))
                self.compare(ring, keys, [
                    nodes[index] for index
                    in self.theirs(distribution, number, hosts, keys,
                                         sort_hosts)],
                    spread=hash_name != "crc")  # has 15 bits only

    def ids_in_order(self, ring):
        snapshot = self.stub.GetRing(pb.GetRingRequest(ring=ring),
                                     timeout=TIMEOUT).snapshot
        return [node.id for node
                in sorted(snapshot.nodes, key=lambda node: node.ordinal)]

    def test_ketama(self):
        self.beside(KETAMA, "ketama")

    def test_ketama_with_weights(self):
        self.beside(KETAMA, "ketama", weighted=True)

    def test_spy(self):
        self.beside(SPY, "spy")

    def test_modula(self):
        self.beside(MODULA, "modula")

    def test_sorted_hosts(self):
        self.beside(MODULA, "modula", sort_hosts=1)
        self.beside(KETAMA, "ketama", weighted=True, sort_hosts=1)


if __name__ == "__main__":
    unittest.main()
