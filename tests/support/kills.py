"""Where a worker can be killed in the middle of a delivery, and how it is held there from outside.

The application has no hook for this. A fault of the simulator holds a worker at a request, or a row that it needs is
locked in the database: then it stands at that point until it is killed.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection

from tests.support.simulator import Simulator

Reached = Callable[[], bool]
ANSWER_SECONDS = 0.3  # how long an answer is held up to see which one it will be
HELD_SECONDS = 20  # nobody is held longer than this; the worker's own time-out may end it sooner


@dataclass(frozen=True)
class Point:
    """One named point; `hold` is entered to hold whoever comes by, and says when somebody stands there."""

    name: str
    hold: Callable[[Simulator], AbstractContextManager[Reached]]


def by_fault(kind: str, method: str, resource: str, **parameters: Any) -> Callable[[Simulator], Any]:
    """Hold whoever sends such a request."""

    @contextmanager
    def hold(simulator: Simulator) -> Iterator[Reached]:
        set_ = simulator.fault(kind, match={"method": method, "resource": resource}, **parameters)
        try:
            yield lambda: fired(simulator, set_["id"])
        finally:
            simulator.clear_faults()

    return hold


def fired(simulator: Simulator, number: int) -> bool:
    """Whether a fault has met somebody."""
    return any(f["fired"] for f in simulator.control("GET", "faults")["faults"] if f["id"] == number)


class Lock:
    """Rows locked over a connection of their own, like a neighbor's long transaction."""

    def __init__(self, rows: str) -> None:
        parameters = connection.get_connection_params()
        wanted = {name: parameters[name] for name in ("host", "port", "dbname", "user") if name in parameters}
        self.connection = psycopg.connect(**wanted)
        self.pid = self.connection.info.backend_pid
        self.connection.execute(f"SELECT 1 FROM {rows} FOR UPDATE")

    def awaited(self) -> bool:
        """Whether somebody waits for one of the rows."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))", [self.pid]
            )
            return bool(cursor.fetchone()[0])

    def release(self) -> None:
        """Let everybody go on."""
        self.connection.close()


def by_lock(rows: str) -> Callable[[Simulator], Any]:
    """Hold whoever needs these rows."""

    @contextmanager
    def hold(simulator: Simulator) -> Iterator[Reached]:
        lock = Lock(rows)
        try:
            yield lock.awaited
        finally:
            lock.release()

    return hold


@contextmanager
def answer_not_stored(simulator: Simulator) -> Iterator[Reached]:
    """Let a write be answered, and hold the worker where it wants to store the answer."""
    writes = {"kind": ["collection", "item"], "method": ["POST", "PATCH", "DELETE"]}
    set_ = simulator.fault("slow", match=writes, seconds=ANSWER_SECONDS)
    locks: list[Lock] = []

    def reached() -> bool:
        if not locks and fired(simulator, set_["id"]):
            locks.append(Lock("erp_call WHERE answered_at IS NULL"))
        return bool(locks) and locks[0].awaited()

    try:
        yield reached
    finally:
        simulator.clear_faults()
        for lock in locks:
            lock.release()


def _around(what: str, method: str, resource: str) -> Iterator[Point]:
    yield Point(f"before {what}", by_fault("hang_before", method, resource))
    yield Point(f"{what} done, unanswered", by_fault("hang_after_commit", method, resource))


POINTS = (
    Point("claiming, not committed", by_lock("workflow_chainhead")),
    Point("claimed, looking", by_fault("slow", "GET", "cmmast", seconds=HELD_SECONDS)),
    *_around("header", "POST", "cmmast"),
    *_around("assignment", "POST", "jcjobcategory"),
    *_around("line", "POST", "cmdetail"),
    *_around("status", "PATCH", "cmmast"),
    *_around("amount", "PATCH", "jcjobcategory"),
    *_around("removing a line", "DELETE", "cmdetail"),
    *_around("removing the header", "DELETE", "cmmast"),
    Point("line lands after the kill", by_fault("late_commit", "POST", "cmdetail", seconds=1.5)),
    Point("answer read, not stored", answer_not_stored),
    Point("all written, before the mark", by_lock("budgets_budget")),
)
ANYWHERE = "any moment"
