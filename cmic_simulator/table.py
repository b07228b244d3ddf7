"""Rows of one resource with indexes. Rows are replaced, never changed in place, so readers may keep them."""

from collections.abc import Iterable, Iterator
from itertools import product

Key = tuple[object, ...]
Attributes = tuple[str, ...]


class Table:
    """Rows by VUuid in insertion order, found fast by the indexed attributes."""

    def __init__(
        self, *, key: str, unique: Attributes, indexes: tuple[Attributes, ...] = (), extra: Attributes = ()
    ) -> None:
        self.key = key
        self.unique = unique
        self._extra = extra
        self._rows: dict[str, dict] = {}
        self._order: dict[str, int] = {}
        self._next = 0
        names = ((unique,) if unique else ()) + indexes
        self._indexes: dict[Attributes, dict[Key, dict[str, None]]] = {name: {} for name in names}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[dict]:
        return iter(list(self._rows.values()))

    def get(self, uuid: str) -> dict | None:
        """This function will return the row with a VUuid, or None."""
        return self._rows.get(uuid)

    def find(self, attributes: Attributes, *values: object) -> list[dict]:
        """This function will return the rows whose indexed attributes have these values, oldest first."""
        return self._sorted(self._indexes[attributes].get(values, ()))

    def one(self, *values: object) -> dict | None:
        """This function will return the row with this unique key, or None."""
        found = self._indexes[self.unique].get(values)
        return self._rows[next(iter(found))] if found else None

    def put(self, row: dict, *, place: int | None = None) -> None:
        """This function will add a row (last, or at a place it had before) or replace the one with its VUuid."""
        for name in self._extra:
            row.setdefault(name, None)
        uuid = row[self.key]
        old = self._rows.get(uuid)
        if old is None:
            self._order[uuid] = self._next if place is None else place
            self._next = max(self._next, self._order[uuid] + 1)
        else:
            self._unindex(old)
        self._rows[uuid] = row
        if place is not None:
            self._rows = {key: self._rows[key] for key in sorted(self._rows, key=self._order.__getitem__)}
        for attributes, index in self._indexes.items():
            index.setdefault(tuple(row[a] for a in attributes), {})[uuid] = None

    def remove(self, uuid: str) -> tuple[dict, int]:
        """This function will delete a row and return it with the place it had."""
        row = self._rows.pop(uuid)
        self._unindex(row)
        return row, self._order.pop(uuid)

    def candidates(self, bound: dict[str, frozenset]) -> Iterable[dict]:
        """This function will return the rows that can match, given attributes bound to sets of values."""
        if self.key in bound:
            return self._sorted(uuid for uuid in bound[self.key] if uuid in self._rows)
        usable = [names for names in self._indexes if all(name in bound for name in names)]
        if not usable:
            return list(self._rows.values())
        names = max(usable, key=len)
        index = self._indexes[names]
        keys = product(*(bound[name] for name in names))
        return self._sorted(uuid for key in keys for uuid in index.get(key, ()))

    def copy(self) -> "Table":
        """This function will return a table that later changes of this one do not touch."""
        twin = Table(key=self.key, unique=self.unique, extra=self._extra)
        twin._indexes = {name: {} for name in self._indexes}
        for row in self._rows.values():
            twin.put(row)
        return twin

    def _sorted(self, uuids: Iterable[str]) -> list[dict]:
        return [self._rows[uuid] for uuid in sorted(uuids, key=self._order.__getitem__)]

    def _unindex(self, row: dict) -> None:
        for attributes, index in self._indexes.items():
            key = tuple(row[a] for a in attributes)
            entry = index[key]
            del entry[row[self.key]]
            if not entry:
                del index[key]
