"""Connections that keep time: no call outlasts its deadline, however slowly the bytes drip, either way.

The time-outs of the HTTP library are for one wait each; a server that sends a byte a minute never meets them.
"""

from __future__ import annotations

import math
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2


class Deadline:
    """The moment by which what this thread does must be over, in seconds of the monotonic clock."""

    def __init__(self) -> None:
        self._of = threading.local()

    @property
    def _at(self) -> float:
        return float(getattr(self._of, "at", math.inf))

    @contextmanager
    def of(self, seconds: float) -> Iterator[None]:
        """This function will give the block so many seconds, or less where there is less left."""
        before = self._at
        self._of.at = min(before, time.monotonic() + seconds)
        try:
            yield
        finally:
            self._of.at = before

    @contextmanager
    def of_claim(self, seconds: float) -> Iterator[None]:
        """This function will give the block so many seconds, counted anew at every `renew`."""
        self._of.claim = seconds
        try:
            with self.of(seconds):
                yield
        finally:
            del self._of.claim

    def renew(self) -> None:
        """This function will count the seconds of a claim from now on."""
        self._of.at = time.monotonic() + float(getattr(self._of, "claim", math.inf))

    @property
    def is_up(self) -> bool:
        """Whether no time is left."""
        return self._at <= time.monotonic()

    def left(self, patience: float | None) -> float | None:
        """This function will return how long one wait may last; raises httpx2.ReadTimeout when time is up."""
        if self.is_up:
            raise httpx2.ReadTimeout("The time for this call is up.")
        left = min(self._at - time.monotonic(), math.inf if patience is None else patience)
        return None if left == math.inf else max(left, 0.001)


class PunctualTransport(httpx2.HTTPTransport):
    """The library's own connections, with each wait cut to what the deadline leaves."""

    def __init__(self, *, trusted: ssl.SSLContext, connections: int, deadline: Deadline) -> None:
        limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
        super().__init__(verify=trusted, trust_env=False, limits=limits)
        pool: Any = self._pool
        pool._network_backend = _Network(pool._network_backend, deadline)


class _Network:
    def __init__(self, real: Any, deadline: Deadline) -> None:
        self._real, self._deadline = real, deadline

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **more: Any) -> _Stream:
        return _Stream(self._real.connect_tcp(host, port, timeout=timeout, **more), self._deadline)

    def sleep(self, seconds: float) -> None:
        self._real.sleep(seconds)


class _Stream:
    def __init__(self, real: Any, deadline: Deadline) -> None:
        self._real, self._deadline = real, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return bytes(self._real.read(max_bytes, timeout=self._deadline.left(timeout)))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._real.write(buffer, timeout=self._deadline.left(timeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Stream:
        return _Stream(self._real.start_tls(ssl_context, server_hostname, timeout), self._deadline)

    def close(self) -> None:
        self._real.close()

    def get_extra_info(self, info: str) -> Any:
        return self._real.get_extra_info(info)
