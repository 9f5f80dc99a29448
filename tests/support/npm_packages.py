"""Installs npm packages for a test class."""

import shutil
import subprocess
import tempfile

from tests.support.debian_tools import node_environment


def install(test_class, source):
    """Installs the packages of `source`/package-lock.json in a copy of the
    folder, which is removed after the class. Returns its path."""
    folder = tempfile.mkdtemp(prefix="clockwise-npm-")
    test_class.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(source, folder, dirs_exist_ok=True)
    subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"],
                   cwd=folder, check=True, timeout=240, env=node_environment())
    return folder
