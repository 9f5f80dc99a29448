#!/usr/bin/python3
"""Compares Watch to many streams with a bare gRPC server that only writes the
same bytes to as many streams.

Both servers are measured in turn, round by round, so that other load on the
machine affects both. Prints for each number of streams: the median over the
rounds of the time from AddNode's reply to the last stream's message, the
server's CPU time per message, its memory per idle stream, and their ratios.

usage: python3 -m tests.bench.fanout [--bin=DIR] [--rounds=9] [--streams=1000,5000,10000]
                 [--slow | --burst] [--json]

--burst: compares 16 consecutive changes with one change instead: the time until
the last stream has received the last change. Also prints how much longer a call
of AddNode takes with all streams open than with one.

--slow: prints instead how much a client that stopped reading (SIGSTOP, with a
tenth of the streams) changes the time of the others' median stream.
"""

import argparse
import glob
import json
import os
import pathlib
import signal
import statistics
import subprocess
import time

from tests.support.paths import ROOT
from tests.support.running_server import RunningServer

PER_CONNECTION = 100
BURST = 16


def memory(pid):
    """Returns the resident memory of a process, in bytes."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu(pid):
    """Returns the CPU seconds that the threads of a process have used so
    far."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path) as file:
            total += int(file.read().split()[0])
    return total / 1e9


class Clients:
    """A process with many streams."""

    def __init__(self, bin_dir, address, streams):
        self.process = subprocess.Popen(
            [bin_dir / "fanout_client", address, str(streams),
             str(PER_CONNECTION)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "open\n"

    def change(self):
        """Makes a change; returns the milliseconds to the last and to the
        median stream, and the bytes of the message."""
        last, median, size, _ = self.ask("change")
        return last, median, int(size)

    def call(self):
        """Returns the milliseconds that AddNode takes."""
        return self.ask("change")[3]

    def burst(self, changes):
        """Returns the milliseconds until all streams have received all
        changes."""
        return self.ask(f"burst {changes}")[0]

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return [float(word) for word in self.process.stdout.readline().split()]

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Side:
    """One of the two servers with its clients and its figures."""

    def __init__(self, name, bin_dir, pid, address, streams):
        self.name, self.pid, self.streams = name, pid, streams
        before = memory(pid)
        self.clients = Clients(bin_dir, address, streams)
        self.clients.change()  # warm-up: the first change is not typical
        self.per_stream = (memory(pid) - before) / streams
        self.last, self.median, self.cpu = [], [], []

    def measure(self):
        before = cpu(self.pid)
        last, median, self.size = self.clients.change()
        self.last.append(last)
        self.median.append(median)
        self.cpu.append((cpu(self.pid) - before) / self.streams * 1e6)

    def row(self):
        return {"bench": "fanout", "streams": self.streams, "server": self.name,
                "last_ms": statistics.median(self.last),
                "cpu_us_per_message": statistics.median(self.cpu),
                "bytes_per_stream": self.per_stream}


def bare_server(bin_dir, size):
    process = subprocess.Popen([bin_dir / "bare_watch_server", str(size)],
                               stdout=subprocess.PIPE, text=True)
    return process, process.stdout.readline().split()[1]


def server(bin_dir, *flags):
    # Disables heartbeats: they would be counted as the change.
    return RunningServer(program=bin_dir / "clockwised", flags=[
        "--watch-heartbeat=3600", *flags])


def server_of_few_points(bin_dir):
    return server(bin_dir, "--virtual-nodes=1")


def message_size(bin_dir):
    """Returns the bytes of the message that reports a change."""
    with server_of_few_points(bin_dir) as running:
        clients = Clients(bin_dir, running.grpc, 1)
        size = clients.change()[2]
        clients.end()
    return size


def compare(bin_dir, streams, rounds):
    bare, address = bare_server(bin_dir, message_size(bin_dir))
    with server_of_few_points(bin_dir) as running:
        sides = [Side("clockwised", bin_dir, running.process.pid, running.grpc,
                      streams),
                 Side("bare", bin_dir, bare.pid, address, streams)]
        for number in range(rounds):
            for side in sides if number % 2 else reversed(sides):
                side.measure()
        for side in sides:
            side.clients.end()
    bare.kill()
    bare.wait()
    bare.stdout.close()
    return sides


def print_comparison(sides):
    ours, bare = sides
    for side in sides:
        print(f"{side.streams:>7}  {side.name:<10}"
              f"{statistics.median(side.last):>10.1f}"
              f"{statistics.median(side.cpu):>12.1f}"
              f"{side.per_stream / 1000:>12.1f}")
    pairs = sorted(a / b for a, b in zip(ours.last, bare.last))
    print(f"{'':>7}  {'ratio':<10}{statistics.median(pairs):>10.2f}"
          f"{statistics.median(ours.cpu) / statistics.median(bare.cpu):>12.2f}"
          f"{ours.per_stream / bare.per_stream:>12.2f}"
          f"   of rounds: {pairs[0]:.2f} to {pairs[-1]:.2f}", flush=True)


def slow_readers(bin_dir, streams, rounds):
    """Returns the medians of the others' median stream, with no stopped client
    and with one."""
    with server_of_few_points(bin_dir) as running:
        clients = Clients(bin_dir, running.grpc, streams - streams // 10)
        stopped = Clients(bin_dir, running.grpc, streams // 10)
        clients.change()
        awake, asleep = [], []
        turns = [(signal.SIGCONT, awake), (signal.SIGSTOP, asleep)]
        for number in range(rounds):
            for how, medians in turns if number % 2 else reversed(turns):
                stopped.process.send_signal(how)
                clients.change()  # the stopped client catches up
                time.sleep(0.1)
                medians.append(clients.change()[1])
        clients.end()
        stopped.end()
    print(f"{streams:>7}  the others' median stream: {statistics.median(awake):.1f} ms"
          f" while all read, {statistics.median(asleep):.1f} ms while a tenth does"
          f" not: ratio {statistics.median(asleep) / statistics.median(awake):.2f}")


def bursts(bin_dir, streams, rounds):
    """Returns medians: a burst, one change, AddNode with all streams and with
    one."""
    with server_of_few_points(bin_dir) as running, \
            server_of_few_points(bin_dir) as quiet:
        clients = Clients(bin_dir, running.grpc, streams)
        alone = Clients(bin_dir, quiet.grpc, 1)
        figures = {"burst": [], "one": [], "call": [], "call alone": []}
        clients.change()
        alone.change()
        for _ in range(rounds):
            figures["burst"].append(clients.burst(BURST))
            figures["one"].append(clients.burst(1))
            figures["call"].append(clients.call())
            figures["call alone"].append(alone.call())
        clients.end()
        alone.end()
    return {what: statistics.median(all_) for what, all_ in figures.items()}


def print_bursts(streams, ms):
    print(f"{streams:>7}  {BURST} changes {ms['burst']:.1f} ms, one "
          f"{ms['one']:.1f} ms: ratio {ms['burst'] / ms['one']:.2f}; AddNode "
          f"{ms['call']:.2f} ms, with one stream {ms['call alone']:.2f} ms",
          flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--bin", type=pathlib.Path,
                        default=ROOT / "build/release/bin")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--streams", default="1000,5000,10000")
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--burst", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    counts = [int(count) for count in options.streams.split(",")]
    if options.slow:
        for streams in counts:
            slow_readers(options.bin, streams, options.rounds)
        return
    if options.burst:
        for streams in counts:
            ms = bursts(options.bin, streams, options.rounds)
            if options.json:
                print(json.dumps({"bench": "burst", "streams": streams, **ms}))
            else:
                print_bursts(streams, ms)
        return
    if not options.json:
        print("streams  server        last, ms  CPU µs/msg   kB/stream")
    for streams in counts:
        sides = compare(options.bin, streams, options.rounds)
        if options.json:
            print("\n".join(json.dumps(side.row()) for side in sides))
        else:
            print_comparison(sides)


if __name__ == "__main__":
    main()
