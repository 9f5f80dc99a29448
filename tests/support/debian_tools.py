"""Environments in which tests start tools, independent of the caller's PATH.

Debian's Go, protoc and Python belong to Debian's libraries. Newer versions from
elsewhere do not fit them, even if PATH names them first.
"""

import os

_DEBIAN_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"
# Only these settings of the caller are passed to tools. The compiler cache may
# have its folder and its limits elsewhere.
_KEPT = ("HOME", "TMPDIR", "CCACHE_DIR")
_NODE_FOLDER = "/usr/bin"


def environment():
    """Returns an environment with Debian's tools only."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8", "PATH": _DEBIAN_PATH}


def node_environment():
    """Returns an environment in which PATH finds node and npm.

    They are Debian's if both are installed. Otherwise PATH finds the caller's
    pair: an npm does not work with a node that is much older. Settings of npm
    (proxy, certificates) stay.
    """
    result = {name: value for name, value in os.environ.items()
              if name not in ("NODE_OPTIONS", "NODE_PATH")}
    if all(os.access(f"{_NODE_FOLDER}/{tool}", os.X_OK)
           for tool in ("node", "npm")):
        result["PATH"] = f"{_NODE_FOLDER}:{os.environ['PATH']}"
    return result
