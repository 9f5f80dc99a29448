"""A TCP proxy that holds what clients send, and forwards it later."""

import selectors
import threading

from tests.support.loopback_proxy import LoopbackProxy, connect


class HoldingProxy(LoopbackProxy):
    """Forwards bytes to `target` ("HOST:PORT") for the duration of a with
    block.

    hold(): keeps the bytes of clients from now on, also those of new
    connections. Bytes of the target are forwarded. hold_from(text): begins
    this with the next bytes that contain `text`. release(): forwards all bytes
    that were kept, in order, also those of connections that the client has
    closed meanwhile.
    """

    def __init__(self, target):
        self.target = target
        self._open = threading.Event()
        self._open.set()
        self._stop = False
        self._text = None

    def __exit__(self, *_):
        self._stop = True
        self._open.set()
        super().__exit__()
        for thread in self.threads:
            thread.join(timeout=10)

    def hold(self):
        self._open.clear()

    def hold_from(self, text):
        self._text = text

    def _keep(self, data):
        if self._text is not None and self._text in data:
            self._text = None
            self.hold()
        return data

    def release(self):
        self._open.set()

    def serve(self, client):
        try:
            server = connect(self.target)
        except OSError:
            client.close()
            return
        kept = b""
        with client, server, selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ)
            selector.register(server, selectors.EVENT_READ)
            closed = False
            while not self._stop and not (closed and self._open.is_set()
                                          and not kept):
                try:
                    if kept and self._open.is_set():
                        server.sendall(kept)
                        kept = b""
                    for key, _ in selector.select(timeout=0.05):
                        data = key.fileobj.recv(65536)
                        if not data and key.fileobj is server:
                            return
                        if not data:
                            selector.unregister(client)
                            closed = True
                        elif key.fileobj is client:
                            kept += self._keep(data)
                        elif not closed:
                            client.sendall(data)
                    if closed and not self._open.is_set():
                        self._open.wait(0.05)
                except OSError:
                    closed = True
                    if not kept:
                        return
