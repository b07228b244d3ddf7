"""A cursor for queries that read every line of a budget in one statement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

PLANNED = "SELECT set_config('enable_nestloop', '{}', TRUE), set_config('jit', '{}', TRUE)"


@contextmanager
def cursor() -> Iterator[CursorWrapper]:
    """This function will open a cursor whose queries are planned for many rows, whatever statistics there are.

    PostgreSQL knows nothing yet of lines that were imported a moment ago, and never of what a JSON array holds: it
    expects one row, and then reads 10,000 lines 10,000 times. Nor is compiling such a query worth its while.
    """
    inside = connection.in_atomic_block
    with transaction.atomic(savepoint=False), connection.cursor() as opened:
        opened.execute(PLANNED.format("off", "off"))
        yield opened
        if inside:  # else the settings end with the transaction
            opened.execute(PLANNED.format("on", "on"))
