#!/usr/bin/python3
"""Writes the stored data of this folder with the programs of an older version.

    tests/data/make.py BIN

BIN holds clockwised and clockwise of that version; etcd and etcdctl must be in
PATH. The README says which version wrote the files that are here.
"""

import json
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

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


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def clockwise(server, *arguments):
    return subprocess.run(
        [BIN / "clockwise", f"--server={server}", *arguments],
        check=True, stdout=subprocess.PIPE, text=True).stdout


def fill(store, folder):
    """Makes the rings in `store`; returns what the server then reports."""
    with open(folder / "log", "w") as log, subprocess.Popen(
            [BIN / "clockwised", f"--store={store}", "--listen=127.0.0.1:0",
             "--http=127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=log, text=True) as server:
        try:
            line = server.stdout.readline()
            address = line.split("grpc=")[1].split()[0]
            for command in COMMANDS:
                clockwise(address, *command.split())
            rings = {}
            for ring in ("hashed", "parts"):
                said = [json.loads(clockwise(
                    address, f"--ring={ring}", "--output=json", *what.split()))
                    for what in ("ring show", "ring history")]
                rings[ring] = {"snapshot": said[0]["snapshot"],
                               "changes": said[1]["changes"]}
            return rings
        finally:
            server.terminate()
            server.wait()


def put_into_one_file(path):
    """Leaves no write-ahead log beside the file."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def etcd_keys(folder):
    """Fills an etcd; returns what the server reported, and the keys."""
    client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    with open(folder / "etcd.log", "w") as log, subprocess.Popen(
            ["etcd", f"--data-dir={folder / 'etcd'}",
             f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
             f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
             f"--initial-cluster=default={peer}"],
            stdout=log, stderr=log) as etcd:
        try:
            time.sleep(3)
            rings = fill(f"etcd:{client.removeprefix('http://')}", folder)
            said = json.loads(subprocess.run(
                ["etcdctl", f"--endpoints={client}", "get", "", "--prefix",
                 "--write-out=json"],
                check=True, stdout=subprocess.PIPE, text=True,
                env={"ETCDCTL_API": "3", "PATH": "/usr/bin:/bin"}).stdout)
            return rings, [f"{kv['key']} {kv.get('value', '-')}"
                           for kv in said["kvs"]]
        finally:
            etcd.terminate()
            etcd.wait()


def write_json(name, value):
    (FOLDER / name).write_text(
        json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        path = folder / "clockwise.db"
        write_json("sqlite.json", fill(f"sqlite:{path}", folder))
        put_into_one_file(path)
        backup = folder / "rings.backup"
        subprocess.run([BIN / "clockwise", "store", "backup", f"sqlite:{path}",
                        backup], check=True, stdout=subprocess.DEVNULL)
        put_into_one_file(path)
        shutil.copyfile(path, FOLDER / "rings.sqlite")
        shutil.copyfile(backup, FOLDER / "rings.backup")
        rings, keys = etcd_keys(folder)
        write_json("etcd.json", rings)
        (FOLDER / "etcd.txt").write_text("\n".join(keys) + "\n")


main()
