"""Reads and prints the rows of the benchmarks: JSON, one object per line."""

import argparse
import itertools
import json
import pathlib
import subprocess

from tests.support.paths import BIN, ROOT


def parser(rounds):
    """Returns a parser of the flags that all benchmarks accept."""
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
    """Yields a heading and the rows of each size, in the order of the rows."""
    for (nodes, points), some in itertools.groupby(
            rows, lambda row: (row["nodes"], row["points"])):
        yield f"{nodes:,} nodes × {points} points = {nodes * points:,}", \
            list(some)
