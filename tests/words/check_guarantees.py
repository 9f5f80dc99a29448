#!/usr/bin/python3
"""Checks that each test that tests/GUARANTEES.md names exists.

A code span `Suite.Case` is a C++ test. `file: case` is a Python test in
tests/e2e (or in the folder that it names), and `test_case` alone is in the file
of the code span before it. Prints one line per test that does not exist, and
exits with 1 if there is one.

usage: check_guarantees.py ROOT
"""

import pathlib
import re
import sys

CASE = re.compile(r"\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)")


def missing(page, cpp, python):
    """Returns (line, name) of the tests that do not exist.

    `cpp` is the text of all C++ tests. `python` returns the text of a Python
    test, or "" if there is no such file.
    """
    cases = {f"{suite}.{case}" for suite, case in CASE.findall(cpp)}
    absent = []
    for number, line in enumerate(page.splitlines(), 1):
        if not line.startswith("|"):
            continue
        file = ""
        for span in re.findall(r"`([^`]+)`", line.split("|")[2]):
            if re.fullmatch(r"[A-Z]\w+Test\.\w+", span):
                if span not in cases:
                    absent.append((number, span))
            elif match := re.fullmatch(r"(?:([\w/]+): )?(test_\w+)", span):
                file = match.group(1) or file
                if f"def {match.group(2)}(" not in python(file):
                    absent.append((number, f"{file}: {match.group(2)}"))
    return absent


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    tests = pathlib.Path(sys.argv[1], "tests")
    cpp = "\n".join(path.read_text(encoding="utf-8")
                    for suffix in ("*.cc", "*.h") for path in tests.rglob(suffix)
                    if "node_modules" not in path.parts)

    def python(file):
        path = tests / (file.removeprefix("tests/") if "/" in file else f"e2e/{file}")
        path = path.with_suffix(".py")
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    page = (tests / "GUARANTEES.md").read_text(encoding="utf-8")
    absent = missing(page, cpp, python)
    for number, name in absent:
        print(f"tests/GUARANTEES.md:{number}: there is no test {name}")
    if not CASE.search(cpp) or page.count("|") < 100:
        sys.exit("check_guarantees: no tests, or no table of guarantees")
    sys.exit(1 if absent else 0)


if __name__ == "__main__":
    main()
