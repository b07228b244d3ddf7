"""The journal of requests: what came, what became of it, and how many were under way."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field

KEPT = 50_000
WINDOW_SECONDS = 1.0


@dataclass
class Entry:
    """One request of the journal; `committed` says whether it changed the book."""

    number: int
    method: str
    path: str
    resource: str
    request_id: str
    user: str
    body: str
    in_flight: int
    at: float
    time: str
    status: int | None = None
    outcome: str = ""
    committed: bool = False
    fault: str = ""
    seconds: float | None = None

    def as_dict(self) -> dict:
        """This function will return the entry for JSON; `at` and `seconds` are real seconds."""
        return dict(vars(self))


@dataclass
class Journal:
    """Requests in order of arrival, with the figures that limits are measured by."""

    entries: deque[Entry] = field(default_factory=lambda: deque(maxlen=KEPT))
    in_flight: int = 0
    max_in_flight: int = 0
    max_per_second: int = 0
    count: int = 0
    _recent: deque[float] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def arrive(
        self, *, method: str, path: str, resource: str, request_id: str, user: str, body: str, stamp: str
    ) -> Entry:
        """This function will note a request that has come in and count it as under way."""
        with self._lock:
            now = time.monotonic()
            self.count += 1
            self.in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self.in_flight)
            self._recent.append(now)
            while now - self._recent[0] >= WINDOW_SECONDS:
                self._recent.popleft()
            self.max_per_second = max(self.max_per_second, len(self._recent))
            entry = Entry(
                number=self.count,
                method=method,
                path=path,
                resource=resource,
                request_id=request_id,
                user=user,
                body=body,
                in_flight=self.in_flight,
                at=now,
                time=stamp,
            )
            self.entries.append(entry)
            return entry

    def leave(self, entry: Entry) -> None:
        """This function will note that a request is no longer under way."""
        with self._lock:
            self.in_flight -= 1
            entry.seconds = round(time.monotonic() - entry.at, 6)

    def clear(self) -> None:
        """This function will forget all entries and figures; requests under way stay counted."""
        with self._lock:
            self.entries.clear()
            self._recent.clear()
            self.count = 0
            self.max_in_flight, self.max_per_second = self.in_flight, 0

    def stats(self) -> dict:
        """This function will return the figures: all requests count, also refused ones."""
        with self._lock:
            statuses: dict[str, int] = {}
            for entry in self.entries:
                name = str(entry.status or entry.outcome or "under way")
                statuses[name] = statuses.get(name, 0) + 1
            return {
                "requests": self.count,
                "in_flight": self.in_flight,
                "max_in_flight": self.max_in_flight,
                "max_per_second": self.max_per_second,
                "statuses": statuses,
            }

    def listed(self) -> list[Entry]:
        """This function will return the entries, oldest first."""
        with self._lock:
            return list(self.entries)
