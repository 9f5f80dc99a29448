#!/usr/bin/python3
"""Runs the commands of README.md in order, as a reader would, and checks its
tables.

Blocks of the README and their tests:
  ```sh       run by bash, one after the other, with the folder and environment
              of the previous block
  ```console  each "$ command" is run; the output must equal the lines below it
              except for times and ports; "…" matches anything
  ```yaml     checked by promtool, as a configuration of Prometheus
  ```python   written to the file that its first line names, for a later command
  ```bash     tested by tests/deploy (a cluster uses ports of this machine)
  ```text     the first is an excerpt of the quickstart: its lines must be in
              the real output, in order
Two commands are exceptions. ./deploy/quickstart keeps running and serves the
other commands; it must leave nothing after Ctrl-C. ./tests/run is not run.

usage: readme_test.py ROOT BIN_DIR
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

from tests.readme import layout_table
from tests.support.etcd_cluster import free_port

BLOCK_SECONDS = 120
START_SECONDS = 240


def fail(message):
    sys.exit(f"readme_test: {message}")


class Block:
    """A fenced block: its language, its text, and its first line."""

    def __init__(self, language, text, line):
        self.language = language
        self.text = text
        self.line = line


def blocks_of(readme):
    pattern = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    return [
        Block(match.group(1), match.group(2), readme.count("\n", 0, match.start()) + 2)
        for match in pattern.finditer(readme)
    ]


def timeless(line):
    """Returns the line without parts that differ between runs: times, ports,
    folders."""
    for pattern, name in (
            (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME"), (r"\b\d+\.\d s\b", "N s"),
            (r"ipv4:127\.0\.0\.1:\d+", "PEER"), (r"/\S*clockwise-quickstart\.\w+", "FOLDER")):
        line = re.sub(pattern, name, line)
    return line.rstrip()


def matches(expected, actual):
    """True if a line is as expected; "…" matches anything."""
    pattern = ".*".join(re.escape(part) for part in timeless(expected).split("…"))
    return re.fullmatch(pattern, timeless(actual)) is not None


def lines_match(expected, actual):
    """True if all lines are as expected; a line "…" matches any lines."""
    if not expected:
        return not actual
    if expected[0].strip() == "…":
        return any(lines_match(expected[1:], actual[n:]) for n in range(len(actual) + 1))
    return (bool(actual) and matches(expected[0], actual[0]) and
            lines_match(expected[1:], actual[1:]))


class Quickstart:
    """A running ./deploy/quickstart."""

    def __init__(self, work, environment):
        self.temporary = work / "tmp"
        self.temporary.mkdir()
        self.log = work / "quickstart.log"
        self.process = subprocess.Popen(
            ["./deploy/quickstart"], cwd=work, stdin=subprocess.DEVNULL,
            stdout=self.log.open("w"), stderr=subprocess.STDOUT,
            env={**environment, "TMPDIR": str(self.temporary)}, start_new_session=True)

    def output(self):
        return self.log.read_text(encoding="utf-8")

    def wait_until_it_serves(self):
        for _ in range(START_SECONDS * 10):
            if "The server runs." in self.output():
                break
            if self.process.poll() is not None:
                fail(f"quickstart ended:\n{self.output()}")
            time.sleep(0.1)
        else:
            fail(f"quickstart takes too long:\n{self.output()}")
        found = re.search(r"^   gRPC +(\S+)\n   HTTP +(\S+)$", self.output(),
                          re.MULTILINE)
        return found.group(1), found.group(2)

    def press_control_c(self):
        os.killpg(self.process.pid, signal.SIGINT)
        if self.process.wait(60) != 0:
            fail(f"after Ctrl-C quickstart exits {self.process.returncode}:\n{self.output()}")
        left = list(self.temporary.iterdir())
        if left:
            fail(f"quickstart left {left}")

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(60)


class Reader:
    """Runs the blocks, one after the other, in a folder that looks like the
    tree."""

    def __init__(self, root, bin_dir, work):
        self.root = root
        self.work = work
        for entry in root.iterdir():
            if entry.name not in ("build", ".git"):
                (work / entry.name).symlink_to(entry)
        (work / "build/release").mkdir(parents=True)
        (work / "build/release/bin").symlink_to(bin_dir)
        self.state = work / ".state"
        self.state.write_text("")
        # Debian's own interpreter is first in PATH: only that one has
        # python3-grpcio.
        self.environment = {
            "HOME": str(work),
            "LC_ALL": "C.UTF-8",
            "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
            "CLOCKWISE_BIN_DIR": str(bin_dir),
        }
        self.quickstart = None
        self.addresses = {}
        self.sessions = []

    def own_addresses(self, text):
        """Returns the text with addresses that are free here instead of the
        README's."""
        def replace(match):
            address = match.group(0)
            if address not in self.addresses:
                self.addresses[address] = f"127.0.0.1:{free_port()}"
            return self.addresses[address]
        return re.sub(r"127\.0\.0\.1:\d+", replace, text)

    def as_in_the_readme(self, text):
        for theirs, ours in self.addresses.items():
            text = text.replace(ours, theirs)
        return text

    def bash(self, block, text):
        """Runs shell text; returns its standard output."""
        script = (f"set -euo pipefail\nsource {self.state}\n{self.own_addresses(text)}\n"
                  f'{{ export -p; echo "cd $PWD"; }} >{self.state}\n')
        process = subprocess.Popen(
            ["/bin/bash", "-c", script], cwd=self.work, env=self.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True, encoding="utf-8")
        self.sessions.append(process.pid)
        try:
            out, err = process.communicate(timeout=BLOCK_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            fail(f"README.md:{block.line}: not done after {BLOCK_SECONDS} s:\n{text}{out}{err}")
        if process.returncode != 0:
            fail(f"README.md:{block.line}: exit {process.returncode}:\n{text}{out}{err}")
        return self.as_in_the_readme(out)

    def end_what_is_left(self):
        """Ends the background processes of a block that failed."""
        for session in self.sessions:
            try:
                os.killpg(session, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def start_quickstart(self):
        self.quickstart = Quickstart(self.work, self.environment)
        grpc, http = self.quickstart.wait_until_it_serves()
        self.addresses = {"127.0.0.1:7400": grpc, "127.0.0.1:7480": http}
        self.environment["CLOCKWISE_SERVER"] = grpc

    def run_sh(self, block):
        ordinary = []
        for line in block.text.splitlines():
            command = line.split("#")[0].strip()
            if command == "./deploy/quickstart":
                self.start_quickstart()
            elif command == "./tests/run":
                if not os.access(self.root / "tests/run", os.X_OK):
                    fail("tests/run is not executable")
            else:
                ordinary.append(line)
        if any(line.strip() for line in ordinary):
            self.bash(block, "\n".join(ordinary))

    def run_console(self, block):
        parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]
        for part in parts:
            command, _, expected = re.match(r"((?:.*\\\n)*.*)(\n|$)((?:.|\n)*)", part).groups()
            actual = self.bash(block, command)
            if not lines_match(expected.rstrip("\n").split("\n"), actual.rstrip("\n").split("\n")):
                fail(f"README.md:{block.line}: $ {command}\nprinted:\n{actual}\nnot:\n{expected}")

    def write_python(self, block):
        name = re.match(r"# (\w+\.py)\n", block.text).group(1)
        (self.work / name).write_text(self.own_addresses(block.text), encoding="utf-8")

    def check_prometheus(self, block):
        (self.work / "prometheus.yaml").write_text(block.text, encoding="utf-8")
        self.bash(block, "promtool check config prometheus.yaml")

    def check_excerpt(self, block):
        real = iter(self.as_in_the_readme(self.quickstart.output()).splitlines())
        for line in block.text.splitlines():
            if line.strip() and not any(matches(line, other) for other in real):
                fail(f"README.md:{block.line}: quickstart does not print (any more):\n{line}\n"
                     f"but:\n{self.quickstart.output()}")


def check_limits(root, readme):
    """Checks that each row of the table of limits that names a constant has its
    value."""
    limits = {}
    for name, value in re.findall(r"\b(k[A-Z]\w*) = ([^;]+);",
                                  (root / "service/limits.h").read_text()):
        limits[name] = eval(re.sub(r"[']|ull", "", value))  # pylint: disable=eval-used
    rows = re.findall(r"^\|.*\| `(k[A-Z]\w*)` \|$", readme, re.MULTILINE)
    for name in rows:
        row = next(line for line in readme.splitlines() if line.endswith(f"| `{name}` |"))
        if f"{limits[name]:,}" not in row:
            fail(f"{name} is {limits[name]:,}, but README.md says: {row}")
    if len(rows) < 10:
        fail("README.md has no table of limits with the constants' names")


def check_links(root, readme):
    """Checks that linked files and headings exist."""
    headings = {"#" + re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
                for heading in re.findall(r"^#+ (.*)$", readme, re.MULTILINE)}
    for target in re.findall(r"\]\(([^)]+)\)", readme):
        there = target in headings if target.startswith("#") else (root / target).exists()
        if not there and not target.startswith("https://"):
            fail(f"README.md links to {target}, which does not exist")


def check_rpcs(root, readme):
    proto = (root / "proto/clockwise/v1/placement.proto").read_text(encoding="utf-8")
    for rpc in re.findall(r"^  rpc (\w+)\(", proto, re.MULTILINE):
        if f"`{rpc}`" not in readme:
            fail(f"README.md does not name the RPC {rpc}")


def flags_of_help(usage):
    """Returns the default of each flag in the help, or "" if it has none."""
    flags = {}
    for flag, text in re.findall(r"^  (?:-h,)?--([a-z-]+)((?:.*\n)(?: {8}.*\n)*)", usage,
                                 re.MULTILINE):
        default = re.search(r"\(default: (\S+)\)", text)
        flags[flag] = default.group(1) if default else ""
    return flags


def check_flags(bin_dir, readme):
    """Checks that the table of flags has the server's own flags and
    defaults."""
    usage = subprocess.run([bin_dir / "clockwised", "--help"], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, encoding="utf-8", check=True).stdout
    real = flags_of_help(usage)
    del real["help"], real["version"]
    table = {}
    for names, default in re.findall(r"^\| (`--[^|]*) \| ([^|]*?) ?\|", readme, re.MULTILINE):
        for name in re.findall(r"`--([a-z-]+)`", names):
            table[name] = "" if default == "off" else default.strip("`")
    if real != table:
        fail(f"flags and defaults of clockwised: README.md lacks "
             f"{sorted(real.items() - table.items())}, "
             f"and has {sorted(table.items() - real.items())} too many")


def check_comparison(bin_dir, readme):
    """Checks that the table of layouts holds measured values."""
    for row in layout_table.rows(bin_dir):
        if row not in readme:
            fail(f"the table of layouts in README.md lacks the measured row:\n{row}")


def check_metrics(address, readme):
    """Checks that the README names exactly the metrics that are served."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as response:
        page = response.read().decode()
    real = set(re.findall(r"^# TYPE (\S+)", page, re.MULTILINE))
    named = set(re.findall(r"`((?:clockwise|grpc_server)_[a-z_]+)[`{]", readme))
    for name in named - real:
        fail(f"README.md names the metric {name}, which is not served")
    for name in real - named:
        if name.startswith(("clockwise_", "grpc_")):
            fail(f"README.md does not name the metric {name}")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    root, bin_dir = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    readme = (root / "README.md").read_text(encoding="utf-8")
    check_limits(root, readme)
    check_links(root, readme)
    check_rpcs(root, readme)
    check_flags(bin_dir, readme)
    check_comparison(bin_dir, readme)
    with tempfile.TemporaryDirectory(prefix="clockwise-readme.") as folder:
        reader = Reader(root, bin_dir, pathlib.Path(folder))
        run = {"sh": reader.run_sh, "console": reader.run_console,
               "python": reader.write_python, "yaml": reader.check_prometheus,
               "text": reader.check_excerpt}
        try:
            for block in blocks_of(readme):
                if block.language in run:
                    print(f"README.md:{block.line}: {block.language}", flush=True)
                    run[block.language](block)
            if reader.quickstart is None:
                fail("README.md does not run ./deploy/quickstart")
            check_metrics(reader.addresses["127.0.0.1:7480"], readme)
            reader.quickstart.press_control_c()
        finally:
            reader.end_what_is_left()
            if reader.quickstart:
                reader.quickstart.stop()


if __name__ == "__main__":
    main()
