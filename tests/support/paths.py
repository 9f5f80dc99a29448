"""Paths of the sources and the built programs."""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
BIN = ROOT / "build/release/bin"
