"""Many rows of one table in one statement. Names come from the model, values travel as parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from django.db import connection, models


def insert(rows: Sequence[models.Model]) -> None:
    """This function will store new rows of one model and give each its id, in their order."""
    if not rows:
        return
    meta = rows[0]._meta
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [meta.db_table, len(rows)],
        )
        for row, (pk,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = pk
        columns = _columns(meta, (field.name for field in meta.concrete_fields))
        sql = f"INSERT INTO {meta.db_table} ({', '.join(columns)}) SELECT * FROM {_unnest(columns)}"  # noqa: S608
        cursor.execute(sql, _values(rows, columns))
    for row in rows:
        row._state.adding = False


def update(rows: Sequence[models.Model], fields: Iterable[str]) -> None:
    """This function will store these fields of rows that are in the database already."""
    if not rows:
        return
    meta = rows[0]._meta
    columns = {"id": "bigint", **_columns(meta, fields)}
    sets = ", ".join(f"{name} = v.{name}" for name in columns if name != "id")
    table, source = meta.db_table, f"{_unnest(columns)} AS v ({', '.join(columns)})"
    with connection.cursor() as cursor:
        sql = f"UPDATE {table} SET {sets} FROM {source} WHERE {table}.id = v.id"  # noqa: S608
        cursor.execute(sql, _values(rows, columns))


def _columns(meta: Any, names: Iterable[str]) -> dict[str, str]:
    """Columns with their types in the database, as arrays need them."""
    fields = [cast("models.Field[Any, Any]", meta.get_field(name)) for name in names]
    return {str(field.column): _type(field) for field in fields}


def _type(field: models.Field[Any, Any]) -> str:
    return str(field.rel_db_type(connection) if field.primary_key else field.db_type(connection))


def _unnest(columns: Mapping[str, str]) -> str:
    return f"unnest({', '.join(f'%s::{kind}[]' for kind in columns.values())})"


def _values(rows: Sequence[models.Model], columns: Mapping[str, str]) -> list[list[Any]]:
    return [[getattr(row, name) for row in rows] for name in columns]
