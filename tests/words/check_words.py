#!/usr/bin/python3
"""Finds habits of language that CONTRIBUTING.md forbids. A help for reviewers.

It reports:
- a comment block, docstring or text for users whose first sentence is a
  fragment, because it begins with Of, As, By, What, Whether, Those, How, Who,
  Where or "The same of";
- words and phrases that are hard to understand or to search for, in comments,
  pages and texts for users;
- a sentence of more than 30 words in a page;
- the subject of a commit since START that has more than 72 characters or does
  not begin with "area: ".

Texts for users are the string literals and data files of service, client and
deploy.

It cannot see: fragments that begin with another word; a sentence that is wrong,
inverted or has no clear subject; a statement that contradicts the code; most
wrong verbs (gives, takes, wants), because they are right elsewhere; a phrase
that a program joins from literals with a value between them; names of tests and
identifiers; long sentences in comments and literals; grammar. It reads code
spans and code blocks in pages as one word each.

allowed.txt lists exceptions. An exception that matches nothing is reported too.
Prints one line per finding, file:line first, and their number. Exits with 1 if
there are findings.

usage: check_words.py ROOT
"""

import ast
import dataclasses
import io
import pathlib
import re
import subprocess
import sys
import tokenize

START = "d620fe8"  # commits after this one are checked
MAX_SUBJECT = 72
MAX_WORDS = 30

# Files of other projects, generated files, and data.
SKIPPED = re.compile(r"^(proto/etcd/|tests/vectors/compat/.*\.tsv|tests/fuzz/corpus/|LICENSE)")

# Files whose literals and data users see.
SEEN = re.compile(r"^(service|client|deploy)/")

# "By default, …" and "As in …, the server …" are sentences.
FRAGMENT = re.compile(
    r"(Of|As|By|What|Whether|Those|How|Who|Whose|Where|The same of)\b"
    r"(?! (default|then|now|soon|usual|long|design)\b)")

# Each entry: a pattern, and what to write instead.
WORDS = [(re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), instead) for pattern, instead in (
    ("anew", "again, new, from scratch"),
    ("shall", "must, will"),
    ("nobody|no one", "no client, no server: name the actor"),
    ("somebody|someone|everybody|everyone|whoever|whomever",
     "name the actor: the client, an operator, each caller"),
    ("thereby", "delete it, or start a new sentence"),
    ("for good", "permanently"),
    ("at once of", "about … immediately"),
    ("(?:is|are|was|were|be|been|being) told", "receives, is notified"),
    ("told (?:of|about)", "notified of"),
    ("tells? (?:whether|how|what|who|whose|when|where|which|why|of|that)",
     "reports, shows, says"),
    ("tells? (?:the|a|an|its|it) .{0,30}from the", "distinguishes"),
    ("(?:is|are|was|were) (?:heard|hearing) of", "is received"),
    ("hears? (?:of|nothing)|heard of", "receives"),
    ("mend|mends|mended|mending", "fix"),
    ("(?:is|are|was|were|be) not to be had", "is not available"),
    ("(?:he|those|they|him|one) who", "name the actor"),
    ("(?:makes?|made|making) no sense of", "cannot parse"),
    ("said aloud|say it aloud", "set explicitly"),
    ("is in order|are in order|not in order", "is valid"),
    ("looked at anew|by itself alone", "say it plainly"),
    ("complain(?:s|ed)?", "reports an error"),
    ("is none of", "is unknown; use one of"),
    ("knows? (?:no|nothing)|takes? none", "does not support, does not use"),
    ("(?:is|are) given", "is set, is assigned, is specified"),
    ("makes it so|has none of its own", "say what happens"),
)]


# The comments and literals of C++, JavaScript, Go and JSON. A digit separator
# does not begin a literal.
LITERAL = re.compile(r"""
    (?P<comment> //[^\n]* | /\*.*?\*/ | \d'(?=\d) )
    | R"(?P<mark>\w*)\((?P<raw>.*?)\)(?P=mark)"
    | "(?P<double>(?:[^"\\\n]|\\.)*)"
    | '(?P<single>(?:[^'\\\n]|\\.)*)'
    | `(?P<back>[^`]*)`""", re.DOTALL | re.VERBOSE)


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    why: str
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.why}: {self.text}"


def shortened(text):
    return text if len(text) <= 90 else text[:87] + "..."


def line_comments(text, mark):
    """Yields (line, text, whole) for comments that begin with `mark`.

    Consecutive lines with the same indentation are one block: `whole` is true
    for it, and false for a comment after code.
    """
    block, first, indent = [], 0, 0
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.lstrip()
        here = len(line) - len(stripped)
        if stripped.startswith(mark) and not stripped.startswith("#!"):
            if block and here != indent:
                yield first, "\n".join(block), True
                block = []
            if not block:
                first, indent = number, here
            block.append(stripped.lstrip(mark[0]).strip())
            continue
        if block:
            yield first, "\n".join(block), True
            block = []
        trailing = re.search(rf"\s{{2}}{mark} (.*)$", line)
        if trailing:
            yield number, trailing.group(1), False
    if block:
        yield first, "\n".join(block), True


def python_comments(text):
    """Yields (line, text, whole) for comments and docstrings of Python."""
    comments = {}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and token.start[1] == len(token.line) - len(
                token.line.lstrip()):
            comments[token.start[0]] = " " * token.start[1] + token.string
        elif token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("# "), False
    lines = [comments.get(number, "") for number in range(1, text.count("\n") + 2)]
    yield from line_comments("\n".join(lines), "#")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
            docstring = ast.get_docstring(node)
            if docstring:
                yield node.body[0].lineno, docstring, True


def comments_of(path, text):
    """Yields (line, text, whole) for the comments of a source file."""
    suffix = pathlib.PurePath(path).suffix
    if suffix in (".h", ".cc", ".proto", ".js", ".mjs", ".go"):
        yield from line_comments(text, "//")
    elif suffix == ".py":
        yield from python_comments(text)
    elif suffix in (".cmake", ".yml", ".yaml", ".sh", ".conf") or (
            path.endswith("CMakeLists.txt") or text.startswith("#!/usr/bin/env bash")):
        yield from line_comments(text, "#")


def code_literals(text):
    """Yields (line, text) for each literal. Adjacent literals are one."""
    joined, first, end = None, 0, 0
    for match in LITERAL.finditer(text):
        adjacent = joined is not None and not text[end:match.start()].strip()
        end = match.end()
        if joined is not None and not adjacent:
            yield first, joined
            joined = None
        if match["comment"] is not None:
            continue
        body = next(match[name] for name in ("raw", "double", "single", "back")
                    if match[name] is not None)
        if joined is None:
            first = text.count("\n", 0, match.start()) + 1
        joined = (joined or "") + body
    if joined is not None:
        yield first, joined


def python_literals(text):
    """Yields (line, text) for each literal that is not a docstring."""
    tree = ast.parse(text)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and (
                id(node) not in docstrings):
            yield node.lineno, node.value


def texts_of(path, text):
    """Yields (line, text) for what users see of a file: literals, or lines of data."""
    suffix = pathlib.PurePath(path).suffix
    if suffix in (".h", ".cc", ".js", ".mjs", ".go", ".json"):
        found = code_literals(text)
    elif suffix == ".py":
        found = python_literals(text)
    elif suffix in (".html", ".svg", ".yml", ".yaml", ".conf", ".service") or (
            text.startswith("#!")):
        found = ((number, re.sub(r"(?:^|(?<=\s))#.*", "", line).replace('"', " "))
                 for number, line in enumerate(text.splitlines(), 1))
    else:
        found = ()
    for line, literal in found:
        # A quote may be the end of a span that another literal begins.
        literal = re.sub(r"\\[nrt]", " ", literal.replace('\\"', "'"))
        if re.search(r"\s", literal):  # keys, names and formats have no space
            yield line, literal


def prose(line):
    """Returns a line of a page without markup. A code span is one word."""
    line = re.sub(r"`[^`]*`", "CODE", line)
    line = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", line)
    return re.sub(r"[*_]{1,2}(?=\S)|(?<=\S)[*_]{1,2}|^#+ |^> ", "", line)


def paragraphs_of(page):
    """Yields (line, text) for each paragraph, list item and table cell."""
    block, first, code = [], 0, False
    for number, line in enumerate(page.splitlines() + [""], 1):
        if line.lstrip().startswith("```"):
            code = not code
        item = re.match(r"\s*(?:[-*]|\d+\.) ", line)
        apart = code or "```" in line or not line.strip() or line[0] in "#|<!"
        if block and (item or apart):
            yield first, " ".join(block)
            block = []
        if line.startswith("|") and not code:
            for cell in prose(line).split("|"):
                yield number, cell.strip()
        elif line.startswith("#") and not code:
            yield number, prose(line)
        elif not apart:
            if not block:
                first = number
            block.append(prose(line[item.end():] if item else line).strip())


def sentences_of(text):
    return [sentence for sentence in re.split(r"(?<=[.!?…])[\s\"”)]+(?=[^a-z]|\S*[/_.]\w)", text)
            if sentence]


def word_findings(path, line, text):
    """Yields a finding for each forbidden word. `text` may have several lines."""
    plain = re.sub(r"`[^`]*`|\"[^\"\n]*\"", "CODE", text)
    for pattern, instead in WORDS:
        for match in pattern.finditer(re.sub(r"\n(?=\S)", " ", plain)):
            yield Finding(path, line + plain.count("\n", 0, match.start()),
                          f'"{match.group(0)}" (write: {instead})',
                          shortened(plain[max(0, match.start() - 30):match.end() + 30]
                                    .replace("\n", " ").strip()))


def source_findings(path, text):
    for line, comment, whole in comments_of(path, text):
        if whole and FRAGMENT.match(comment):
            yield Finding(path, line, "a fragment opens the comment",
                          shortened(comment.replace("\n", " ")))
        yield from word_findings(path, line, comment)
    if SEEN.match(path):
        for line, literal in texts_of(path, text):
            if FRAGMENT.match(literal):
                yield Finding(path, line, "a fragment opens the text",
                              shortened(literal.replace("\n", " ")))
            yield from word_findings(path, line, literal)


def page_findings(path, text):
    for line, paragraph in paragraphs_of(text):
        yield from word_findings(path, line, paragraph)
        for sentence in sentences_of(paragraph):
            words = len(re.findall(r"[^\s–—…→|/]+", sentence))
            if words > MAX_WORDS:
                yield Finding(path, line, f"a sentence of {words} words (at most {MAX_WORDS})",
                              shortened(sentence))


def commit_findings(log, areas):
    """Yields findings for lines of `git log --format="%h %s"`."""
    for number, line in enumerate(log.splitlines(), 1):
        commit, _, subject = line.partition(" ")
        if len(subject) > MAX_SUBJECT:
            yield Finding(f"commit {commit}", number,
                          f"a subject of {len(subject)} characters (at most {MAX_SUBJECT})", subject)
        named = re.match(r"([a-z][\w.-]*(?:(?:/|, )[\w.-]+)*): \S", subject)
        if not named or not set(re.split(r"/|, ", named.group(1))) <= areas:
            yield Finding(f"commit {commit}", number, 'the subject names no area ("ring: …")', subject)


def git(root, *arguments):
    """Returns the output of git; "" if git fails."""
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else ""


def files_of(root):
    listed = git(root, "ls-files").splitlines()
    if not listed:  # no repository
        listed = [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]
    return [path for path in sorted(listed) if not SKIPPED.match(path)]


def areas_of(paths):
    """Returns the names that a commit's area may have: folders and some others."""
    folders = {part for path in paths for part in pathlib.PurePath(path).parts[:-1]}
    return folders | {"docs", "build", "ci", "server", "client"}


def without_allowed(findings, allowed):
    """Drops allowed findings, and adds one for each exception that is not used.

    A line of `allowed` is PATH: TEXT. It allows findings in that file (or
    "commit") whose text contains TEXT. Empty lines and lines with # are
    ignored.
    """
    exceptions = [(number, *line.split(": ", 1)) for number, line in
                  enumerate(allowed.splitlines(), 1)
                  if line.strip() and not line.startswith("#")]
    used = set()
    kept = []
    for finding in findings:
        matching = [number for number, path, text in exceptions
                    if finding.path.split(" ")[0] == path and text in finding.text]
        used.update(matching)
        if not matching:
            kept.append(finding)
    kept.extend(Finding("tests/words/allowed.txt", number, "an exception that is not needed", text)
                for number, _, text in exceptions if number not in used)
    return kept


def check(root, allowed):
    """Returns all findings in the tree at `root`, sorted."""
    root = pathlib.Path(root)
    paths = files_of(root)
    findings = []
    for path in paths:
        try:
            text = (root / path).read_text(encoding="utf-8")
        except (UnicodeDecodeError, OSError):
            continue
        find = page_findings if path.endswith(".md") else source_findings
        findings.extend(find(path, text))
    log = git(root, "log", "--no-merges", "--format=%h %s", f"{START}..HEAD")
    findings.extend(commit_findings(log, areas_of(paths)))
    return sorted(without_allowed(findings, allowed))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    allowed = pathlib.Path(__file__).with_name("allowed.txt").read_text(encoding="utf-8")
    findings = check(sys.argv[1], allowed)
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
