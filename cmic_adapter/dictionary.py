"""The error dictionary of this package, kept as a table in dictionary.toml for people to read and add to."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path

from erp.port import Advice, Fixer, Place

TABLE = Path(__file__).with_suffix(".toml")


@functools.cache
def entries() -> tuple[Advice, ...]:
    """This function will read the table, once a process; a mistake in it is KeyError or ValueError."""
    rows = tomllib.loads(TABLE.read_text())["entry"]
    return tuple(
        Advice(
            code=row["code"],
            matches=tuple(row.get("matches", ())),
            meaning=row["meaning"],
            who=Fixer(row["who"]),
            steps=tuple(row["steps"]),
            place=Place(row["place"]),
            says_only_where=row.get("says_only_where", False),
        )
        for row in rows
    )
