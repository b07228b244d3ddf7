"""A server between the adapter and the tenant that can give any bytes as an answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import httpx2


class Gate(ThreadingHTTPServer):
    """Hands requests on, except that those of `methods` get `answer`; it keeps the paths of those. The answers that
    come back can be bent."""

    daemon_threads = True

    def __init__(self, *, base_url: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        parts = urlsplit(base_url)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.base_url = f"http://127.0.0.1:{self.server_port}{parts.path}"
        self.http = httpx2.Client(trust_env=False, verify=False)
        self.methods: tuple[str, ...] = ()
        self.answer = b""
        self.echo = False
        self.drip = 0.0  # seconds between two pieces of an answer of the gate's own
        self.met: list[str] = []
        self.bend: Callable[[str, bytes], bytes] = lambda method, answer: answer
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self.http.close()

    def answers(
        self, *methods: str, status: int = 200, body: str = "", headers: str = "", raw: bytes | None = None
    ) -> None:
        """From now on, answer these methods so."""
        self.methods = methods
        self.answer = said(status, body.encode(), headers) if raw is None else raw


def said(status: int, content: bytes, headers: str = "") -> bytes:
    """An answer as it goes over the wire."""
    length = f"Content-Length: {len(content)}\r\n"
    return f"HTTP/1.1 {status} Said\r\n{length}{headers}Connection: close\r\n\r\n".encode("latin-1") + content


class Handler(BaseHTTPRequestHandler):
    server: Gate

    def handle_one(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.close_connection = True
        if self.command in self.server.methods:
            self.server.met.append(self.path)
            answer = self.server.answer
            if self.server.echo:
                answer = answer.replace(b"ECHO", self.headers["Authorization"].encode())
            self.say(answer, every=self.server.drip)
            return
        hop = ("host", "connection")
        headers = {name: value for name, value in self.headers.items() if name.lower() not in hop}
        url = self.server.origin + self.path
        given = self.server.http.request(self.command, url, headers=headers, content=body)
        headers_too = f"Content-Type: {given.headers.get('content-type', 'text/plain')}\r\n"
        self.say(self.server.bend(self.command, said(given.status_code, given.content, headers_too)))

    def say(self, answer: bytes, *, every: float = 0.0) -> None:
        """Send an answer, at once or drop by drop (seconds between two) until the caller is gone."""
        size = 10 if every else len(answer) or 1
        try:
            for start in range(0, len(answer), size):
                self.wfile.write(answer[start : start + size])
                time.sleep(every)
        except ConnectionError:
            return

    do_GET = do_POST = do_PATCH = do_DELETE = handle_one

    def log_message(self, format: str, *args: object) -> None:
        """Keep the terminal quiet."""
