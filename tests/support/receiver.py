"""A program that receives webhooks on a port of its own, and answers as a test tells it to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.conf import LazySettings


@dataclass
class Received:
    """One request: headers in lower case, and the body."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What it got, and how it answers: statuses in turn, the last for good; a place to redirect to; silence."""

    port: int = 0
    got: list[Received] = field(default_factory=list)
    statuses: list[int] = field(default_factory=lambda: [200])
    location: str = ""
    answer: bytes = b"thank you"
    endless: bool = False
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook?key=abcd"


@pytest.fixture
def receiver(settings: LazySettings) -> Iterator[Receiver]:
    """A receiver that answers 200, listed as a tool of the house."""
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.got.append(Received(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            status = made.statuses.pop(0) if len(made.statuses) > 1 else made.statuses[0]
            self.send_response(status)
            if made.location:
                self.send_header("Location", made.location)
            if made.endless:  # one byte of a header now and then, for ever
                self.wfile.flush()
                while not made.over.wait(0.02):
                    try:
                        self.wfile.write(b"x")
                    except OSError:
                        return
                return
            self.send_header("Content-Length", str(len(made.answer)))
            self.end_headers()
            self.wfile.write(made.answer)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.port = server.server_port
    settings.WEBHOOK_HOSTS = frozenset({f"http://127.0.0.1:{made.port}"})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield made
    made.over.set()
    server.shutdown()
    server.server_close()
    thread.join()
