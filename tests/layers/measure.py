"""Prints how large the parts of a tree are, to compare two commits.

usage: python3 -m tests.layers.measure [ROOT ...]

It counts files beside service/main.cc, lines of headers, sources and functions
(median / 90th percentile / largest), short files, and lines of comments.
"""

import pathlib
import statistics
import sys

from tests.layers.check_layers import functions


def spread(lengths):
    ordered = sorted(lengths)
    return "{:.0f} / {} / {}".format(
        statistics.median(ordered), ordered[len(ordered) * 9 // 10], ordered[-1])


def comments(texts):
    """Returns the percentage of lines that hold only a comment."""
    lines = [line.strip() for text in texts for line in text.splitlines()]
    return 100 * sum(line.startswith("//") for line in lines) / len(lines)


def rows(root):
    def texts(*patterns):
        return [path.read_text(encoding="utf-8") for pattern in patterns
                for path in root.glob(pattern)]

    yield "files beside main.cc", len(
        [path for path in (root / "service").iterdir()
         if path.suffix in (".h", ".cc") and path.name != "main.cc"])
    sources = texts("service/**/*.cc", "client/**/*.cc")
    headers = texts("service/**/*.h", "client/**/*.h")
    for part in ("service", "client"):
        for what, pattern in (("header", "h"), ("source", "cc")):
            yield f"{part}: {what} lines", spread(
                text.count("\n") for text in texts(f"{part}/**/*.{pattern}"))
    yield "function lines", spread(
        length for text in sources + headers for _, length in functions(text))
    yield "functions", sum(1 for text in sources + headers
                           for _ in functions(text))
    short = sum(text.count("\n") < 50 for text in sources + headers)
    yield "files under 50 lines, %", round(
        100 * short / len(sources + headers), 1)
    yield "files in client/cli itself", len(
        [path for path in (root / "client/cli").iterdir() if path.is_file()])
    yield "comments in .h / .cc, %", (
        f"{comments(headers):.1f} / {comments(sources):.1f}")
    for page in ("README.md", "client/ADOPTING.md", "client/README.md",
                 "deploy/README.md", "proto/README.md", "service/README.md"):
        yield f"{page} lines", (root / page).read_text(
            encoding="utf-8").count("\n")


def main():
    roots = [pathlib.Path(name) for name in sys.argv[1:] or ["."]]
    table = [dict(rows(root)) for root in roots]
    for name in table[0]:
        print(f"{name:30}", *(f"{row.get(name, '-')!s:18}" for row in table))


if __name__ == "__main__":
    main()
