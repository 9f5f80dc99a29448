#!/usr/bin/python3
"""Measures the processor time of a look-up: in the client library's mirror, and
by RPC (client plus server).

usage: python3 -m tests.bench.client [--bin=DIR] [--rounds=5] [--json] [--quick]
"""

import json
import statistics

from tests.bench import rows
from tests.bench.fanout import cpu, server

NODES = 1000


def once(bin_dir, looks, calls):
    with server(bin_dir) as running:
        rows.of_program(bin_dir / "rpc_client", running.grpc, "fill", NODES, 1)
        before = cpu(running.process.pid)
        [row] = rows.of_program(bin_dir / "client_bench", running.grpc, looks,
                                calls)
        row["rpc_server_ns"] = (cpu(running.process.pid) - before) / calls * 1e9
    return row


def main():
    parser = rows.parser(rounds=5)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    looks, calls = (10_000, 100) if arguments.quick else (10_000_000, 20_000)
    rounds = [once(arguments.bin, looks, calls)
              for _ in range(arguments.rounds)]
    row = {what: statistics.median(one[what] for one in rounds)
           for what in rounds[0] if what.endswith("_ns")}
    remote = row["rpc_client_ns"] + row["rpc_server_ns"]
    row["ratio"] = remote / row["view_ns"]
    row["ratio_locate"] = remote / row["local_ns"]
    if arguments.json:
        print(json.dumps({"bench": "client", "nodes": NODES, **row}))
        return
    print(f"{NODES} nodes; processor time of a look-up\n"
          f"  CurrentView()->Locate {row['view_ns']:9.1f} ns\n"
          f"  Locate                {row['local_ns']:9.1f} ns\n"
          f"  by RPC, client        {row['rpc_client_ns']:9,.0f} ns\n"
          f"  by RPC, server        {row['rpc_server_ns']:9,.0f} ns\n"
          f"  RPC / CurrentView     {row['ratio']:9,.0f}\n"
          f"  RPC / Locate          {row['ratio_locate']:9,.0f}")


if __name__ == "__main__":
    main()
