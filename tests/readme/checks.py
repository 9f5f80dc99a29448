"""Compares pages with the sources. Each check returns lines "place: fault"."""

import os
import re

# Pages about the past: names and figures in them may no longer exist.
HISTORY = {"CHANGELOG.md", "service/DECISIONS.md"}
# Blocks of these languages are commands or code.
RUNNABLE = {"sh", "bash", "console", "python", "cpp", "go", "js", "yaml"}
# Pages whose blocks readme_test does not run, and why. A name that ends in /
# means all pages below a folder.
RUN_ELSEWHERE = {
    "CONTRIBUTING.md": "builds take minutes",
    "client/examples/": "tests/client/examples_test.py runs them",
    "deploy/kubernetes/README.md": "needs a cluster",
    "service/README.md": "builds take minutes",
    "tests/README.md": "builds take minutes",
    "tests/data/README.md": "needs the programs of an old commit",
}
PATH = re.compile(r"(?:\./)?[\w.-]+(?:/[\w.-]+)*/?")
FILE = re.compile(r"\.(?:cc|cmake|conf|h|js|json|md|mjs|proto|py|service|svg|toml|tsv|txtpb|"
                  r"ya?ml)$")
# A name that stands for many (NAME.tsv, X/), or just an ending.
PLACEHOLDER = re.compile(r"NAME|(?:^|/)X(?:/|$)|^\.\w+$")
FLAG = re.compile(r"(?<![\w-])(--[a-z][a-z0-9_-]*)(…?)")
# Flags of other programs that pages mention without the program.
OTHER_FLAGS = {"--auto-compaction-retention", "--gtest_filter"}
# Programs that are not part of this repository.
OTHER_PROGRAMS = re.compile(
    r"(?:\S*=\S*\s+)*(?:sudo\s+)?(?:/usr/bin/|build/)?"
    r"(?:apt-get|buf|clang-format\S*|cmake|cpack|ctest|curl|docker|etcd|etcdctl|git|kubectl|"
    r"nginx|node|npm|openssl|protoc|python3|systemctl|systemd-analyze|\w+/bin/\w+)\b")
SCRIPTS = ("deploy/install-deps", "deploy/local-cluster", "deploy/quickstart",
           "deploy/release", "tests/analysis/run", "tests/bench/run", "tests/clean_room/run", "tests/proto/check",
           "tests/run", "tests/soak/soak.py")
RPC_LIKE = re.compile(r"(?:Add|Apply|Batch|Compare|Create|Delete|End|Get|List|Locate|Remove|"
                      r"Update|Watch)[A-Za-z]*")
NUMBER = re.compile(r"(?<![\w.^-])\d[\d,]*(?:\.\d+)?(?![\w^]|\.\d)")


def not_run(pages, run):
    """Each block of a page in `run` runs or has a reason not to; each block of
    another page is known to be run elsewhere."""
    for page in pages.values():
        elsewhere = any(page.name == name or name.endswith("/") and page.name.startswith(name)
                        for name in RUN_ELSEWHERE)
        for block in page.blocks:
            if block.not_run or elsewhere:
                continue
            if page.name in run and block.language not in run[page.name]:
                yield f"{block.place()}: the test cannot run this block; say why it is not run"
            if page.name not in run and block.language in RUNNABLE:
                yield f"{block.place()}: no test runs this block; say why it is not run"


def links(pages, files):
    for page in pages.values():
        for place, target in page.links():
            if re.match(r"https?://", target):
                continue
            path, _, anchor = target.partition("#")
            path = os.path.normpath(os.path.join(page.folder, path)) if path else page.name
            if path not in files:
                yield f"{place}: links to {target}, which does not exist"
            elif anchor and path in pages and anchor not in pages[path].anchors():
                yield f"{place}: links to {target}, but {path} has no such heading"


def file_names(pages, files):
    """Files and folders that a page names exist, or a block of the page names
    them."""
    tops = {name.split("/")[0] for name in files if "/" in name}
    ends = {"/".join(name.split("/")[start:]) for name in files
            for start in range(name.count("/") + 1)}
    for page in pages.values():
        if page.name in HISTORY:
            continue
        blocks = "".join(block.text for block in page.blocks)
        for place, code in page.code():
            for word in code.split():
                name = re.sub(r"^\./", "", word).rstrip("/")
                if not PATH.fullmatch(word) or not (
                        FILE.search(name) or "/" in word and name.split("/")[0] in tops):
                    continue
                if name.startswith("build/") or PLACEHOLDER.search(name):
                    continue
                if name not in ends and name not in blocks:
                    yield f"{place}: names {word}, which does not exist"


def program_of(command, programs):
    """Returns the name in `programs` with which a command begins: a program and
    the words of its command, or "" if it begins with none. Flags may stand
    before these words."""
    name = ""
    for word in command.split():
        word = word.removeprefix("./")
        longer = f"{name} {word}" if name else word
        if longer in programs:
            name = longer
        elif not name or not word.startswith("-"):
            break
    return name


def flags(pages, programs, run):
    """Flags in code spans, and in blocks that are not run, exist: in the program
    and command that the text names, else in any. `programs` has the flags of
    each program, each command (`clockwise ring create`) and each script of this
    repository."""
    ours = set(OTHER_FLAGS).union(*programs.values())
    for page in pages.values():
        if page.name in HISTORY:
            continue
        texts = page.code() + [
            (block.place(), line) for block in page.blocks
            for line in block.text.replace("\\\n", " ").splitlines()
            if block.not_run or page.name not in run]
        for place, text in texts:
            if OTHER_PROGRAMS.match(text.removeprefix("$ ").strip()):
                continue
            for command in re.split(r"\|\|?|&&|;", text.removeprefix("$ ")):
                program = program_of(command, programs)
                known = set().union(*(those for name, those in programs.items()
                                      if f"{name} ".startswith(f"{program} ") or
                                      f"{program} ".startswith(f"{name} "))) if program else ours
                for flag, more in FLAG.findall(command):
                    if not (any(name.startswith(flag.replace("_", "-")) for name in known)
                            if more else flag in known):
                        yield f"{place}: {program or 'no program'} has {'no' if program else 'the'} flag {flag}{more}"


def metrics(pages, names):
    """Metrics that a page names exist. `names` are words of the build files
    and the source that defines the metrics."""
    for page in pages.values():
        if page.name in HISTORY:
            continue
        for place, code in page.code():
            name = re.fullmatch(r"((?:clockwise|grpc_server|process)_[a-z0-9_]+)(?:\{.*\})?", code)
            if name and name.group(1) not in names:
                yield f"{place}: no metric has the name {name.group(1)}"


def rpcs(pages, proto):
    """README's table has exactly the RPCs of the proto; the pages for users
    name no others."""
    real = set(re.findall(r"^  rpc (\w+)\(", proto, re.MULTILINE))
    named = set()
    for line in pages["README.md"].prose.split("| RPC |")[1].split("\n\n")[0].splitlines()[2:]:
        named |= set(re.findall(r"`([A-Z]\w+)`", line.split("|")[1]))
    if named != real:
        yield f"README.md: the table of RPCs lacks {real - named}, has {named - real} too many"
    messages = set(re.findall(r"^(?:message|enum|service) (\w+)", proto, re.MULTILINE))
    for page in pages.values():
        if page.name in HISTORY or page.name.startswith(("service/", "tests/")):
            continue
        for place, code in page.code():
            if RPC_LIKE.fullmatch(code) and code not in real | messages:
                yield f"{place}: no RPC has the name {code}"


def layouts(pages, proto):
    """README counts the layouts of other systems, and ADOPTING.md names all of
    them."""
    own = {"UNSPECIFIED", "HASHED", "PARTITIONED", "MODULO"}
    names = set(re.findall(r"^  LAYOUT_(\w+) = ", proto, re.MULTILINE)) - own
    readme = pages["README.md"]
    row = next((text for _, text in readme.paragraphs() if re.match(r"\| `KETAMA`, ", text)), "")
    named = re.findall(r"`([A-Z_]+)`", row)
    if f" and {len(names) - len(named)} more |" not in row or set(named) - names:
        yield f"README.md: the proto has {len(names)} layouts of other systems: {row}"
    if f"- {len(names)} layouts " not in readme.prose:
        yield f"README.md does not say that {len(names)} layouts are those of other systems"
    adopting = {code for _, code in pages["client/ADOPTING.md"].code()}
    for name in sorted(names):
        if name.lower() not in adopting:
            yield f"client/ADOPTING.md does not name the layout {name.lower()}"


def limits(pages, source):
    """Each constant of limits.h that a page names exists; a table row that
    ends with one has its value."""
    values = {}
    for name, value in re.findall(r"\b(k[A-Z]\w*) = ([^;]+);", source):
        values[name] = eval(re.sub(r"[']|ull", "", value))  # pylint: disable=eval-used
    rows = 0
    for page in pages.values():
        if page.name in HISTORY:
            continue
        for place, code in page.code():
            if re.match(r"k(?:Max|Most|History|Default)[A-Z]", code) and code not in values:
                yield f"{place}: limits.h has no {code}"
        for place, row in page.paragraphs():
            found = re.search(r"\| `(k[A-Z]\w*)` \|$", row)
            if not found or found.group(1) not in values:
                continue
            rows += 1
            value = f"{values[found.group(1)]:,}"
            if value not in NUMBER.findall(row):
                yield f"{place}: {found.group(1)} is {value}, but the page says: {row}"
    if rows < 10:
        yield "the pages have no table of limits with the constants' names"


def figures(pages, results):
    """Figures are those of RESULTS.md: all of a row of README's "Measured" are
    in one of its sections; a paragraph that refers to it, and times in ns and
    µs anywhere, have no others."""
    sections = [set(NUMBER.findall(section)) for section in re.split(r"^## ", results,
                                                                     flags=re.MULTILINE)]
    everything = set().union(*sections)
    rows = [line for line in pages["README.md"].section("Measured").splitlines()
            if line.startswith("| ")][1:]
    if len(rows) < 5:
        yield "README.md: no table of measured figures"
    for row in rows:
        numbers = set(NUMBER.findall(row))
        if not any(numbers <= section for section in sections):
            yield f"README.md: no section of RESULTS.md has all of these figures: {row}"
    for page in pages.values():
        if page.name in HISTORY or page.name.startswith(("service/", "tests/")):
            continue
        for place, text in page.paragraphs():
            wanted = set(re.findall(r"(\d[\d,.]*) (?:ns|µs)\b", text))
            if "RESULTS.md)" in text:
                wanted |= set(NUMBER.findall(re.sub(r"\]\([^)]*\)", "", text)))
            for number in sorted(wanted - everything):
                yield f"{place}: RESULTS.md has no figure {number}: {text}"


# Limitations (as they begin) that sound like an addition (as it begins), but
# are limits of it.
PARTS_OF_ADDED = {("Local look-ups in layouts of other systems", "23 layouts of other systems")}
STOP_WORDS = set("a an and are as at be by can do for from has have in into is it its of off on or "
                 "so than that the their them they this to was what when which while with".split())
DENIALS = re.compile(r"\b(?:no|not|none|never|only|cannot|without|missing|lacks?|stays?)\b", re.I)


def topic_words(text):
    """Returns the words that carry the meaning of a text, without endings."""
    text = re.sub(r"([a-z])([A-Z])", r"\1 \2", text)
    words = set(re.findall(r"[a-z0-9]+", text.lower())) - STOP_WORDS
    return {re.sub(r"(?:ing|ed|es|s)$", "", word) if len(word) > 4 else word for word in words
            if len(word) > 2}


def limitations(text, changelog):
    """No sentence of README's limitations denies what the changelog lists as
    added. Compares words: a sentence that has most words of the first clause
    of an item is a finding."""
    added = [item for section in re.findall(r"^### Added\n(.*?)(?=^##|\Z)", changelog,
                                            re.DOTALL | re.MULTILINE)
             for item in re.findall(r"^- (.*(?:\n  .*)*)", section, re.MULTILINE)]
    for sentence in re.split(r"(?<=[.:;])[\s*]+|\n- ", text):
        if not DENIALS.search(sentence):
            continue
        words = topic_words(sentence)
        for item in added:
            topic = topic_words(re.split(r"[:;,.](?:\s|$)", item)[0])
            if any(sentence.strip("-* ").startswith(part) and item.startswith(whole)
                   for part, whole in PARTS_OF_ADDED):
                continue
            if len(topic) >= 2 and len(topic & words) >= 0.75 * len(topic):
                yield (f"README.md: \"{' '.join(sentence.split())}\" is a limitation, but "
                       f"CHANGELOG.md says that it was added: {' '.join(item.split())}")


def decisions(text):
    """Each superseded decision names its successor by title."""
    parts = re.split(r"^\*\*(\d{4}-\d\d-\d\d) · (.*?)\*\*", text, flags=re.DOTALL | re.MULTILINE)
    entries = [(title, " ".join(body.split("Context:")[0].split()))
               for title, body in zip((" ".join(title.split()).rstrip(".") for title in parts[2::3]),
                                      parts[3::3])]
    titles = {title for title, _ in entries}
    for title, status in entries:
        if "superseded" in status.lower() and not any(
                other in status for other in titles - {title}):
            yield f"service/DECISIONS.md: \"{title}\" is superseded, but does not name by what"
    if len(entries) < 20:
        yield "service/DECISIONS.md: decisions are not found"


def script_flags(root):
    """Returns the flags in each script, by the script's path."""
    return {name: {"--help"} | {flag for flag, _ in FLAG.findall(
        (root / name).read_text(encoding="utf-8"))} for name in SCRIPTS}


def changelog(text, version):
    """The changelog has unreleased changes, whose upgrade notes name the version
    that is released next, and released versions, newest first, each with its
    date and upgrade notes."""
    parts = re.split(r"^## (.*)\n", text, flags=re.MULTILINE)
    titles, sections = parts[1::2], parts[2::2]
    if not titles or titles[0] != "[Unreleased]":
        yield "CHANGELOG.md: the first section is not [Unreleased]"
    released = []
    for title, section in zip(titles, sections):
        notes = re.search(r"^### Upgrade notes\n+(?!#)\S", section, re.MULTILINE)
        if not notes:
            yield f"CHANGELOG.md: {title} has no upgrade notes"
        found = re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - (\d{4}-\d\d-\d\d)", title)
        if found:
            released.append((tuple(map(int, found.groups()[:3])), found.group(4)))
        elif title != "[Unreleased]":
            yield f"CHANGELOG.md: {title} is not [VERSION] - DATE"
    if not released:
        yield "CHANGELOG.md: no version was released"
        return
    if released != sorted(released, reverse=True):
        yield "CHANGELOG.md: versions are not in order, newest first"
    newest = ".".join(map(str, released[0][0]))
    if tuple(map(int, version.split("."))) < released[0][0]:
        yield f"CHANGELOG.md: {newest} was released, but CMakeLists.txt has {version}"
    if version != newest and f"From {newest} to {version}" not in sections[0]:
        yield f"CHANGELOG.md: the upgrade notes lack \"From {newest} to {version}\""
