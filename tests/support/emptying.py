"""The database emptied after a test that commits: only the tables that hold something, and not by TRUNCATE.

Django's flush makes new files for every table and its indexes, a second's work for rows that are deleted in a few
milliseconds. Guards of the database do not fire meanwhile, for which the throw-away server gives its role the right;
on a server without that right (TEST_DATABASE_URL) Django's flush does it.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import TransactionTestCase

STAYS = (
    "django_content_type",
    "auth_permission",
    "django_migrations",
)  # told by the code, the same for every test


@pytest.fixture(scope="session", autouse=True)
def emptied_quickly() -> Iterator[None]:
    """Let tests that commit leave an empty database behind in no time."""
    flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]  # Django has no types for it

    def leave_nothing(self: Any) -> None:
        if _may_mute_guards():
            _empty()
        else:
            flush(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", leave_nothing)
        yield


def _may_mute_guards() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_parameter_privilege('session_replication_role', 'SET')")
        return bool(cursor.fetchone()[0])


def _empty() -> None:
    tables = [name for name in connection.introspection.table_names() if name not in STAYS]
    holds = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(holds)
        for [name] in cursor.fetchall():
            cursor.execute(f"DELETE FROM {name}")
