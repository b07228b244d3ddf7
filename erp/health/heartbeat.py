"""When beat and the workers were last heard of: a row each, in the database's time."""

from __future__ import annotations

import logging
import time
from typing import Any

from celery.signals import task_postrun
from django.db import Error as DatabaseError
from django.db import connection, transaction

log = logging.getLogger(__name__)

SWEEP = "sweep"  # beat rings for it every few seconds, a worker answers: it is as old as the worse of the two
WORKER = "worker"  # any task at all was done
REST = 10.0  # seconds between two words of one process
_last = 0.0


def beat(name: str) -> None:
    """This function will note that a part of the installation lives."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO erp_heartbeat (name, at) VALUES (%s, clock_timestamp())"
            " ON CONFLICT (name) DO UPDATE SET at = EXCLUDED.at",
            [name],
        )


def listen() -> None:
    """This function will have each worker say, after a task, that it lives; not with every one."""
    task_postrun.connect(_worked, dispatch_uid="erp.health.heartbeat")


def _worked(**signal: Any) -> None:
    global _last
    if time.monotonic() - _last < REST:
        return
    _last = time.monotonic()
    try:
        with transaction.atomic():
            beat(WORKER)
    except DatabaseError:
        log.warning("could not note that a worker lives", exc_info=True)


def ages() -> dict[str, float]:
    """This function will tell how many seconds ago each part was heard of."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, EXTRACT(EPOCH FROM clock_timestamp() - at)::float8 FROM erp_heartbeat")
        return {name: max(age, 0.0) for name, age in cursor.fetchall()}
