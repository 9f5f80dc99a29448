"""Makes calls of gRPC over a socket, to control TLS and what is read."""

import collections
import re
import socket
import ssl
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 7, 8
INITIAL_WINDOW = 4  # a parameter of SETTINGS
WINDOW, FRAME = 65_535, 16_384  # the defaults of HTTP/2, in bytes
END_STREAM, ACK, END_HEADERS = 1, 1, 4


def frame(kind, flags, stream, payload=b""):
    return (len(payload).to_bytes(3, "big") + bytes([kind, flags])
            + stream.to_bytes(4, "big") + payload)


def header(name, value):
    """Returns a header as HPACK encodes it without indexing."""
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


def headers_of(method):
    """Returns the headers of a call of PlacementService."""
    return b"".join(header(name, value) for name, value in (
        (b":method", b"POST"), (b":scheme", b"https"),
        (b":path", b"/clockwise.v1.PlacementService/" + method),
        (b":authority", b"localhost"), (b"te", b"trailers"),
        (b"content-type", b"application/grpc")))


class RawConnection:
    """A connection by one version of TLS, perhaps with an earlier session, or
    without TLS if `context` is None."""

    def __init__(self, address, context, session=None):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=20)
        if context is not None:
            self.socket = context.wrap_socket(
                self.socket, server_hostname="localhost", session=session)
        self.socket.sendall(PREFACE + frame(SETTINGS, 0, 0))
        self.stream = -1

    def call(self, method, request):
        """Returns the status code of a unary call, as a number."""
        self.send(method, request)
        while True:
            kind, flags, stream, payload = self._frame()
            if kind == GOAWAY:
                raise ConnectionError("the server closes the connection")
            if kind == HEADERS and stream == self.stream and flags & END_STREAM:
                # gRPC sends the number as a literal; later it may be indexed,
                # so each connection carries one call with a known status.
                return int(re.search(rb"grpc-status.(\d+)", payload).group(1))

    def send(self, method, request):
        """Sends a unary call. Its answer fills the window of 64 KiB."""
        self.stream += 2
        body = b"\0" + len(request).to_bytes(4, "big") + request
        self.socket.sendall(
            frame(HEADERS, END_HEADERS, self.stream, headers_of(method))
            + frame(DATA, END_STREAM, self.stream, body))

    def send_unfinished(self, method, calls, size, announced, seconds):
        """Starts `calls` calls, each with `size` of `announced` bytes of a
        request. Returns after `seconds`, or when the server has all, has ended
        the calls, or has accepted no more for two seconds."""
        start = b"\0" + announced.to_bytes(4, "big")
        windows = collections.Counter({0: WINDOW})  # 0: of the connection
        initial = WINDOW
        left = {}
        for _ in range(calls):
            self.stream += 2
            self.socket.sendall(
                frame(HEADERS, END_HEADERS, self.stream, headers_of(method))
                + frame(DATA, 0, self.stream, start))
            windows[self.stream] = initial - len(start)
            windows[0] -= len(start)
            left[self.stream] = size
        end = time.monotonic() + seconds
        while left and time.monotonic() < end:
            stream = next((one for one in left if windows[one] > 0), None)
            if stream is not None and windows[0] > 0:
                part = min(windows[0], windows[stream], left[stream], FRAME)
                self.socket.sendall(frame(DATA, 0, stream, bytes(part)))
                windows[0] -= part
                windows[stream] -= part
                left[stream] -= part
                if not left[stream]:
                    del left[stream]
                continue
            self.socket.settimeout(min(2, max(0.01, end - time.monotonic())))
            try:
                kind, flags, stream, payload = self._frame()
            except TimeoutError:
                return
            if kind == WINDOW_UPDATE:
                windows[stream] += int.from_bytes(payload, "big")
            elif kind in (RST_STREAM, HEADERS):
                left.pop(stream, None)
            elif kind == SETTINGS and not flags:
                for at in range(0, len(payload), 6):
                    if int.from_bytes(payload[at:at + 2], "big") == INITIAL_WINDOW:
                        value = int.from_bytes(payload[at + 2:at + 6], "big")
                        for one in windows:
                            windows[one] += (value - initial) * (one != 0)
                        initial = value
                self.socket.sendall(frame(SETTINGS, ACK, 0))

    def _frame(self):
        head = self._read(9)
        return (head[3], head[4], int.from_bytes(head[5:], "big"),
                self._read(int.from_bytes(head[:3], "big")))

    def _read(self, size):
        read = b""
        while len(read) < size:
            part = self.socket.recv(size - len(read))
            if not part:
                raise ConnectionError("the server closed the connection")
            read += part
        return read

    @property
    def session(self):
        return self.socket.session

    @property
    def resumed(self):
        return self.socket.session_reused

    def close(self):
        self.socket.close()


def client_context(ca, pair, version):
    """Returns a context of one version of TLS with a client certificate."""
    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(*pair)
    context.set_alpn_protocols(["h2"])
    context.minimum_version = context.maximum_version = version
    return context
