#!/usr/bin/python3
"""Compares with the real uhashring."""

import unittest

from uhashring import HashRing

from tests.e2e.live.live_case import LiveCase

TEXT = [ord(c) for c in "abcdefghijklmnopqrstuvwxyz0123456789:/-_. "]


class UhashringTest(LiveCase):
    def beside(self, layout, **options):
        for own_vnodes in (False, True):
            with self.subTest(own_vnodes=own_vnodes):
                nodes = {
                    f"node{self.random.randrange(100)}-{i}": {
                        "weight": self.random.randint(0, 6) if i else 1,
                        **({"vnodes": self.random.randint(1, 300)}
                           if own_vnodes else {})}
                    for i in range(self.random.randint(2, 30))}
                theirs = HashRing(nodes=nodes, **options)
                keys = self.keys(TEXT)
                ring = self.make_ring(layout, [
                    {"id": name, "weight": node["weight"],
                     "virtual_node_count": node.get("vnodes", 0)}
                    for name, node in nodes.items()])
                self.compare(ring, keys, [
                    theirs.get_node(key.decode()) for key in keys])

    def test_default(self):
        self.beside("uhashring")

    def test_ketama(self):
        self.beside("uhashring_ketama", hash_fn="ketama")


if __name__ == "__main__":
    unittest.main()
