"""A listener on loopback that serves each connection on a thread."""

import select
import socket
import threading


class LoopbackProxy:
    """Accepts connections for the duration of a with block.

    A subclass defines serve(client), which is called on a thread of its own for
    each connection. `address` is HOST:PORT.
    """

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.threads = []
        self._start(self._accept)
        return self

    def __exit__(self, *_):
        self.stop_listening()

    def stop_listening(self):
        """Rejects new connections; those that are open stay."""
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:  # it is closed already
            return
        self.listener.close()

    def _start(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self._start(self.serve, client)


def connect(address):
    """Connects to HOST:PORT."""
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=5)


def relay(client, server, seen=lambda end, data: True,
          before=lambda end, data: None):
    """Copies bytes both ways until one side ends, or `seen`, which is called
    after each piece with the socket that it came from, returns false. `before`
    is called with the same arguments before the piece is sent."""
    client.settimeout(None)
    server.settimeout(None)
    while True:
        for end in select.select([client, server], [], [])[0]:
            data = end.recv(65536)
            if not data:
                return
            before(end, data)
            (server if end is client else client).sendall(data)
            if not seen(end, data):
                return
