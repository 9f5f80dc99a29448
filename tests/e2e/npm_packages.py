"""Packages of npm for the length of a test class."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "client"))
from debian_tools import node_environment  # noqa: E402 (needs the path)


def install(test_class, source):
    """A copy of the folder `source` with what its package.json names; removed
    with the class."""
    folder = tempfile.mkdtemp(prefix="clockwise-npm-")
    test_class.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(source, folder, dirs_exist_ok=True)
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund"],
                   cwd=folder, check=True, timeout=240, env=node_environment())
    return folder
