"""Counts instructions with valgrind's callgrind. Counts repeat within half a
percent, which times do not. Instructions of the kernel are not counted."""

import pathlib
import re
import shutil
import subprocess
import tempfile

AVAILABLE = shutil.which("valgrind") is not None


def command(program, folder):
    """Returns the command that runs `program`, a list with its arguments, under
    callgrind. Callgrind writes its count to standard error."""
    return ["valgrind", "--tool=callgrind",
            f"--callgrind-out-file={pathlib.Path(folder) / 'callgrind.out'}",
            *map(str, program)]


def counted(standard_error):
    found = re.search(r"Collected : (\d+)", standard_error)
    return int(found.group(1)) if found else 0


def each(few, many, *program):
    """Returns the instructions per repetition of `program`, whose last argument
    is the number of repetitions. The instructions of start-up are
    subtracted."""
    counts = []
    for times in (few, many):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(command([*program, times], folder),
                                  check=True, capture_output=True, text=True)
            counts.append(counted(done.stderr))
    return (counts[1] - counts[0]) / (many - few)
