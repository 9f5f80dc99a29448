#!/usr/bin/python3
"""Compares the cost of a look-up by RPC with a gRPC server that looks nothing
up.

Prints two tables. The first has the server's instructions per call (or key),
counted by callgrind: the difference between a long and a short run, without the
kernel. The second has rates: medians of rounds in which all servers take turns.
Both are relative to an empty echo with gRPC's default callback API on shared
libraries, whose responses are as long. The last echo has the form of
clockwised: bytes in and out, linked in the same way. The cost of placement is
the difference between Locate and that echo.

usage: python3 -m tests.bench.rpc [--bin=DIR] [--rounds=7] [--nodes=1000] [--rates] [--quick]
              [--json]
"""

import argparse
import json
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile

from tests.bench import counting, rows

# Kind of call, number of calls in the short run, keys per call.
UNARY, BATCH, STREAM = ("unary", 1000, 1), ("batch", 10, 1000), (
    "stream", 1000, 1)
LONGER = 5  # calls of the long run over those of the short one
# Per row: its name, its server, its calls.
ROWS = [
    ("empty echo", "echo_shared", UNARY),
    ("empty echo, no deadlock detector", "echo_shared without_detector", UNARY),
    ("empty echo, form of Locate", "echo_server raw", UNARY),
    ("Locate", "clockwised", UNARY),
    ("LocateStream, a message", "clockwised", STREAM),
    ("BatchLocate of 1,000, a key", "clockwised", BATCH),
]


class Server:
    """One of the servers, on a free port, optionally under callgrind."""

    def __init__(self, name, arguments, folder, counted=False):
        program, *words = name.split()
        command = [arguments.bin / program, *words]
        if name == "clockwised":
            command += ["--store=memory:", "--listen=127.0.0.1:0",
                        "--http=127.0.0.1:0", "--lame-duck=0",
                        "--drain-grace=1"]
        if counted:
            command = counting.command(command, folder)
        self.log = open(pathlib.Path(folder) / "log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE,
                                        stderr=self.log, text=True)
        line = self.process.stdout.readline()
        self.address = re.search(r"grpc=(\S+)", line).group(1)
        if name == "clockwised":
            self.fill(arguments)

    def fill(self, arguments):
        subprocess.run([arguments.bin / "rpc_client", self.address, "fill",
                        str(arguments.nodes), "1"], check=True,
                       stdout=subprocess.DEVNULL)

    def call(self, arguments, kind, calls, keys):
        out = subprocess.run(
            [arguments.bin / "rpc_client", self.address, kind, str(calls),
             str(keys)], check=True, capture_output=True, text=True).stdout
        return json.loads(out)["keys_per_s"]

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.process.stdout.close()
        self.log.seek(0)
        counted = counting.counted(self.log.read())
        self.log.close()
        return counted


def instructions(arguments, name, calls):
    """Returns the server's instructions per key."""
    kind, few, keys = calls
    counted = []
    for number in (few, few * LONGER):
        with tempfile.TemporaryDirectory() as folder:
            server = Server(name, arguments, folder, counted=True)
            server.call(arguments, kind, number, keys)
            counted.append(server.end())
    return (counted[1] - counted[0]) / (few * (LONGER - 1) * keys)


def rates(arguments):
    """Returns the keys per second of each row, as the median of the rounds."""
    seen = {name: [] for name, *_ in ROWS}
    times = 2 if arguments.quick else 20
    for _ in range(arguments.rounds):
        for name, server_name, (kind, few, keys) in ROWS:
            with tempfile.TemporaryDirectory() as folder:
                server = Server(server_name, arguments, folder)
                seen[name].append(
                    server.call(arguments, kind, few * times, keys))
                server.end()
    return {name: statistics.median(values) for name, values in seen.items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path,
                        default=rows.BIN)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rates", action="store_true",
                        help="no instructions: valgrind is not needed")
    parser.add_argument("--quick", action="store_true",
                        help="rates alone, of few calls: that it runs")
    arguments = parser.parse_args()
    arguments.bin = arguments.bin.resolve()
    counted = {} if arguments.quick or arguments.rates else {
        name: instructions(arguments, server, calls)
        for name, server, calls in ROWS}
    rate = rates(arguments)
    if arguments.json:
        rows.print_json({"bench": "rpc", "nodes": arguments.nodes, "way": name,
                         "instructions": counted.get(name),
                         "keys_per_s": rate[name]} for name in rate)
        return
    first = ROWS[0][0]
    print(f"{arguments.nodes} nodes\n{'':34} {'instructions':>12} "
          f"{'× echo':>7} {'keys/s':>10} {'× echo':>7}")
    for name in rate:
        ir = counted.get(name, 0)
        over = f"{ir / counted[first]:7.3f}" if counted else ""
        print(f"{name:34} {ir:12,.0f} {over:>7} {rate[name]:10,.0f} "
              f"{rate[name] / rate[first]:7.2f}")


if __name__ == "__main__":
    sys.exit(main())
