#!/usr/bin/python3
"""Prints the cost of changes of a PARTITIONED ring: the figures of assign_bench
as a table.

usage: python3 -m tests.bench.assign [--bin=DIR] [--rounds=N] [--json] [NODESxPARTITIONS ...]

"× faster" is the time with one search per exchange, divided by the time with
rounds, both of the same run. Rings of 2^18 partitions and more have rounds only.
"""

from tests.bench import rows

SIZES = ["1000x65536", "1000x262144", "1000x1048576"]
ONE_BY_ONE = ", one by one"


def main():
    parser = rows.parser(rounds=3)
    parser.add_argument("sizes", nargs="*", default=SIZES)
    arguments = parser.parse_args()
    measured = rows.of_program(arguments.bin / "assign_bench",
                               arguments.rounds, *arguments.sizes)
    if arguments.json:
        rows.print_json(measured)
        return
    for _, some in rows.by_size(measured):
        print(f"\n{some[0]['nodes']:,} nodes, {some[0]['points']:,} partitions")
        times = {row["way"]: row["ms"] for row in some}
        for way, ms in times.items():
            single = times.get(way + ONE_BY_ONE)
            ratio = f"   {single / ms:6.1f} × faster" if single else ""
            print(f"  {way:42} {ms:11.3f} ms{ratio}")


if __name__ == "__main__":
    main()
