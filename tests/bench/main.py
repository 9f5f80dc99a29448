"""Runs all benchmarks, one after another, and prints tables, or with --json
writes a file of rows.

usage: tests/bench/run [--bin=DIR] [--quick] [--json=FILE] [NAME ...]

Names: lookup, change, assign, counts, client, rpc, watch, burst, growth (default:
all).
Compare ratios within a run only. Instructions are counted if valgrind is
installed. --quick: runs each case once with little work, to check that it runs.
"""

import argparse
import json
import pathlib
import subprocess
import sys

from tests.bench import counting, rows
from tests.support.paths import ROOT

COUNT = ["--count"] if counting.AVAILABLE else []
# The commands of each benchmark: the full one, and the one for --quick.
BENCHES = {
    "lookup": (["lookup", *COUNT, "1000x160", "10x160", "100x160",
                "10000x160"],
               ["lookup", "--rounds=1", "100x160"]),
    "change": (["change"], ["change", "--rounds=1", "100x160"]),
    "assign": (["assign"], ["assign", "--rounds=1", "100x1024"]),
    "counts": (["counts", *COUNT], ["counts", "--rounds=1"]),
    "client": (["client"], ["client", "--rounds=1", "--quick"]),
    "rpc": (["rpc", *([] if COUNT else ["--rates"])],
            ["rpc", "--rounds=1", "--nodes=10", "--quick"]),
    "watch": (["fanout"], ["fanout", "--rounds=1", "--streams=20"]),
    "burst": (["fanout", "--burst"],
              ["fanout", "--burst", "--rounds=1", "--streams=20"]),
    "growth": (["growth"],
               ["growth", "--rounds=1", "--streams=5", "10x160", "20x160"]),
}


def command(name, arguments):
    full, quick = BENCHES[name]
    script, *words = quick if arguments.quick else full
    return [sys.executable, "-B", "-m", f"tests.bench.{script}",
            f"--bin={arguments.bin}",
            *(["--json"] if arguments.json else []), *words]


def main():
    parser = argparse.ArgumentParser(
        prog="tests/bench/run", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=rows.BIN)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHES],
                        metavar="NAME")
    arguments = parser.parse_args()
    arguments.bin = arguments.bin.resolve()
    measured = []
    for name in arguments.names or BENCHES:
        if arguments.json:
            measured += rows.of_program(*command(name, arguments))
            continue
        print(f"\n== {name}", flush=True)
        subprocess.run(command(name, arguments), check=True, cwd=ROOT)
    if arguments.json:
        arguments.json.write_text(json.dumps(measured, indent=1) + "\n",
                                  encoding="utf-8")


if __name__ == "__main__":
    main()
