"""What the tests of deploy/ share: where things are."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
sys.path.insert(0, str(ROOT / "tests/e2e"))
