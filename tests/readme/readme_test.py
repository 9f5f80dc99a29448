#!/usr/bin/python3
"""Runs the commands of the pages in order, as a reader would, and compares the
pages with the programs and the sources.

PAGES are run one after the other, with the server that README.md starts. Their
blocks and tests:
  ```sh       run by bash, one after the other, with the folder and environment
              of the previous block
  ```console  each "$ command" is run; the output must equal the lines below it
              except for times and ports; "…" matches anything
  ```python   written to the file that its first line names, for a later command
  ```yaml     likewise if its first line names a file; otherwise checked by
              promtool, as a configuration of Prometheus
  ```cpp      compiled, without linking
  ```text     an excerpt of the quickstart: its lines must be in the real
              output, in order
A block that is not run has a line "<!-- not run: REASON -->" before it. Two
commands are exceptions. ./deploy/quickstart keeps running and serves the other
commands; it must leave nothing after Ctrl-C. ./tests/run is not run.

checks.py has the checks of all pages of the repository.

usage: readme_test.py [ROOT BIN_DIR]
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

from tests.readme import checks, layout_table
from tests.readme.pages import files_of, pages_of
from tests.support.etcd_cluster import free_port
from tests.support.paths import BIN, ROOT

BLOCK_SECONDS = 120
START_SECONDS = 240
# The pages that are run, in this order.
PAGES = ("README.md", "client/ADOPTING.md", "client/README.md", "proto/README.md",
         "deploy/README.md")
README_LINES = 200
PICTURE_BYTES = 150_000


def fail(message):
    sys.exit(f"readme_test: {message}")


def timeless(line):
    """Returns the line without parts that differ between runs: times, ports,
    folders."""
    for pattern, name in (
            (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME"), (r"\b\d+\.\d s\b", "N s"),
            (r"ipv4:127\.0\.0\.1:\d+", "PEER"), (r" \(as [^ )]+@[^ )]*\)", " (as USER)"),
            (r"/\S*clockwise-quickstart\.\w+", "FOLDER")):
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

    # The method that runs a block of each language.
    RUN = {"sh": "run_sh", "console": "run_console", "python": "write_file", "yaml": "check_yaml",
           "cpp": "compile", "text": "check_excerpt"}

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
        page's."""
        def replace(match):
            address = match.group(0)
            if address not in self.addresses:
                self.addresses[address] = f"127.0.0.1:{free_port()}"
            return self.addresses[address]
        return re.sub(r"127\.0\.0\.1:\d+", replace, text)

    def as_on_the_page(self, text):
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
            fail(f"{block.place()}: not done after {BLOCK_SECONDS} s:\n{text}{out}{err}")
        if process.returncode != 0:
            fail(f"{block.place()}: exit {process.returncode}:\n{text}{out}{err}")
        return self.as_on_the_page(out)

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
                fail(f"{block.place()}: $ {command}\nprinted:\n{actual}\nnot:\n{expected}")

    def write_file(self, block):
        name = re.match(r"# (\w+\.\w+)\n", block.text).group(1)
        (self.work / name).write_text(self.own_addresses(block.text), encoding="utf-8")

    def check_yaml(self, block):
        if block.text.startswith("# "):
            self.write_file(block)
            return
        (self.work / "prometheus.yaml").write_text(block.text, encoding="utf-8")
        self.bash(block, "promtool check config prometheus.yaml")

    def compile(self, block):
        (self.work / "block.cc").write_text(block.text, encoding="utf-8")
        self.bash(block, "/usr/bin/g++ -std=c++20 -Wall -Wextra -Werror -fsyntax-only "
                  "-I client/include block.cc")

    def check_excerpt(self, block):
        real = iter(self.as_on_the_page(self.quickstart.output()).splitlines())
        for line in block.text.splitlines():
            if line.strip() and not any(matches(line, other) for other in real):
                fail(f"{block.place()}: quickstart does not print (any more):\n{line}\n"
                     f"but:\n{self.quickstart.output()}")


def help_of(bin_dir, program, *command):
    return subprocess.run([bin_dir / program, *command, "--help"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8", check=True).stdout


def flags_of_help(usage):
    """Returns the default of each flag in the help, or "" if it has none."""
    flags = {}
    for flag, text in re.findall(r"^  (?:-h,)?--([a-z-]+)((?:.*\n)(?: {8}.*\n)*)", usage,
                                 re.MULTILINE):
        default = re.search(r"\(default: (\S+)\)", text)
        flags[flag] = default.group(1) if default else ""
    return flags


def flags_of_command(bin_dir, command=()):
    """Returns the flags of `clockwise` or of one of its commands, and of the
    commands below it, by the words of the command."""
    usage = help_of(bin_dir, "clockwise", *command)
    flags = {" ".join(("clockwise", *command)): set(
        re.findall(r"^  (?:-\w,)?(--[a-z-]+)", usage, re.MULTILINE))}
    listed = re.search(r"^Commands:\n((?:  .*\n)+)", usage, re.MULTILINE)
    for name in re.findall(r"^  (\w+)", listed.group(1), re.MULTILINE) if listed else []:
        flags |= flags_of_command(bin_dir, (*command, name))
    return flags


def all_flags(root, bin_dir):
    server = {f"--{flag}" for flag in flags_of_help(help_of(bin_dir, "clockwised"))}
    return {"clockwised": server} | flags_of_command(bin_dir) | checks.script_flags(root)


def version(root):
    return re.search(r"^  VERSION (\S+)$", (root / "CMakeLists.txt").read_text(encoding="utf-8"),
                     re.MULTILINE).group(1)


def check_flags(bin_dir, page):
    """Checks that the table of flags has the server's own flags and
    defaults."""
    real = flags_of_help(help_of(bin_dir, "clockwised"))
    del real["help"], real["version"]
    table = {}
    for names, default in re.findall(r"^\| (`--[^|]*) \| ([^|]*?) ?\|", page.text, re.MULTILINE):
        for name in re.findall(r"`--([a-z-]+)`", names):
            table[name] = "" if default == "off" else default.strip("`")
    if real != table:
        fail(f"flags and defaults of clockwised: {page.name} lacks "
             f"{sorted(real.items() - table.items())}, "
             f"and has {sorted(table.items() - real.items())} too many")


def check_comparison(bin_dir, page, readme):
    """Checks that the table of layouts holds measured values, and that
    README.md quotes it."""
    rows = layout_table.rows(bin_dir)
    for row in rows:
        if row not in page.text:
            fail(f"the table of layouts in {page.name} lacks the measured row:\n{row}")
    peaks = {row.split(" | ")[0]: float(row.split(" | ")[7]) for row in rows}
    for name, quote in (("| `PARTITIONED`, 65,536", "has {:.1f} % more than its"),
                        ("| `HASHED`, 160 points", "and {:.0f} % more with 160 points")):
        if quote.format(100 * (peaks[name] - 1)) not in readme.text:
            fail(f"README.md does not say {quote.format(100 * (peaks[name] - 1))!r}")


def check_pictures(root, bin_dir, readme):
    """Checks that the pictures are small, and that `clockwise simulate` still
    draws the one that states its command."""
    for _, target in readme.links():
        if target.endswith((".png", ".svg")) and (root / target).stat().st_size > PICTURE_BYTES:
            fail(f"{target} is larger than {PICTURE_BYTES} bytes")
    drawing = (root / "client/cli/drawing/layouts.svg").read_text(encoding="utf-8")
    command = re.search(r">clockwise (simulate [^<]*)<", drawing).group(1).split()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([bin_dir / "clockwise", *command], cwd=folder, check=True,
                       stdout=subprocess.DEVNULL)
        if (pathlib.Path(folder) / "layouts.svg").read_text(encoding="utf-8") != drawing:
            fail(f"`clockwise {' '.join(command)}` draws another picture than layouts.svg")


def check_metrics(address, page):
    """Checks that the page names exactly the metrics that are served."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as response:
        served = response.read().decode()
    real = set(re.findall(r"^# TYPE (\S+)", served, re.MULTILINE))
    named = set(re.findall(r"`((?:clockwise|grpc_server)_[a-z_]+)[`{]", page.text))
    for name in named - real:
        fail(f"{page.name} names the metric {name}, which is not served")
    for name in real - named:
        if name.startswith(("clockwise_", "grpc_")):
            fail(f"{page.name} does not name the metric {name}")


def check_sources(root, bin_dir, pages, files):
    """Runs the checks of all pages, and reports all findings."""
    def read(name):
        return (root / name).read_text(encoding="utf-8")

    def protos(folder):
        return "".join(read(name) for name in sorted(files) if name.endswith(".proto") and
                       name.startswith(folder))

    # Only README.md has an excerpt of the quickstart.
    languages = {name: set(Reader.RUN) - {"text"} for name in PAGES}
    languages["README.md"] |= {"text"}
    names = set(re.findall(r"\w+", read("service/metrics/names.h") + "".join(
        read(name) for name in files if name.endswith("CMakeLists.txt"))))
    findings = [
        *checks.not_run(pages, languages),
        *checks.links(pages, files),
        *checks.file_names(pages, files),
        *checks.flags(pages, all_flags(root, bin_dir), PAGES),
        *checks.metrics(pages, names),
        *checks.rpcs(pages, protos("proto/clockwise/")),
        *checks.layouts(pages, read("proto/clockwise/v1/placement.proto")),
        *checks.limits(pages, read("service/limits.h")),
        *checks.figures(pages, read("tests/bench/RESULTS.md")),
        *checks.limitations(pages["README.md"].section("Limitations"), read("CHANGELOG.md")),
        *checks.decisions(read("service/DECISIONS.md")),
        *checks.changelog(read("CHANGELOG.md"), version(root)),
    ]
    lines = pages["README.md"].text.count("\n")
    if lines > README_LINES:
        findings.append(f"README.md has {lines} lines; {README_LINES} are allowed")
    if findings:
        fail("\n".join([f"{len(findings)} findings", *findings]))


def run_pages(root, bin_dir, pages):
    with tempfile.TemporaryDirectory(prefix="clockwise-readme.") as folder:
        reader = Reader(root, bin_dir, pathlib.Path(folder))
        try:
            for page in (pages[name] for name in PAGES):
                for block in page.blocks:
                    if not block.not_run:
                        print(f"{block.place()}: {block.language}", flush=True)
                        getattr(reader, Reader.RUN[block.language])(block)
                if reader.quickstart is None:
                    fail(f"{page.name} does not run ./deploy/quickstart")
            check_metrics(reader.addresses["127.0.0.1:7480"], pages["deploy/README.md"])
            reader.quickstart.press_control_c()
        finally:
            reader.end_what_is_left()
            if reader.quickstart:
                reader.quickstart.stop()


def main():
    if len(sys.argv) not in (1, 3):
        sys.exit(__doc__)
    root, bin_dir = (pathlib.Path(argument).resolve() for argument in sys.argv[1:] or (ROOT, BIN))
    files = files_of(root)
    pages = pages_of(root, files)
    check_sources(root, bin_dir, pages, files)
    check_flags(bin_dir, pages["deploy/README.md"])
    check_comparison(bin_dir, pages["client/README.md"], pages["README.md"])
    check_pictures(root, bin_dir, pages["README.md"])
    run_pages(root, bin_dir, pages)


if __name__ == "__main__":
    main()
