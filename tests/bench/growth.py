#!/usr/bin/python3
"""Measures cost as rings grow: a look-up, a change, memory and Watch against
nodes and points, as a table and, with --svg, as a chart.

The chart's horizontal axis is the number of nodes. The table also has the
points per node.

usage: python3 -m tests.bench.growth [--bin=DIR] [--rounds=5] [--streams=100] [--svg=FILE] [--json]
                 [NODESxPOINTS ...]
"""

import pathlib
import statistics

from tests.bench import log_plot, rows
from tests.bench.fanout import Clients, server

# The last size leaves room for the nodes that the Watch benchmark adds.
SIZES = ["10x160", "100x160", "1000x160", "10000x160", "62500x160", "99900x100"]
# The rows that are used of each program's output, and their names here.
LOOKUP = {"limit": "limit", "ring": "look-up", "ring, batches of 32": "batched",
          "ring, 3 owners": "3 owners", "Envoy's loop": "Envoy look-up"}
CHANGE = {"Envoy's ring, built": "Envoy, built", "rebuilt": "built",
          "a node added": "node added"}
CHART = [("Nanoseconds a look-up", [*LOOKUP.values()]),
         ("Milliseconds a change", [*CHANGE.values()]),
         ("Bytes a point", ["bytes"]),
         ("Watch: ms from AddNode's reply to the last stream", ["watch"])]


def watch(arguments, nodes, points):
    """Returns the milliseconds from AddNode's reply to the last stream's
    message."""
    with server(arguments.bin, f"--virtual-nodes={points}") as running:
        rows.of_program(arguments.bin / "rpc_client", running.grpc, "fill",
                        nodes, 1)
        clients = Clients(arguments.bin, running.grpc, arguments.streams)
        clients.change()
        last = statistics.median(clients.change()[0]
                                 for _ in range(arguments.rounds))
        clients.end()
    return last


def measure(arguments, size):
    nodes, points = map(int, size.split("x"))
    row = {"bench": "growth", "nodes": nodes, "points": points}
    for one in rows.of_program(arguments.bin / "lookup_bench",
                               arguments.rounds, size):
        if one["way"] in LOOKUP:
            row[LOOKUP[one["way"]]] = one["ns"]
        if one["way"] == "ring":
            row["bytes"] = one["bytes_per_point"]
    for one in rows.of_program(arguments.bin / "change_bench",
                               arguments.rounds, size):
        if one["way"] in CHANGE:
            row[CHANGE[one["way"]]] = one["ms"]
    row["watch"] = watch(arguments, nodes, points)
    return row


def chart(measured):
    xs = [row["nodes"] for row in measured]
    return log_plot.svg(
        "Nodes",
        [(title, [(name, xs, [row[name] for row in measured])
                  for name in names]) for title, names in CHART])


def main():
    parser = rows.parser(rounds=5)
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--svg", type=pathlib.Path)
    parser.add_argument("sizes", nargs="*", default=SIZES)
    arguments = parser.parse_args()
    names = [name for _, some in CHART for name in some]
    if not arguments.json:
        print("".join(f"{head:>14}" for head in ["nodes", "points", *names]))
    measured = []
    for size in arguments.sizes:
        row = measure(arguments, size)
        measured.append(row)
        if arguments.json:
            rows.print_json([row])
        else:
            print(f"{row['nodes']:14,}{row['nodes'] * row['points']:14,}"
                  + "".join(f"{row[name]:14.3f}" for name in names), flush=True)
    if arguments.svg and len(measured) > 1:
        arguments.svg.write_text(chart(measured), encoding="utf-8")


if __name__ == "__main__":
    main()
