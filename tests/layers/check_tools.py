#!/usr/bin/python3
"""Checks that tests and examples do not find Debian's tools through PATH.

Machines often have a newer Go, Python or protoc first in PATH, which does not
fit Debian's libraries. Python files, CMake files, shell scripts and the shell
blocks of READMEs must name these tools by their absolute path, or set PATH.
Any Node works, but tests must start it with the environment that
debian_tools.node_environment() returns, so that node and npm fit each other.

Prints one line per finding, and exits with 1 if there is one.

usage: check_tools.py ROOT
"""

import pathlib
import re
import sys

TOOLS = r"(?:python3?|go|protoc|protoc-gen-[\w-]+|grpc_\w+_plugin|cmake|cpack|gcc|g\+\+|c\+\+|javac?)"
ADVICE = "name it by its absolute path"

PYTHON = [
    (re.compile(rf'\[\s*"{TOOLS}"'), ADVICE),
    (re.compile(rf'\w\(\s*"{TOOLS}",'), ADVICE),
    (re.compile(rf'which\(\s*["\']{TOOLS}["\']'), ADVICE),
    # Searches up to the next call at most.
    (re.compile(r'subprocess\.\w+\(\s*\["(?:node|npm|npx)"(?!(?:(?!subprocess\.\w+\().)*?\benv=)',
                re.DOTALL),
     "start it with env=node_environment()"),
]
CMAKE = [
    (re.compile(r"Python3?::Interpreter|find_package\(Python"),
     "use /usr/bin/python3"),
    (re.compile(rf"COMMAND\s+{TOOLS}\s"), ADVICE),
]
SHEBANG = re.compile(r"\A#!.*\benv (?!bash\b|node\b)\S+")
# At the start of a command: after a separator, variables and a prompt.
SHELL = re.compile(
    r"(?:^|[;&|]|\$\()[ \t]*(?:\$ )?(?:\w+=\S* +)*"
    r"(?:python3?|go|protoc)(?= +[^ #])", re.MULTILINE)
BLOCK = re.compile(r"^```(?:sh|console)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
OWN_PATH = "export PATH=/usr/bin:"


def shell_findings(text, start=0):
    """Yields (offset, advice) for the commands of a script or a block."""
    if OWN_PATH in text:
        return
    for match in SHELL.finditer(text):
        yield start + match.end(), ADVICE


def findings(path, text):
    """Yields (offset, advice) for one file."""
    if path.suffix == ".md":
        for block in BLOCK.finditer(text):
            yield from shell_findings(block.group(1), block.start(1))
        return
    if shebang := SHEBANG.search(text):
        yield shebang.start(), "use the absolute path of the interpreter"
    rules = []
    if path.suffix == ".py" or text.startswith("#!/usr/bin/python3"):
        rules = PYTHON
    elif path.name == "CMakeLists.txt" or path.suffix == ".cmake":
        rules = CMAKE
    elif re.match(r"#!.*\b(?:ba)?sh\b", text):
        yield from shell_findings(text)
    for pattern, advice in rules:
        for match in pattern.finditer(text):
            yield match.end(), advice


def check(root):
    """Returns all findings in the tree at `root`, as lines."""
    root = pathlib.Path(root)
    files = [path for folder in (".ci", "client", "deploy", "proto", "service", "tests")
             for path in sorted((root / folder).rglob("*"))
             if path.is_file() and "node_modules" not in path.parts and
             "gopath" not in path.parts]
    files += [root / "CMakeLists.txt", root / "README.md"]
    lines = []
    for path in files:
        # These two files contain the patterns that they search for.
        if not path.exists() or path.name in ("check_tools.py", "check_tools_test.py"):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for offset, advice in findings(path.relative_to(root), text):
            line = text.count("\n", 0, offset) + 1
            shown = text.splitlines()[line - 1].strip()
            lines.append(f"{path.relative_to(root)}:{line}: PATH decides which tool "
                         f"runs here; {advice}: {shown}")
    return lines


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    lines = check(sys.argv[1])
    print(*lines, sep="\n", end="\n" if lines else "")
    sys.exit(1 if lines else 0)


if __name__ == "__main__":
    main()
