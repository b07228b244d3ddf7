"""Ringing the workers: Redis is a bell and PostgreSQL the queue, so a bell that is not heard costs only time."""

from __future__ import annotations

import logging
import time

from celery import current_app
from django.db import transaction
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

REST = 5.0  # seconds a silent broker is left alone: one request may ring many times
_silent_until = 0.0


def ring(task: str, *args: object) -> None:
    """This function will start a task, named in full (`erp.tasks.deliver`), once the transaction is committed.

    A broker that is down must not fail a person's request: the sweep finds the work in the database.
    """
    transaction.on_commit(lambda: _publish(task, args))


def _publish(task: str, args: tuple[object, ...]) -> None:
    global _silent_until
    if time.monotonic() < _silent_until:
        return
    try:
        current_app.send_task(task, args=list(args), retry=False)
    except (KombuError, RedisError, OSError) as problem:
        _silent_until = time.monotonic() + REST
        log.warning("the broker did not take %s%r (%s); the sweep will find it", task, args, problem)
