#!/usr/bin/python3
"""Prints the cost of a look-up as ratios within one run: the figures of
lookup_bench as a table.

usage: python3 -m tests.bench.lookup [--bin=DIR] [--rounds=N] [--count] [--json] [NODESxPOINTS ...]

"× limit" is the time relative to one XXH3 and one random read in as much memory
as the ring's index. "× ring" is the time relative to the ring's own look-up.
--count: also counts the instructions of a look-up at the first size, with
callgrind.
"""

from tests.bench import counting, rows

SIZES = ["10x160", "100x160", "1000x160", "10000x160"]


def ratio(row, ring, limits):
    """Returns the row's figure and the ratio that belongs to it."""
    limit = limits.get("limit, 2^16 owners" if row["way"] == "partitioned"
                       else "limit")
    if row["way"].startswith(("ring", "partitioned")):
        return f"{row['ns'] / limit:5.2f} × limit"
    if row["way"] in limits:
        return ""
    return f"{row['ns'] / ring:5.1f} × ring"


def add_instructions(measured, arguments):
    size = arguments.sizes[0]
    for row in measured:
        if f"{row['nodes']}x{row['points']}" == size:
            row["instructions"] = counting.each(
                32_000, 160_000, arguments.bin / "lookup_bench", "count",
                row["way"], size)


def main():
    parser = rows.parser(rounds=11)
    parser.add_argument("--count", action="store_true")
    parser.add_argument("sizes", nargs="*", default=SIZES)
    arguments = parser.parse_args()
    measured = rows.of_program(arguments.bin / "lookup_bench",
                               arguments.rounds, *arguments.sizes)
    if arguments.count:
        add_instructions(measured, arguments)
    if arguments.json:
        rows.print_json(measured)
        return
    for size, some in rows.by_size(measured):
        ns = {row["way"]: row["ns"] for row in some}
        limits = {way: ns[way] for way in ns if way.startswith("limit")}
        per_point = max(row["bytes_per_point"] for row in some)
        print(f"\n{size}; {per_point:.1f} bytes a point, all in")
        for row in some:
            count = (f"{row['instructions']:7.0f} instructions"
                     if "instructions" in row else "")
            print(f"  {row['way']:22} {row['ns']:9.1f} ns {count}  "
                  f"{ratio(row, ns['ring'], limits)}".rstrip())


if __name__ == "__main__":
    main()
