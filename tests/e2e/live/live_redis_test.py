#!/usr/bin/python3
"""Compares with a real Redis Cluster: the node that its MOVED errors name."""

import time
import unittest

from tests.e2e.live.live_case import Connection, LiveCase, free_ports

SLOTS = 16384


class Redis(Connection):
    """A connection that pipelines commands."""

    def send(self, *words):
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(
            b"$%d\r\n%s\r\n" % (len(word), word) for word in words))

    def answer(self):
        line = self.file.readline().rstrip(b"\r\n")
        if line[:1] == b"$" and line != b"$-1":
            return self.file.read(int(line[1:]) + 2)[:-2]
        return line

    def call(self, *words):
        self.send(*words)
        return self.answer()


class RedisTest(LiveCase):
    def cluster(self, ports):
        """Starts a cluster in which each slot belongs to a random node."""
        owned = {port: [] for port in ports}
        for slot in range(SLOTS):
            owned[self.random.choice(ports)].append(slot)
        nodes = {}
        for port, bus in zip(ports, free_ports(len(ports))):
            self.start(["/usr/bin/redis-server", "--port", str(port),
                        "--bind", "127.0.0.1", "--cluster-enabled", "yes",
                        "--cluster-port", str(bus), "--cluster-config-file",
                        f"{self.folder}/nodes-{port}", "--save", "",
                        "--appendonly", "no"])
            self.await_port(port)
            nodes[port] = Redis(port)
            self.addCleanup(nodes[port].close)
            self.assertEqual(nodes[port].call(
                b"CLUSTER", b"ADDSLOTS",
                *(b"%d" % slot for slot in owned[port])), b"+OK")
            self.assertEqual(nodes[ports[0]].call(
                b"CLUSTER", b"MEET", b"127.0.0.1", b"%d" % port, b"%d" % bus),
                b"+OK")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not all(
                b"cluster_state:ok" in node.call(b"CLUSTER", b"INFO")
                for node in nodes.values()):
            time.sleep(0.2)
        return owned, nodes

    def test_the_owner_of_a_keys_slot(self):
        ports = free_ports(3)
        owned, nodes = self.cluster(ports)
        keys = self.keys()
        keys[:3000] = [b"a{%d}%d" % (self.random.randrange(999), i)
                       for i in range(3000)]
        keys[3000:3010] = [b"{}x%d" % i for i in range(10)]
        asked = nodes[ports[0]]
        theirs = []
        for first in range(0, len(keys), 500):
            some = keys[first:first + 500]
            for key in some:
                asked.send(b"GET", key)
            for _ in some:
                answer = asked.answer()
                moved = answer.startswith(b"-MOVED ")
                self.assertTrue(moved or answer == b"$-1", answer)
                theirs.append(answer.split(b":")[-1].decode() if moved
                              else str(ports[0]))
        ring = self.make_ring("redis_cluster", [
            {"id": str(port), "points": slots}
            for port, slots in owned.items()])
        self.compare(ring, keys, theirs)


if __name__ == "__main__":
    unittest.main()
