#!/usr/bin/python3
"""Compares with npm's hashring, and with ring_hash of gRPC for Node, whose
policy picks among real servers."""

import json
import pathlib
import subprocess
import unittest

from tests.e2e.live.live_case import LiveCase
from tests.support import npm_packages

HERE = pathlib.Path(__file__).resolve().parent
TEXT = [ord(c) for c in "abcdefghijklmnopqrstuvwxyz0123456789:/-_."]


class NpmTest(LiveCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.packages = npm_packages.install(cls, HERE / "npm")

    def node(self, script, **asked):
        # A file, because readFileSync of Node cannot wait for a pipe.
        request = pathlib.Path(self.packages, "request.json")
        request.write_text(json.dumps(asked), encoding="utf-8")
        done = subprocess.run(
            ["node", script, str(request)], cwd=self.packages,
            text=True, capture_output=True, timeout=200,
            env=npm_packages.node_environment())
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_hashring(self):
        for options in ({}, {"vnode count": 17}, {"replicas": 3},
                        {"own": True}):
            with self.subTest(options=options):
                own = bool(options.pop("own", False))
                servers = {
                    f"10.0.{self.random.randrange(9)}.{i}:11211": {
                        "weight": self.random.randint(1, 9),
                        **({"vnodes": self.random.randint(1, 200)}
                           if own else {})}
                    for i in range(self.random.randint(2, 30))}
                keys = self.keys(TEXT)
                theirs = self.node("hashring.js", servers=servers,
                                   options=options,
                                   keys=[key.decode() for key in keys])
                ring = self.make_ring("npm_hashring", [
                    {"id": name, "weight": server["weight"],
                     "virtual_node_count": server.get("vnodes", 0)}
                    for name, server in servers.items()],
                    virtual_node_count=options.get("vnode count", 0),
                    points_per_hash=options.get("replicas", 0))
                self.compare(ring, keys, theirs)

    def test_grpc_ring_hash(self):
        # The last ring is capped so low that the order of the servers matters.
        for least, most in ((1024, 4096), (3000, 3100), (64, 50)):
            with self.subTest(least=least, most=most):
                weights = [self.random.randint(1, 9)
                           for _ in range(self.random.randint(2, 12))]
                keys = self.keys(TEXT)
                theirs = self.node(
                    "ring_hash.js", weights=weights,
                    config={"min_ring_size": least, "max_ring_size": most},
                    keys=[key.decode() for key in keys])
                ring = self.make_ring(
                    "grpc_ring_hash",
                    [{"id": address, "weight": weight} for address, weight
                     in zip(theirs["addresses"], weights)],
                    min_ring_size=least, max_ring_size=most)
                self.compare(ring, keys, theirs["owners"])


if __name__ == "__main__":
    unittest.main()
