"""Runs real etcd members on loopback, in temporary folders."""

import base64
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request


def free_port():
    """Returns a port that was free a moment ago.

    It is below the range that Linux uses for outgoing connections: a connection
    of another test could use the port before etcd does.
    """
    while True:
        port = random.randrange(10000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class EtcdCluster:
    """`size` members for the duration of a with block; all are healthy at its
    start.

    `store` is the value of --store for a server. A member is named by its
    index.
    """

    def __init__(self, size=1, flags=(), scheme="http", context=None):
        self.flags = list(flags)
        self.scheme = scheme  # scheme of the client port
        self.context = context  # an SSL context for https
        self.size = size
        self.clients = [free_port() for _ in range(size)]
        self.peers = [free_port() for _ in range(size)]
        self.processes = [None] * size

    @property
    def addresses(self):
        return [f"127.0.0.1:{port}" for port in self.clients]

    @property
    def store(self):
        return "etcd:" + ",".join(self.addresses)

    def __enter__(self):
        # In memory if possible: an fsync of a shared disk may take longer than
        # an election.
        parent = "/dev/shm" if os.path.isdir("/dev/shm") else None
        self.folder = tempfile.mkdtemp(prefix="clockwise-etcd-", dir=parent)
        for index in range(self.size):
            self.start(index, wait=False)
        for index in range(self.size):
            self.wait(index)
        return self

    def __exit__(self, *_):
        for index in range(self.size):
            self.kill(index)
        shutil.rmtree(self.folder, ignore_errors=True)

    def wipe(self, index):
        """Removes the data of a member that is stopped."""
        shutil.rmtree(f"{self.folder}/data{index}")

    def start(self, index, wait=True, alone=False):
        """Starts a member, with its previous data if there is any.

        `alone` makes a member without data a cluster of its own.
        """
        client = f"{self.scheme}://127.0.0.1:{self.clients[index]}"
        peer = f"http://127.0.0.1:{self.peers[index]}"
        members = ",".join(f"m{i}=http://127.0.0.1:{port}"
                           for i, port in enumerate(self.peers)
                           if i == index or not alone)
        with open(os.path.join(self.folder, f"log{index}"), "a") as log:
            self.processes[index] = subprocess.Popen(
                ["etcd", f"--name=m{index}",
                 f"--data-dir={self.folder}/data{index}",
                 f"--listen-client-urls={client}",
                 f"--advertise-client-urls={client}",
                 f"--listen-peer-urls={peer}",
                 f"--initial-advertise-peer-urls={peer}",
                 f"--initial-cluster={members}", *self.flags],
                stdout=log, stderr=log)
        if wait:
            self.wait(index)

    def post(self, index, page, body, timeout=5, token=None):
        """Returns the response of a member's JSON gateway."""
        with urllib.request.urlopen(urllib.request.Request(
                f"{self.scheme}://127.0.0.1:{self.clients[index]}{page}",
                data=json.dumps(body).encode(),
                headers={"Authorization": token} if token else {}),
                timeout=timeout,
                context=self.context) as answer:
            return json.load(answer)

    def status(self, index, timeout=2):
        """Returns a member's status, or None."""
        try:
            return self.post(index, "/v3/maintenance/status", {}, timeout)
        except (urllib.error.URLError, OSError, ValueError):
            return None

    def wait(self, index):
        """Waits until a member knows a leader."""
        for _ in range(600):
            status = self.status(index)
            if status and int(status.get("leader", "0")):
                return
            time.sleep(0.05)
        with open(os.path.join(self.folder, f"log{index}")) as log:
            raise RuntimeError(
                "etcd did not become healthy: " + log.read()[-2000:])

    def save(self, path):
        """Saves a snapshot of a cluster of one member."""
        self._etcdctl(f"--endpoints={self.addresses[0]}", "snapshot", "save",
                      path)

    def restore(self, path):
        """Restores a snapshot to the only member, which is stopped and has no
        data. The cluster ID is then a new one."""
        peer = f"http://127.0.0.1:{self.peers[0]}"
        self._etcdctl("snapshot", "restore", path, "--name=m0",
                      f"--data-dir={self.folder}/data0",
                      f"--initial-cluster=m0={peer}",
                      f"--initial-advertise-peer-urls={peer}",
                      "--initial-cluster-token=restored")

    @staticmethod
    def _etcdctl(*arguments):
        subprocess.run(["etcdctl", *arguments], check=True, timeout=60,
                       env={**os.environ, "ETCDCTL_API": "3"},
                       capture_output=True)

    def put(self, key, value):
        """Writes one key."""
        def encoded(text):
            return base64.b64encode(text.encode()).decode()
        self.post(0, "/v3/kv/put",
                  {"key": encoded(key), "value": encoded(value)})

    def leader(self):
        """Returns the index of the leader."""
        for _ in range(600):
            for index in range(self.size):
                status = self.status(index)
                if status and status["header"]["member_id"] == status.get(
                        "leader"):
                    return index
            time.sleep(0.05)
        raise RuntimeError("etcd has no leader")

    def compact(self):
        """Compacts all revisions except the newest."""
        revision = self.status(0)["header"]["revision"]
        self.post(0, "/v3/kv/compaction",
                  {"revision": revision, "physical": True})

    def kill(self, index):
        process, self.processes[index] = self.processes[index], None
        if process is not None:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait(timeout=60)

    def pause(self, index):
        self.processes[index].send_signal(signal.SIGSTOP)

    def resume(self, index):
        self.processes[index].send_signal(signal.SIGCONT)
