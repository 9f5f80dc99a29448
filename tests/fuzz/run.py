#!/usr/bin/python3
"""Runs the fuzz targets, each from its corpus and for some seconds.

usage: run.py BIN_DIR SECONDS [NAME ...]

A run of less than a minute uses a fixed seed, so that others can repeat what it
finds. A longer run uses a new seed each time.

Inputs that crash are kept in the folder `crashes` beside BIN_DIR. The corpus of
a target is corpus/NAME; new inputs are not added to it.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def run(target, seconds, crashes):
    name = target.name.removeprefix("fuzz_")
    with tempfile.TemporaryDirectory(prefix="fuzz-") as found:
        corpora = [found, *filter(pathlib.Path.is_dir,
                                  [HERE / "corpus" / name])]
        done = subprocess.run(
            [target, f"-max_total_time={seconds}", "-rss_limit_mb=2048",
             "-timeout=10", f"-artifact_prefix={crashes}/{name}-",
             "-print_final_stats=1", *(["-seed=1"] if seconds < 60 else []),
             *corpora],
            capture_output=True, text=True, errors="replace")
    executed = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    print(f"{name:14} {int(executed.group(1)) if executed else 0:12,} executions"
          f"  {'ok' if done.returncode == 0 else 'FAILED'}", flush=True)
    if done.returncode != 0:
        print(done.stderr[-4000:])
    return done.returncode == 0, int(executed.group(1)) if executed else 0


def main():
    bin_dir, seconds = pathlib.Path(sys.argv[1]).resolve(), int(sys.argv[2])
    crashes = bin_dir.parent / "crashes"
    crashes.mkdir(exist_ok=True)
    targets = [path for path in sorted(bin_dir.glob("fuzz_*"))
               if not sys.argv[3:]
               or path.name.removeprefix("fuzz_") in sys.argv[3:]]
    results = [run(target, seconds, crashes) for target in targets]
    print(f"{sum(count for _, count in results):,} executions")
    return 0 if results and all(ok for ok, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
