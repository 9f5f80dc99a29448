#!/usr/bin/python3
"""What a look-up costs as ratios within one run: lookup_bench as a table.

usage: lookup.py [--bin=DIR] [--rounds=N] [--json] [NODESxPOINTS ...]

"× limit" is over one XXH3 and one random read of as much memory as the ring's
index has; "of" is how many times the ring's own look-up the others take.
"""

import argparse
import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
SIZES = ["10x160", "100x160", "1000x160", "10000x160"]


def measure(arguments):
    out = subprocess.run(
        [arguments.bin / "lookup_bench", str(arguments.rounds),
         *arguments.sizes], check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def ratio(row, ring, limits):
    """The row's figure, and what it is a ratio of."""
    limit = limits["limit, 2^16 owners" if row["way"] == "partitioned"
                   else "limit"]
    if row["way"].startswith(("ring", "partitioned")):
        return f"{row['ns'] / limit:5.2f} × limit"
    if row["way"] in limits:
        return ""
    return f"{row['ns'] / ring:5.1f} × ring"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path,
                        default=ROOT / "build/release/bin")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("sizes", nargs="*", default=SIZES)
    arguments = parser.parse_args()
    rows = measure(arguments)
    if arguments.json:
        print("\n".join(json.dumps(row) for row in rows))
        return
    for size in arguments.sizes:
        nodes, points = map(int, size.split("x"))
        some = [row for row in rows
                if (row["nodes"], row["points"]) == (nodes, points)]
        ns = {row["way"]: row["ns"] for row in some}
        limits = {way: ns[way] for way in ns if way.startswith("limit")}
        per_point = max(row["bytes_per_point"] for row in some)
        print(f"\n{nodes:,} nodes × {points} points = {nodes * points:,}; "
              f"{per_point:.1f} bytes a point, all in")
        for row in some:
            print(f"  {row['way']:22} {row['ns']:9.1f} ns   "
                  f"{ratio(row, ns['ring'], limits)}".rstrip())


if __name__ == "__main__":
    main()
