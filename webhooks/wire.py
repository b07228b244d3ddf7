"""One POST to one checked address: no redirects, no proxy, a limit on time and on what is read.

Written on sockets because the usual clients look the name up themselves, follow what they are told, and time each read
instead of the whole.
"""

from __future__ import annotations

import io
import socket
import ssl
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from time import monotonic
from typing import Any

from webhooks.addresses import AddressRefused, Target, addresses_of, target_of

WHOLE, CONNECT = 15.0, 5.0  # seconds
MOST = 64 * 1024  # bytes that are read of an answer
EXCERPT = 500
AGENT = "Tieback-Webhooks/1"


@dataclass(frozen=True)
class Answer:
    """How a POST ended: a status, or why there is none."""

    status: int | None
    milliseconds: int
    excerpt: str = ""
    error: str = ""

    @property
    def taken(self) -> bool:
        """Whether the receiver has it."""
        return self.status is not None and 200 <= self.status < 300


class _NoAnswer(Exception):
    """There was no answer; the sentence says why."""


def post(url: str, *, body: bytes, headers: dict[str, str], whole: float = WHOLE) -> Answer:
    """This function will post a body and say how it ended. It raises nothing that the network can cause."""
    begun = monotonic()
    try:
        status, excerpt = _exchange(target_of(url), body, headers, begun + whole)
        error = "It answered with a redirect, which is not followed." if 300 <= status < 400 else ""
        return Answer(status, _since(begun), excerpt, error)
    except (AddressRefused, _NoAnswer) as problem:
        return Answer(None, _since(begun), error=str(problem)[:300])
    except (OSError, HTTPException, ValueError) as problem:
        return Answer(None, _since(begun), error=_words(problem)[:300])


def _since(begun: float) -> int:
    return round((monotonic() - begun) * 1000)


def _words(problem: Exception) -> str:
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"Its certificate cannot be trusted: {problem.verify_message}"
    if isinstance(problem, TimeoutError):
        return "It did not answer in time."
    return f"There was no answer: {problem or type(problem).__name__}"


def _exchange(target: Target, body: bytes, headers: dict[str, str], until: float) -> tuple[int, str]:
    with _connect(target, until) as plain, _secured(plain, target, until) as line:
        line.settimeout(_left(until))
        line.sendall(_request(target, body, headers))
        return _parsed(_read(line, until))


def _left(until: float) -> float:
    left = until - monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _connect(target: Target, until: float) -> socket.socket:
    """Connect to an address that was checked, never to the name."""
    last: OSError = OSError("nothing to connect to")
    for address in addresses_of(target, within=_left(until))[:3]:
        try:
            return socket.create_connection((address, target.port), timeout=min(CONNECT, _left(until)))
        except OSError as problem:
            last = problem
    raise last


def _secured(plain: socket.socket, target: Target, until: float) -> socket.socket:
    if target.scheme == "http":
        return plain
    plain.settimeout(_left(until))
    return ssl.create_default_context().wrap_socket(plain, server_hostname=target.host)


def _request(target: Target, body: bytes, headers: dict[str, str]) -> bytes:
    lines = [
        f"POST {target.path} HTTP/1.1",
        f"Host: {target.authority}",
        f"User-Agent: {AGENT}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a line break in a header")
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def _read(line: socket.socket, until: float) -> bytes:
    """Read until the answer is whole, the receiver hangs up, the limit is reached or the time is over."""
    got = b""
    while len(got) < MOST:
        line.settimeout(_left(until))
        piece = line.recv(8192)
        if not piece:
            break
        got += piece
        if _whole(got):
            break
    return got[:MOST]


def _whole(got: bytes) -> bool:
    head, end, body = got.partition(b"\r\n\r\n")
    if not end:
        return False
    lowered = head.lower()
    if b"transfer-encoding: chunked" in lowered:
        return body.endswith(b"0\r\n\r\n")
    for row in lowered.split(b"\r\n")[1:]:
        name, _, value = row.partition(b":")
        if name == b"content-length" and value.strip().isdigit():
            return len(body) >= int(value)
    return lowered.split(b" ")[1:2] in ([b"204"], [b"304"])


class _Heard:
    """What was read, as the standard library's parser wants it."""

    def __init__(self, got: bytes) -> None:
        self.file = io.BytesIO(got)

    def makefile(self, *args: Any, **kwargs: Any) -> io.BytesIO:
        """The bytes as a file."""
        return self.file


def _parsed(got: bytes) -> tuple[int, str]:
    if not got:
        raise _NoAnswer("It hung up without an answer.")
    answer = HTTPResponse(_Heard(got), method="POST")  # type: ignore[arg-type]
    answer.begin()
    try:
        body = answer.read(4 * EXCERPT)
    except (HTTPException, OSError, ValueError):  # cut off: the status is what counts
        body = b""
    text = body.decode("utf-8", "replace")
    return answer.status, "".join(c if c.isprintable() else " " for c in text)[:EXCERPT]
