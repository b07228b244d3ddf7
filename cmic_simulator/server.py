"""The socket side: a threaded HTTP/1.1 server that can also reset, hang and cut answers short."""

import socket
import struct
import sys
import threading
import traceback
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cmic_simulator.messages import Request, Response

LARGEST_BODY = 20_000_000
CLIENT_GONE_POLL_SECONDS = 0.02
# Takes a request, gives the answer and what to call once the request is no longer under way.
Answerer = Callable[[Request], tuple[Response, Callable[[], None]]]


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, TimeoutError, ValueError):
            # The caller went away in the middle, or the server is stopping: nothing is left to answer.
            self.close_connection = True

    def serve(self) -> None:
        """Answer one request of any method."""
        request = self._request()
        if request is None:
            return
        response, done = self.server.answer(request)
        try:
            if response.wire == "hang":
                self._hang(response.patience)
        finally:
            # Before the answer leaves: its reader may send the next request at once.
            done()
        if response.wire == "reset":
            self._reset()
        elif response.wire != "hang":
            self._send(response)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = do_HEAD = do_OPTIONS = serve

    def _request(self) -> Request | None:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "Content-Length is needed.")
            return None
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > LARGEST_BODY:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request Entity Too Large.")
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return None
        return Request(
            method=self.command,
            target=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            client=self.client_address[0],
        )

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        self.close_connection = True
        self._send(Response(status, text, "text/plain"))

    def _send(self, response: Response) -> None:
        body = b"" if self.command == "HEAD" else response.body.encode()
        lines = [f"HTTP/1.1 {response.status} {_phrase(response.status)}"]
        if response.status != HTTPStatus.NO_CONTENT:
            lines += [
                f"Content-Type: {response.content_type}",
                f"Content-Length: {len(response.body.encode())}",
            ]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        if response.wire == "truncate":
            body = body[: len(body) // 2]
            self.close_connection = True
        if self.close_connection:
            lines.append("Connection: close")
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def _reset(self) -> None:
        self.close_connection = True
        self.server.connections.discard(self.connection)
        # Lingering for zero seconds makes the kernel send RST instead of FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.close(self.connection.detach())

    def _hang(self, patience: threading.Event) -> None:
        """Say nothing until the caller is gone, the stand-in is reset, or the server stops."""
        self.close_connection = True
        while not patience.wait(CLIENT_GONE_POLL_SECONDS):
            try:
                if not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                    return
            except BlockingIOError:
                continue
            except OSError:
                return

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on the terminal: the journal has it all."""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


class Server(ThreadingHTTPServer):
    """A threaded server that stops at once, whatever its callers are waiting for."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 1024

    def __init__(self, address: tuple[str, int], *, answer: Answerer) -> None:
        self.answer = answer
        self.connections: set[socket.socket] = set()
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        """Bind without asking the name service for the host's name, which can take seconds."""
        socket.socket.setsockopt(self.socket, socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """Print what went wrong, except that a caller hung up."""
        if not isinstance(sys.exception(), ConnectionError):
            traceback.print_exc()

    def stop(self) -> None:
        """This function will stop serving and close all connections; hangs end with their connection."""
        self.shutdown()
        self.server_close()
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
