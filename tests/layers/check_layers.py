#!/usr/bin/python3
"""Checks that the tree keeps its shape.

It checks which folders include which, the length of files and functions, and
that every limit is used.

    proto <- runtime <- api <- ring <- tls <- channel <- store <- membership
          <- metrics <- access <- rpc <- http <- server <- main
    client -> api, ring, tls, channel, proto

A folder includes nothing to its right. Prints one line per breach, and exits
with 1 if there is one.

usage: check_layers.py ROOT
"""

import dataclasses
import pathlib
import re
import sys

# Each folder of service/ may include itself and the folders before it.
ORDER = ["runtime", "api", "ring", "tls", "channel", "store", "membership",
         "metrics", "access", "rpc", "http", "server"]

# All files may include this one. Only main.cc and limits.h are outside the
# folders.
LIMITS = "service/limits.h"
MAIN = "service/main.cc"

# Only these folders, the edges, may log.
LOG = "service/runtime/log.h"
LOGGING = {"runtime", "rpc", "http", "server"}

# Pairs (who, whom): files that match `who` must not include files that match
# `whom`.
APART = [
    (r"service/store/etcd/", r"service/store/sqlite/"),
    (r"service/store/sqlite/", r"service/store/etcd/"),
    (r"service/store/\w+\.", r"service/store/etcd/"),
    (r"client/lib/", r"client/cli/"),
    (r"client/cli/(drawing|import|tables)/", r"client/cli/commands/"),
    (r"client/cli/import/", r"client/cli/(drawing|tables)/"),
]

# Generated headers: all may include messages; only some folders include stubs.
MESSAGES = re.compile(r"(clockwise/v1|etcd)/\w+\.pb\.h$")
STUBS = re.compile(r"(clockwise/v1|etcd)/\w+\.grpc\.pb\.h$|grpcpp/|grpc/")

# The ring is pure: it has no locks, clock or I/O.
IMPURE = re.compile(
    r"(mutex|shared_mutex|thread|condition_variable|future|atomic|semaphore|"
    r"latch|barrier|stop_token|chrono|ctime|time\.h|random|fstream|iostream|"
    r"cstdio|stdio\.h|filesystem|unistd\.h|fcntl\.h)$|sys/|absl/time/|"
    r"absl/synchronization/|absl/random/|"
    r"service/runtime/(?!huge_pages\.h)")

# Libraries that only some folders may include.
ONLY_IN = [
    (STUBS, ("service/channel/", "service/rpc/", "service/runtime/log.cc", "service/server/",
             "service/store/etcd/", "client/"), "speaks gRPC"),
    (re.compile(r"grpcpp/create_channel\.h$"), ("service/channel/channel.cc",),
     "creates channels"),
    (re.compile(r"sqlite3\.h$"), ("service/store/sqlite/",), "knows SQLite"),
    (re.compile(r"boost/"), ("service/http/http_listener.h",), "knows Boost"),
    (re.compile(r"prometheus/"), ("service/metrics/", "service/http/"),
     "knows prometheus-cpp"),
    (re.compile(r"CLI/"), ("client/", "service/server/"), "knows CLI11"),
]

# The only command that reads and writes stores, as the server does.
STORE_COMMAND = "client/cli/commands/store_command.cc"

# The flags that both programs share.
SHARED_FLAGS = ("service/server/flag_help.h", "service/server/flag_names.h",
                "service/server/suggestions.h")

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 70

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')


@dataclasses.dataclass(order=True)
class Breach:
    path: str
    line: int
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.text}"


def includes(text):
    """Yields (line, name, quoted) of each include."""
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1) or match.group(2), bool(match.group(1))


def folder_of(path):
    """Returns the folder of service/ that contains `path`, or None."""
    match = re.match(r"service/(\w+)/", path)
    return match.group(1) if match else None


def refusal(path, name, quoted):
    """Returns the reason why `path` may not include `name`, or None."""
    if path == MAIN:
        return None
    for who, whom in APART:
        if re.match(who, path) and re.match(whom, name):
            return f"{path} does not include {whom}: {name}"
    for pattern, folders, what in ONLY_IN:
        if pattern.match(name) and not path.startswith(folders):
            return f"only {' and '.join(folders)} {what}, not here: {name}"
    if quoted and ("/" not in name or name.startswith(".")):
        return f"own headers are included by their path from the root: {name}"
    if name.startswith("tests/"):
        return f"nothing includes tests: {name}"
    if path.startswith("client/"):
        return client_refusal(path, name)
    return service_refusal(path, name)


def client_refusal(path, name):
    if not name.startswith("service/"):
        return None
    if path == STORE_COMMAND and name.startswith(
            ("service/store/", "service/server/store_options.h",
             "service/membership/restore.h")):
        return None
    if path.startswith("client/cli/") and name in SHARED_FLAGS:
        return None
    folders = ("service/api/", "service/channel/", "service/ring/",
               "service/runtime/", "service/tls/")
    if name == LIMITS or (name.startswith(folders) and name != LOG):
        return None
    return ("client includes only client, proto, service/api, service/channel, "
            "service/ring, service/runtime but its log, service/tls and "
            f"limits.h: {name}")


def service_refusal(path, name):
    folder = folder_of(path)
    if folder == "ring" and IMPURE.match(name):
        return f"ring is pure (no locks, no clock, no I/O): {name}"
    if name.startswith("client/"):
        return f"service does not know the client: {name}"
    if not name.startswith("service/"):
        return None
    if name == LIMITS:
        return None
    if folder is None:
        return f"only main.cc and limits.h may stand beside the folders: {name}"
    if folder not in ORDER:
        return f"service/{folder}/ is not in the order {' <- '.join(ORDER)}"
    if name == LOG:
        return None if folder in LOGGING else f"only the edges log: {name}"
    target = folder_of(name)
    if target not in ORDER or ORDER.index(target) > ORDER.index(folder):
        return f"{folder} is left of {target} in {' <- '.join(ORDER)}: {name}"
    return None


def blanked(text):
    """Returns the text without comments, literals and preprocessor lines.

    The number of lines stays the same.
    """
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/'
        r'|R"(?P<delimiter>[^\s()\\]{0,16})\(.*?\)(?P=delimiter)"'
        r'|"(?:\\.|[^"\\\n])*"'
        r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'"
        r'|^[ \t]*#(?:[^\n\\]|\\.|\\\n)*',
        re.DOTALL | re.MULTILINE)
    return pattern.sub(lambda match: "\n" * match.group(0).count("\n"), text)


def functions(text):
    """Yields (first line, lines) of each outermost function body.

    A brace opens a scope if a namespace, class, struct, union, enum or
    extern "C" precedes it, and a function if a closing parenthesis does.
    """
    code = blanked(text)
    scopes = []  # for each open brace: True if it holds declarations
    begin = 0  # start of the current declaration
    opened = None  # (depth, line) of the current function
    line = 1
    for position, character in enumerate(code):
        if character == "\n":
            line += 1
        elif character == "{":
            head = code[begin:position]
            scope = re.search(
                r"\b(namespace|class|struct|union|enum|extern)\b[^;()=]*$", head)
            if opened is None and not scope and ")" in head:
                opened = (len(scopes), line)
            scopes.append(bool(scope))
            begin = position + 1
        elif character == "}":
            if scopes:
                scopes.pop()
            if opened and len(scopes) == opened[0]:
                yield opened[1], line - opened[1] + 1
                opened = None
            begin = position + 1
        elif character == ";":
            begin = position + 1


def check_sizes(path, text):
    lines = text.count("\n")
    if lines > MAX_FILE_LINES:
        yield Breach(path, lines, f"{lines} lines, at most {MAX_FILE_LINES}: split it")
    for first, length in functions(text):
        if length > MAX_FUNCTION_LINES:
            yield Breach(
                path, first,
                f"a function of {length} lines, at most {MAX_FUNCTION_LINES}")


def check_limits(sources):
    """Checks that the service or the client uses every constant of limits.h."""
    limits = sources.get("service/limits.h", "")
    others = "\n".join(
        blanked(text) for path, text in sources.items() if path != "service/limits.h")
    for number, line in enumerate(limits.splitlines(), 1):
        match = re.search(r"\bconstexpr\b.*\b(k[A-Z]\w*)\s*=", line)
        if not match:
            continue
        name = match.group(1)
        used = re.search(rf"\b{name}\b", others) is not None
        if not used:
            yield Breach("service/limits.h", number, f"{name} bounds nothing")


# Declarations at the first column: functions and types.
FUNCTION = re.compile(
    r"^(?=\w)(?!ABSL_|static_assert|namespace|template)[\w:<>,*& \[\]]+[ *&](\w+)\(",
    re.MULTILINE)
TYPE = re.compile(
    r"^(?:struct|class|enum|enum class) (\w+)\b(?!.*;\s*$)|^using (\w+) =", re.MULTILINE)


def namespace_of(text):
    match = re.search(r"^namespace ([\w:]+) \{", text, re.MULTILINE)
    return match.group(1) if match else ""


def declared(text):
    """Returns the names that are declared at the first column."""
    code = blanked(text)
    return ({match.group(1) for match in FUNCTION.finditer(code)} |
            {match.group(1) or match.group(2) for match in TYPE.finditer(code)})


def check_hiding(sources):
    """Checks that no anonymous namespace hides a name of an outer header.

    A unity build compiles the files of a library together. In the files that
    follow, the hidden name would have another meaning.
    """
    headers = {}
    for path, text in sources.items():
        if path.endswith(".h"):
            for name in declared(text):
                headers.setdefault(name, []).append((path, namespace_of(text)))
    for path, text in sources.items():
        if not path.endswith(".cc"):
            continue
        inner = namespace_of(text)
        for match in re.finditer(r"^namespace \{\n(.*?)^\}  // namespace$", text,
                                 re.DOTALL | re.MULTILINE):
            line = text.count("\n", 0, match.start()) + 1
            for name in sorted(declared(match.group(1))):
                for header, outer in headers.get(name, []):
                    if inner.startswith(outer + "::"):
                        yield Breach(path, line, f"{name} hides {name} of {header}; "
                                                 "give it another name")


def check(root):
    """Returns all breaches in the tree at `root`, sorted."""
    root = pathlib.Path(root)
    sources = {
        str(path.relative_to(root)): path.read_text(encoding="utf-8")
        for folder in ("service", "client")
        for path in (root / folder).rglob("*")
        if path.suffix in (".cc", ".h")
    }
    breaches = []
    for path, text in sources.items():
        for line, name, quoted in includes(text):
            why = refusal(path, name, quoted)
            if why:
                breaches.append(Breach(path, line, why))
        breaches.extend(check_sizes(path, text))
    breaches.extend(check_limits(sources))
    breaches.extend(check_hiding(sources))
    if not sources:
        breaches.append(Breach(str(root), 0, "no sources here"))
    return sorted(breaches)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    breaches = check(sys.argv[1])
    for breach in breaches:
        print(breach)
    sys.exit(1 if breaches else 0)


if __name__ == "__main__":
    main()
