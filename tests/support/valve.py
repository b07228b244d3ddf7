"""A Redis of a test's own, behind a valve: it can be killed, emptied, or made to say nothing.

`valve.url` is a TCP address in front of a Valkey that belongs to the test alone. Ask for the fixture `valve`; it also
points this process's bell, cache and limiter there, and workers get it with `REDIS_URL=valve.url`.
"""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import redis
from celery import Celery
from django.conf import LazySettings

from embedded.valkey import Valkey
from tests.support.delivery import new_process
from tests.support.simulator import Simulator
from workflow import bell

LOOK = 0.05  # seconds between two looks at the valve
PIECE = 65536


class Valve:
    """A TCP address in front of a unix socket. Shut, it accepts and lets nothing through."""

    def __init__(self, valkey: Valkey) -> None:
        self.valkey = valkey
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"redis://127.0.0.1:{self.listener.getsockname()[1]}/0"
        self._shut, self._closed = threading.Event(), threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def shut(self) -> None:
        """From now on Redis accepts connections and never answers."""
        self._shut.set()

    def open(self) -> None:
        """Let everything through again; who connected meanwhile has to connect again."""
        self._shut.clear()

    def kill(self) -> None:
        """Kill Redis with SIGKILL: the address refuses nobody and hangs up on everybody."""
        assert self.valkey.process is not None
        self.valkey.process.kill()
        self.valkey.process.wait()

    def start(self) -> None:
        """Start a new, empty Redis in its place."""
        self.valkey.socket.unlink(missing_ok=True)
        self.valkey.start()

    def empty(self) -> None:
        """FLUSHALL."""
        with redis.Redis.from_url(self.valkey.url) as client:
            client.flushall()

    def close(self) -> None:
        """Take the address away and stop Redis."""
        self._closed.set()
        self.listener.close()
        self.valkey.stop()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                guest, _ = self.listener.accept()
            except OSError:
                return  # the address was taken away
            threading.Thread(target=self._serve, args=(guest,), daemon=True).start()

    def _serve(self, guest: socket.socket) -> None:
        with guest:
            if self._shut.is_set():
                self._say_nothing(guest)
                return
            with socket.socket(socket.AF_UNIX) as host, suppress(OSError):
                host.connect(str(self.valkey.socket))
                self._pump(guest, host)

    def _pump(self, guest: socket.socket, host: socket.socket) -> None:
        while not self._closed.is_set():
            if self._shut.is_set():
                self._say_nothing(guest)
                return
            for end in select.select([guest, host], [], [], LOOK)[0]:
                piece = end.recv(PIECE)
                if not piece:
                    return
                (host if end is guest else guest).sendall(piece)

    def _say_nothing(self, guest: socket.socket) -> None:
        while self._shut.is_set() and not self._closed.is_set():
            ready = select.select([guest], [], [], LOOK)[0]
            with suppress(OSError):
                if ready and not guest.recv(PIECE):
                    return


@pytest.fixture
def valve(
    steady_cmic: Simulator, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Valve]:
    """A Redis of this test's own behind a valve, used by all that this process does."""
    valkey = Valkey(tmp_path / "valkey", tmp_path / "valkey.log")
    valkey.start()
    made = Valve(valkey)
    elsewhere = Celery("elsewhere", set_as_current=False)
    elsewhere.config_from_object("django.conf:settings", namespace="CELERY")
    elsewhere.conf.broker_url = made.url
    monkeypatch.setattr(bell, "current_app", elsewhere)
    monkeypatch.setattr(bell, "_silent_until", 0.0)
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": made.url}}
    settings.ERP_BACKENDS["cmic"]["OPTIONS"] |= {"redis_url": made.url}
    new_process()
    yield made
    elsewhere.close()
    made.close()
    valkey.remove()
