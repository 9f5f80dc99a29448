#!/usr/bin/python3
"""Prints the cost of a change of nodes as ratios within one run: the figures of
change_bench as a table.

usage: python3 -m tests.bench.change [--bin=DIR] [--rounds=N] [--json] [NODESxPOINTS ...]

"× faster" is the time to build Envoy's ring, divided by the time of the row.
"""

from tests.bench import rows

SIZES = ["100x160", "1000x160", "10000x160"]


def main():
    parser = rows.parser(rounds=11)
    parser.add_argument("sizes", nargs="*", default=SIZES)
    arguments = parser.parse_args()
    measured = rows.of_program(arguments.bin / "change_bench",
                               arguments.rounds, *arguments.sizes)
    if arguments.json:
        rows.print_json(measured)
        return
    for size, some in rows.by_size(measured):
        print(f"\n{size}")
        peer = some[0]["ms"]
        for row in some:
            print(f"  {row['way']:26} {row['ms']:9.3f} ms   "
                  f"{peer / row['ms']:6.1f} × faster")


if __name__ == "__main__":
    main()
