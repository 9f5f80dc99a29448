#!/usr/bin/python3
"""Computes the literals of tests/ring from the description of HASHED alone.

It takes XXH3 from the system's libxxhash, and computes SplitMix64, points and
fingerprints in Python. It shares no code with the service. Run it by hand; tests
contain its output.
"""
import ctypes
import struct

MASK = 2**64 - 1
GAMMA = 0x9E3779B97F4A7C15
LIBRARY = ctypes.CDLL("libxxhash.so.0")
LIBRARY.XXH3_64bits.restype = ctypes.c_uint64
LIBRARY.XXH3_64bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]


def xxh3(data):
    return LIBRARY.XXH3_64bits(data, len(data))


def splitmix64(state):
    z = state & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def points(hash_key, count):
    start = xxh3(hash_key.encode())
    return [splitmix64(start + (i + 1) * GAMMA) for i in range(count)]


def text(value):
    return struct.pack("<I", len(value)) + value.encode()


def fingerprint(layout, virtual_nodes, replicas, nodes):
    """nodes: (id, hash_key, weight, zone), sorted by id."""
    out = struct.pack("<IIIII", layout, virtual_nodes, 0, replicas, len(nodes))
    ring = []
    for index, (node_id, hash_key, weight, zone) in enumerate(nodes):
        out += text(node_id) + text(hash_key)
        out += struct.pack("<I", weight) + text(zone)
        if layout == 1:
            ring += [(p, index) for p in points(hash_key, virtual_nodes * weight)]
    ring.sort()
    out += struct.pack("<Q", len(ring))
    out += b"".join(struct.pack("<Q", p) for p, _ in ring)
    out += b"".join(struct.pack("<I", i) for _, i in ring)
    return xxh3(out)


def main():
    for value in (b"", b"a", b"abc", b"clockwise", b"message digest"):
        print(f"xxh3 {value!r:24} {xxh3(value):#018X}")
    for size in (3, 4, 8, 9, 16, 17, 128, 129, 240, 241, 1024, 1025, 65536):
        data = bytes(i * 7 % 251 for i in range(size))
        print(f"xxh3 {size:5} bytes i*7%251  {xxh3(data):#018X}")
    for name in ("a", "cache-1", "node-1.example:7400"):
        print("points", name, " ".join(f"{p:#018X}" for p in points(name, 5)))
    drawn = sorted((p, n) for n, w in (("a", 1), ("b", 1), ("c", 2))
                   for p in points(n, 2 * w))
    for position, name in drawn:
        print(f"drawn {position:#018X} {name}")
    nodes = [("a", "a", 1, "x"), ("b", "b", 1, "y"), ("c", "c", 2, "x")]
    print(f"fingerprint hashed {fingerprint(1, 2, 2, nodes):#018X}")
    print(f"fingerprint modulo {fingerprint(3, 0, 2, nodes):#018X}")
    print(f"fingerprint empty  {fingerprint(1, 160, 1, []):#018X}")
    tied = [("a", "same", 1, ""), ("b", "same", 1, ""), ("c", "c", 1, "")]
    print(f"fingerprint tied   {fingerprint(1, 2, 1, tied):#018X}")
    print("tied", " ".join(f"{p:#018X}" for p in points("same", 2)))


if __name__ == "__main__":
    main()
