"""What the benchmarks print: rows, as JSON, an object a line."""

import argparse
import itertools
import json
import pathlib
import subprocess

from tests.support.paths import BIN, ROOT


def parser(rounds):
    """What all benchmarks take."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--bin", type=pathlib.Path, default=BIN)
    arguments.add_argument("--rounds", type=int, default=rounds)
    arguments.add_argument("--json", action="store_true")
    return arguments


def of_program(*command):
    out = subprocess.run([str(word) for word in command], check=True,
                         stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout
    return [json.loads(line) for line in out.splitlines()]


def print_json(rows):
    print("\n".join(json.dumps(row) for row in rows))


def by_size(rows):
    """Pairs of a heading and the rows of that size, in their order."""
    for (nodes, points), some in itertools.groupby(
            rows, lambda row: (row["nodes"], row["points"])):
        yield f"{nodes:,} nodes × {points} points = {nodes * points:,}", \
            list(some)
