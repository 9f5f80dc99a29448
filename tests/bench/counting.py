"""Instructions, counted by valgrind's callgrind: they repeat to half a percent
where times do not. The kernel's are not in them."""

import pathlib
import re
import shutil
import subprocess
import tempfile

AVAILABLE = shutil.which("valgrind") is not None


def command(program, folder):
    """`program` and its arguments, under callgrind; what it counted stands in
    its standard error."""
    return ["valgrind", "--tool=callgrind",
            f"--callgrind-out-file={pathlib.Path(folder) / 'callgrind.out'}",
            *map(str, program)]


def counted(standard_error):
    found = re.search(r"Collected : (\d+)", standard_error)
    return int(found.group(1)) if found else 0


def each(few, many, *program):
    """Of each time that `program` does something, whose last argument is how
    often: what more times take, without what starting takes."""
    counts = []
    for times in (few, many):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(command([*program, times], folder),
                                  check=True, capture_output=True, text=True)
            counts.append(counted(done.stderr))
    return (counts[1] - counts[0]) / (many - few)
