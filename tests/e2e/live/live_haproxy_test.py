#!/usr/bin/python3
"""Compares with the real HAProxy: the configuration that it runs is
imported."""

import re
import subprocess
import unittest

from tests.e2e.live.live_case import HEADER_BYTES, LiveCase, free_ports, get_all

HAPROXY = "/usr/sbin/haproxy"

CONFIGURATION = """
global
  maxconn 2000
  stats socket {folder}/socket
defaults
  mode http
  timeout client 20s
  timeout connect 20s
  timeout server 20s
  option http-keep-alive
  http-reuse always
frontend front
  bind 127.0.0.1:{front}
  option accept-invalid-http-request
  use_backend cache
backend cache
  balance hdr(x-key)
{hash_type}
{servers}
{backs}
"""

BACK = """
frontend back{port}
  bind 127.0.0.1:{port}
  http-request return status 200 content-type text/plain string "{name}"
"""


def import_name():
    """Returns the value of --from for the installed HAProxy.

    HAProxy 3.0 changed the points of `hash-type consistent`."""
    text = subprocess.run([HAPROXY, "-v"], check=True, capture_output=True,
                          text=True, timeout=20).stdout
    major = re.match(r"HAProxy version (\d+)\.", text)
    return "haproxy_3" if int(major[1]) >= 3 else "haproxy"


class HaproxyTest(LiveCase):
    def beside(self, hash_type):
        front, *ports = free_ports(1 + self.random.randint(3, 20))
        names = [f"s{i}" for i in range(len(ports))]
        # Some servers have an ID far from the others; the rest are numbered.
        ids = self.random.sample(range(1, 1000), len(ports))
        servers = [
            f"  server {name} 127.0.0.1:{port} weight "
            f"{self.random.choice([0, 1, 2, 5, 100]) if name != 's0' else 3}"
            + (f" id {number}" if self.random.random() < 0.4 else "")
            for name, port, number in zip(names, ports, ids)]
        path = self.write("haproxy.cfg", CONFIGURATION.format(
            folder=self.folder, front=front,
            hash_type=f"  hash-type {hash_type}" if hash_type else "",
            servers="\n".join(servers),
            backs="".join(BACK.format(port=port, name=name)
                          for port, name in zip(ports, names))))
        self.start([HAPROXY, "-db", "-f", path])
        self.await_port(front)
        keys = self.keys(HEADER_BYTES)
        ring = self.import_ring(f"--from={import_name()}", path, "cache")
        self.compare(ring, keys, get_all(front, keys))

    def test_consistent(self):
        self.beside("consistent")

    def test_consistent_with_a_function(self):
        self.beside("consistent " + self.random.choice(
            ["sdbm", "djb2", "wt6", "crc32"]))

    def test_consistent_with_a_function_and_avalanche(self):
        self.beside("consistent " + self.random.choice(
            ["sdbm", "djb2", "wt6", "crc32"]) + " avalanche")

    def test_map_based(self):
        self.beside("map-based " + self.random.choice(
            ["sdbm", "djb2", "wt6", "crc32"]))

    def test_nothing_said(self):
        self.beside("")


if __name__ == "__main__":
    unittest.main()
