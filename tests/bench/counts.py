#!/usr/bin/python3
"""Prints the cost of counting a located key: the figures of counts_bench as a
table.

usage: python3 -m tests.bench.counts [--bin=DIR] [--rounds=N] [--count] [--json]

--count: also counts the instructions of one count, with callgrind.
"""

from tests.bench import counting, rows


def main():
    parser = rows.parser(rounds=7)
    parser.add_argument("--count", action="store_true")
    arguments = parser.parse_args()
    program = arguments.bin / "counts_bench"
    measured = rows.of_program(program, arguments.rounds)
    if arguments.count:
        measured[0]["instructions"] = counting.each(
            100_000, 1_100_000, program, "count")
    if arguments.json:
        rows.print_json(measured)
        return
    for row in measured:
        count = (f"  {row['instructions']:.1f} instructions"
                 if "instructions" in row else "")
        print(f"  {row['way']:24} {row['ns']:7.2f} ns a count{count}")


if __name__ == "__main__":
    main()
