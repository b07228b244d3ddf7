"""Writing rows past the application: raw SQL on the application's own connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import DatabaseError, connection, models, transaction
from psycopg.types.json import Jsonb


def run(sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """This function will execute one statement and return its rows, if any."""
    with connection.cursor() as cursor:
        cursor.execute(sql, [Jsonb(value) if isinstance(value, dict) else value for value in values])
        return cursor.fetchall() if cursor.description else []


def update(row: models.Model, **columns: Any) -> None:
    """This function will change columns of a row; exactly one row has to be hit."""
    assignments = ", ".join(f"{name} = %s" for name in columns)
    table = row._meta.db_table
    hit = run(f"UPDATE {table} SET {assignments} WHERE id = %s RETURNING id", *columns.values(), row.pk)
    assert len(hit) == 1


def delete(row: models.Model) -> None:
    """This function will delete a row."""
    assert len(run(f"DELETE FROM {row._meta.db_table} WHERE id = %s RETURNING id", row.pk)) == 1


def copy(row: models.Model, **columns: Any) -> None:
    """This function will insert a copy of a row under a new id, with other values in some columns."""
    names = [f.column for f in row._meta.concrete_fields if f.column != "id"]
    taken = ", ".join("%s" if name in columns else name for name in names)
    given = [columns[name] for name in names if name in columns]
    run(
        f"INSERT INTO {row._meta.db_table} ({', '.join(names)})"
        f" SELECT {taken} FROM {row._meta.db_table} WHERE id = %s",
        *given,
        row.pk,
    )


@contextmanager
def refused(because: str) -> Iterator[None]:
    """This function will expect the database to refuse what happens inside, for a reason (a regular expression)."""
    with pytest.raises(DatabaseError, match=because), transaction.atomic():
        yield


@contextmanager
def undone() -> Iterator[None]:
    """This function will let something happen, and then not have happened."""
    with transaction.atomic():
        point = transaction.savepoint()
        yield
        transaction.savepoint_rollback(point)


@contextmanager
def triggers_off(model: type[models.Model], *, but: str = "") -> Iterator[None]:
    """This function will switch a table's triggers off, as its owner could; all `but` one of them."""
    table = model._meta.db_table
    run("SET CONSTRAINTS ALL IMMEDIATE")
    run(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    if but:
        (kept,) = [t for t in model._meta.triggers if t.name == but]  # type: ignore[attr-defined]
        run(f"ALTER TABLE {table} ENABLE TRIGGER {kept.get_pgid(model)}")
    yield
    run("SET CONSTRAINTS ALL IMMEDIATE")
    run(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def follows_only(row: models.Model, edges: set[tuple[str, str]], columns: dict[str, dict[str, Any]]) -> None:
    """This function will try every step between two states by SQL: those on an edge pass, all others are refused.

    `columns` holds for each state what a row in it has to have besides. Only the trigger of the edges is on, so
    that it alone can be what refuses.
    """
    model = type(row)
    for source, of_source in columns.items():
        with triggers_off(model):
            update(row, state=source, **of_source)
        with triggers_off(model, but="state_edges"):
            for target, of_target in columns.items():
                step = {"state": target, **of_target}
                if (source, target) in edges:
                    with undone():
                        update(row, **step)
                elif source != target:
                    with refused("[Ii]nvalid transition"):
                        update(row, **step)


def edges_of(model: type[models.Model]) -> set[tuple[str, str]]:
    """This function will list the edges that django-fsm declares."""
    field: Any = model._meta.get_field("state")
    return {(step.source, step.target) for step in field.get_all_transitions(model)}
