"""Measures the table of layouts in client/README.md with `clockwise
simulate`."""

import json
import subprocess

# Rows of the table of layouts: their name there, and their name in simulate.
COMPARED = {"`MODULO`": ("modulo", None)}
COMPARED |= {f"`HASHED`, {points}": ("hashed", int(points.split()[0].replace(",", "")))
             for points in ("1 point a node", "16 points", "160 points", "1,000 points")}
COMPARED["`PARTITIONED`, 65,536"] = ("partitioned", None)


def rows(bin_dir):
    """Returns the rows of the table of layouts, measured by simulate."""
    cells = {}
    for nodes in (10, 100, 1000):
        lines = subprocess.run(
            [bin_dir / "clockwise", "simulate", f"--nodes={nodes}", "--keys=0",
             "--virtual-nodes=1,16,160,1000", "--output=json"],
            stdout=subprocess.PIPE, encoding="utf-8", check=True).stdout.splitlines()
        for row in map(json.loads, lines):
            key = (row["layout"], row.get("virtualNodes"))
            before = row["balanceBefore"]
            cells.setdefault(key, []).extend(
                [f"{before['peakToMean']:.3f}", f"{before['stddev']:.3f}",
                 f"{row['movedToMinimum']:.2f}"])
    return [f"| {name} | {' | '.join(cells[key])} |" for name, key in COMPARED.items()]
