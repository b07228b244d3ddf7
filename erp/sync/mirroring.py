"""Keeping rows of the ERP in the mirror: what came new, what changed, what is gone, and how far a read reached.

A read is whole, or of what changed since the mark of the read before. A mark is the latest change that the ERP told of,
by the ERP's clock, and is kept on the connection for each kind. Only a whole read says that something is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from erp.models import Connection

SHOWN = 50  # codes of a kind that are listed by name
FIRST = 5  # of those, how many a sentence names
NOT_YET = timedelta(days=1)  # a change told to be later than this is a wrong clock's, and no mark
COLUMNS = {"parent": "parent_code"}  # the port's name of a field -> ours
Watch = Callable[[Iterable[Any]], Iterable[Any]]
Read = Callable[[datetime | None], Iterable[Any]]


@dataclass(frozen=True)
class Mirrored:
    """One kind of rows: what people call them, where they are kept, how they are read, which fields are kept."""

    words: str
    model: type[Any]
    read: Read  # what changed since a moment, None for all
    fields: tuple[str, ...]


@dataclass
class Changes:
    """The codes of one kind that a read found new, changed, made inactive, gone or back again.

    `fields` holds, by code, each field that has another value: its name -> (old, new), as text.
    """

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    inactive: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    fields: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict, compare=False)

    def lists(self) -> dict[str, list[str]]:
        """This function will return the codes by what became of them, empty lists left out."""
        every = {
            "added": self.added,
            "changed": self.changed,
            "inactive": self.inactive,
            "gone": self.gone,
            "back": self.back,
        }
        return {word: codes for word, codes in every.items() if codes}

    def told(self) -> dict[str, dict[str, object]]:
        """This function will list what there is, with counts and the first codes, JSON-ready."""
        return {word: {"count": len(codes), "first": codes[:SHOWN]} for word, codes in self.lists().items()}

    def sentence(self, words: str) -> str:
        """This function will say it in a few words, empty when nothing changed."""
        parts = [f"{len(codes)} {word} ({_some(codes)})" for word, codes in self.lists().items()]
        return f"{words}: {', '.join(parts)}" if parts else ""

    def note(self, code: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        """This function will file a code that was there before and came again: changed, inactive, back, or the same.

        `old` and `new` are its fields; `active` among them says whether it may be used.
        """
        differing = {name: (str(old[name]), str(value)) for name, value in new.items() if old[name] != value}
        if not differing:
            return
        self.fields[code] = differing
        was, now = old.get("active", True), new.get("active", True)
        files = {(True, False): self.inactive, (False, True): self.back}
        files.get((was, now), self.changed).append(code)


@dataclass(frozen=True)
class Reach:
    """What one read brought: how many rows, and what they changed."""

    rows: int
    changes: Changes


def _some(codes: list[str]) -> str:
    return ", ".join(codes[:FIRST]) + (", ..." if len(codes) > FIRST else "")


def mark(connection: Connection, words: str) -> datetime | None:
    """This function will return the latest change of a kind that was seen, None when all must be read."""
    kept = connection.read_marks.get(words)
    return datetime.fromisoformat(kept) if kept else None


def latest(rows: Iterable[Any], *, before: datetime | None, now: datetime) -> datetime | None:
    """This function will return the latest change among rows, or the one known before when none is later."""
    told = [row.changed_at for row in rows if row.changed_at and row.changed_at <= now + NOT_YET]
    return max([*told, before] if before else told, default=None)


def keep_mark(connection: Connection, words: str, moment: datetime | None) -> None:
    """This function will remember how far a kind was read, on the connection's row and on the object."""
    with transaction.atomic():
        row = Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)
        row.read_marks = {name: kept for name, kept in row.read_marks.items() if name != words}
        if moment is not None:
            row.read_marks[words] = moment.isoformat()
        row.save(update_fields=["read_marks"])
    connection.read_marks = row.read_marks


def read_into_mirror(
    connection: Connection, kind: Mirrored, *, now: datetime, whole: bool, watched: Watch = iter
) -> Reach:
    """This function will read one kind, keep what changed and remember how far it read.

    A kind that has no mark, as the ERP does not tell when rows change, is read whole each time. The rows pass through
    `watched` as they come.
    """
    since = None if whole else mark(connection, kind.words)
    rows = list(watched(kind.read(since)))
    changes = _keep(connection, kind, rows, now=now, whole=since is None)
    told = [row for row in rows if hasattr(row, "changed_at")]
    keep_mark(connection, kind.words, latest(told, before=since, now=now))
    return Reach(rows=len(rows), changes=changes)


def _keep(
    connection: Connection, kind: Mirrored, rows: Sequence[Any], *, now: datetime, whole: bool
) -> Changes:
    columns = [COLUMNS.get(name, name) for name in kind.fields]
    read = {row.code: tuple(getattr(row, name) for name in kind.fields) for row in rows}
    changes = Changes()
    with transaction.atomic():
        Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)  # one sync stores at a time
        mine = kind.model.objects.filter(connection=connection)
        held = {code: values for code, *values in mine.values_list("code", "gone_at", *columns)}
        write = {}
        for code, values in read.items():
            if code not in held:
                changes.added.append(code)
            elif held[code][0] is not None:
                changes.back.append(code)
            elif tuple(held[code][1:]) != values:
                changes.note(
                    code,
                    dict(zip(kind.fields, held[code][1:], strict=True)),
                    dict(zip(kind.fields, values, strict=True)),
                )
            else:
                continue
            write[code] = values
        if whole:
            changes.gone = sorted(code for code, kept in held.items() if kept[0] is None and code not in read)
            mine.filter(code__in=changes.gone).update(gone_at=now)
        _write(connection, kind.model, columns, write)
    return changes


def _write(
    connection: Connection, model: type[Any], columns: list[str], rows: dict[str, tuple[Any, ...]]
) -> None:
    model.objects.bulk_create(
        [
            model(connection=connection, code=code, **dict(zip(columns, values, strict=True)))
            for code, values in rows.items()
        ],
        update_conflicts=True,
        unique_fields=["connection", "code"],
        update_fields=[*columns, "gone_at"],
        batch_size=2000,
    )
