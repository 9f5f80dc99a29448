"""Writes the stored data of this folder with the programs of an older version.

    python3 -m tests.data.make BIN

BIN holds clockwised and clockwise of that version; etcd and etcdctl must be in
PATH. The README names the version that wrote the files in this folder.
"""

import json
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile

from tests.support.etcd_cluster import EtcdCluster
from tests.support.running_server import RunningServer

FOLDER = pathlib.Path(__file__).resolve().parent
BIN = pathlib.Path(sys.argv[1]).resolve()

COMMANDS = [
    "ring create hashed --layout=hashed --virtual_nodes=8 --replicas=2",
    "ring create parts --layout=partitioned --partition_bits=5 --replicas=2",
] + [
    f"--ring={ring} {change}"
    for ring in ("hashed", "parts")
    for change in (
        "node add n1 --address=10.0.0.1:1 --zone=a --label=disk=ssd",
        "node add n2 --address=10.0.0.2:1 --zone=b --weight=2",
        "node add n3 --zone=c --reason=growth",
        "node update n2 --weight=1 --label=disk=hdd",
        "node remove n1 --reason=broken",
        "node add n4 --zone=a",
    )]


def clockwise(server, *arguments):
    return subprocess.run(
        [BIN / "clockwise", f"--server={server}", *arguments],
        check=True, stdout=subprocess.PIPE, text=True).stdout


def fill(store):
    """Creates the rings in `store`; returns what the server then reports."""
    with RunningServer(store=store, program=BIN / "clockwised") as server:
        for command in COMMANDS:
            clockwise(server.grpc, *command.split())
        rings = {}
        for ring in ("hashed", "parts"):
            said = [json.loads(clockwise(
                server.grpc, f"--ring={ring}", "--output=json", *what.split()))
                for what in ("ring show", "ring history")]
            rings[ring] = {"snapshot": said[0]["snapshot"],
                           "changes": said[1]["changes"]}
        server.kill(signal.SIGTERM)
        return rings


def put_into_one_file(path):
    """Merges the write-ahead log into the file."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def etcd_keys():
    """Fills an etcd; returns the server's report, and the keys."""
    with EtcdCluster() as etcd:
        rings = fill(etcd.store)
        said = json.loads(subprocess.run(
            ["etcdctl", f"--endpoints={etcd.addresses[0]}", "get", "",
             "--prefix", "--write-out=json"],
            check=True, stdout=subprocess.PIPE, text=True,
            env={"ETCDCTL_API": "3", "PATH": "/usr/bin:/bin"}).stdout)
        return rings, [f"{kv['key']} {kv.get('value', '-')}"
                       for kv in said["kvs"]]


def write_json(name, value):
    (FOLDER / name).write_text(
        json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        path = folder / "clockwise.db"
        write_json("sqlite.json", fill(f"sqlite:{path}"))
        put_into_one_file(path)
        backup = folder / "rings.backup"
        subprocess.run([BIN / "clockwise", "store", "backup", f"sqlite:{path}",
                        backup], check=True, stdout=subprocess.DEVNULL)
        put_into_one_file(path)
        shutil.copyfile(path, FOLDER / "rings.sqlite")
        shutil.copyfile(backup, FOLDER / "rings.backup")
        rings, keys = etcd_keys()
        write_json("etcd.json", rings)
        (FOLDER / "etcd.txt").write_text("\n".join(keys) + "\n")


main()
