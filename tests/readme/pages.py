"""Reads the parts of Markdown pages: blocks, headings, links, code."""

import os
import pathlib
import re

# A block that is not run has this comment on the line before it.
NOT_RUN = re.compile(r"<!-- not run: (.+?) -->\n\Z")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SKIPPED_FOLDERS = {".git", "build", "node_modules", "gopath", "__pycache__"}


class Block:
    """A fenced block: its page, its language, its text, and the line of its
    text; `not_run` is the reason not to run it, or ""."""

    def __init__(self, page, match):
        before = page.text[:match.start()]
        self.page = page
        self.language = match.group(1)
        self.text = match.group(2)
        self.line = before.count("\n") + 2
        reason = NOT_RUN.search(before)
        self.not_run = reason.group(1) if reason else ""

    def place(self):
        return f"{self.page.name}:{self.line}"


def anchor_of(heading):
    """Returns the anchor that GitHub gives to a heading."""
    heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


class Page:
    """A Markdown page. `name` is its path in the repository; `prose` is its
    text in which blocks are empty lines."""

    def __init__(self, name, text):
        self.name = name
        self.folder = os.path.dirname(name)
        self.text = text
        self.blocks = [Block(self, match) for match in BLOCK.finditer(text)]
        self.prose = BLOCK.sub(lambda match: "\n" * match.group(0).count("\n"), text)

    def anchors(self):
        anchors = set()
        for heading in re.findall(r"^#+ (.*)$", self.prose, re.MULTILINE):
            anchor, number = anchor_of(heading), 0
            while anchor in anchors:
                number += 1
                anchor = f"{anchor_of(heading)}-{number}"
            anchors.add(anchor)
        return anchors

    def place(self, offset):
        """Returns the place of an offset in `prose`, for messages."""
        return f"{self.name}:{self.prose.count(chr(10), 0, offset) + 1}"

    def code(self):
        """Returns (place, text) of each code span."""
        return [(self.place(match.start()), " ".join(match.group(1).split()))
                for match in re.finditer(r"`([^`]+)`", self.prose)]

    def links(self):
        """Returns (place, target) of each link and picture."""
        return [(self.place(match.start()), match.group(1))
                for match in re.finditer(r"\]\(([^)\s]+)\)", self.prose)]

    def paragraphs(self):
        """Returns (place, text) of each paragraph, list item and table row."""
        pattern = r"^(\|.*|(?:- |\d+\. )?\S.*(?:\n(?!\||- |\d+\. |#|\n).+)*)$"
        return [(self.place(match.start()), match.group(1))
                for match in re.finditer(pattern, self.prose, re.MULTILINE)]

    def section(self, title):
        """Returns the prose below a heading, to the next one of its level or
        above."""
        found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,2}} |\Z)", self.prose,
                          re.DOTALL | re.MULTILINE)
        return found.group(2) if found else ""


def files_of(root):
    """Returns the paths of all files and folders below `root`, relative to
    it."""
    root = pathlib.Path(root)
    found = set()
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        for name in folders + files:
            found.add(str(pathlib.Path(folder, name).relative_to(root)))
    return found


def pages_of(root, files):
    """Returns the pages among `files`, by name."""
    return {name: Page(name, (pathlib.Path(root) / name).read_text(encoding="utf-8"))
            for name in sorted(files) if name.endswith(".md")}
