#!/usr/bin/python3
"""Compares with the real twemproxy: stores keys through the proxy in real
memcached servers, and then looks for them in each server."""

import os
import unittest

from tests.e2e.live.live_case import Connection, LiveCase, free_ports

POOL = """
alpha:
  listen: 127.0.0.1:{front}
  hash: {hash}
  distribution: {distribution}
{tag}  auto_eject_hosts: false
  timeout: 20000
  servers:
{servers}
"""

# Keys of memcached's text protocol have no spaces.
KEY_BYTES = bytes(range(33, 127)) + bytes(range(128, 256))


class Lines(Connection):
    """A connection that speaks memcached's text protocol."""

    def store(self, keys):
        for first in range(0, len(keys), 100):
            some = keys[first:first + 100]
            self.socket.sendall(b"".join(
                b"set " + key + b" 0 0 1\r\nx\r\n" for key in some))
            for key in some:
                line = self.file.readline()
                if line != b"STORED\r\n":
                    raise RuntimeError(f"{key!r}: {line!r}")

    def held(self, keys):
        """Returns the keys of `keys` that this memcached holds."""
        found = set()
        for first in range(0, len(keys), 50):
            self.socket.sendall(
                b"get " + b" ".join(keys[first:first + 50]) + b"\r\n")
            while (line := self.file.readline()) != b"END\r\n":
                found.add(line.split()[1])
                self.file.readline()
        return found


class TwemproxyTest(LiveCase):
    def memcacheds(self, ports):
        user = ["-u", "root"] if os.geteuid() == 0 else []
        for port in ports:
            self.start(["/usr/bin/memcached", "-l", "127.0.0.1", "-p",
                        str(port), "-t", "1", "-m", "32", *user])
        for port in ports:
            self.await_port(port)

    def beside(self, distribution, hash_name, tag=""):
        front, stats, *ports = free_ports(2 + self.random.randint(3, 9))
        self.memcacheds(ports)
        weights = [self.random.choice([1, 1, 2, 5]) for _ in ports]
        # Names have several lengths and random order: twemproxy sorts them.
        names = [f" server{'x' * self.random.randrange(4)}{i}"
                 if self.random.random() < 0.5 else ""
                 for i in range(len(ports))]
        path = self.write("nutcracker.yml", POOL.format(
            front=front, hash=hash_name, distribution=distribution,
            tag=f'  hash_tag: "{tag}"\n' if tag else "",
            servers="\n".join(
                f"   - 127.0.0.1:{port}:{weight}{name}"
                for port, weight, name in zip(ports, weights, names))))
        self.start(["/usr/sbin/nutcracker", "-c", path, "-s", str(stats), "-a",
                    "127.0.0.1"])
        self.await_port(front)
        keys = list(set(self.tagged() if tag else self.keys(KEY_BYTES)))
        proxy = Lines(front)
        self.addCleanup(proxy.close)
        proxy.store(keys)
        owner = {}
        for port, name in zip(ports, names):
            server = Lines(port)
            for key in server.held(keys):
                self.assertNotIn(key, owner)
                owner[key] = name.strip() or f"127.0.0.1:{port}"
            server.close()
        ring = self.import_ring("--from=twemproxy", path, "alpha")
        self.compare(ring, keys, [owner[key] for key in keys])

    def tagged(self):
        """Returns keys with a tag, with an empty tag, and with an unpaired
        brace."""
        forms = [b"user:{%s}:%s", b"{}%s%s", b"%s{%s", b"%s}{%s}"]
        return [self.random.choice(forms) % (
            b"%d" % self.random.randrange(3000),
            b"%d" % self.random.randrange(100000)) for _ in range(10000)]

    def test_ketama(self):
        self.beside("ketama", "fnv1a_64")

    # crc16 and crc32 have few bits: ketama puts nearly all keys on one server.
    def test_ketama_with_another_hash(self):
        self.beside("ketama", self.random.choice(
            ["one_at_a_time", "md5", "crc32a", "fnv1_64", "fnv1_32",
             "fnv1a_32", "hsieh", "murmur", "jenkins"]))

    def test_a_hash_tag(self):
        self.beside("ketama", "murmur", tag="{}")

    def test_modula(self):
        self.beside("modula", self.random.choice(["fnv1a_64", "crc16", "crc32", "md5"]))


if __name__ == "__main__":
    unittest.main()
