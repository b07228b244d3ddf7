"""GET of collections and items, and /describe."""

from dataclasses import dataclass, field, replace
from functools import cmp_to_key
from typing import Any

from cmic_simulator.book import Book, not_found
from cmic_simulator.errors import refused
from cmic_simulator.messages import BASE, Target
from cmic_simulator.profile import Attribute, Profile, Resource
from cmic_simulator.query import EVERYTHING, compile_finder, compile_query, queryable
from cmic_simulator.table import Table

PARAMETERS = ("finder", "q", "fields", "onlyData", "limit", "offset", "orderBy", "totalResults")
DEFAULT_LIMIT = 25


@dataclass(frozen=True)
class Paging:
    """How a fault bends paging: shift of later pages, repeated rows at their start, or nothing but more."""

    shift: int = 0
    repeat: int = 0
    nothing: bool = False


@dataclass
class Reader:
    """Reads one resource for one user, from the present tables or from older ones."""

    book: Book
    resource: Resource
    user: str
    host: str
    tables: dict[str, Table] = field(default_factory=dict)
    paging: Paging = Paging()

    def table(self) -> Table:
        """This function will return the table that holds the resource's rows."""
        name = "cmdetail" if self.resource.name == "cmdetailunposted" else self.resource.name
        return (self.tables or self.book.tables)[name]

    def visible(self, row: dict) -> bool:
        """This function will say whether the user can read the row."""
        name = self.resource.name
        if name == "cmdetailunposted" and row["CmdPostingFlag"] != "UNPOSTED":
            return False
        if name == "cmmast" and self.book.switches.hide_posted and row["CmmStatCode"] == "P":
            return False
        return not self.book.hidden(name, row, user=self.user)

    def item(self, uuid: str, query: dict[str, str]) -> dict:
        """This function will return one item as callers see it; missing or hidden is 404."""
        _known_parameters(query, ("fields", "onlyData"))
        row = self.table().get(uuid)
        if row is None or not self.visible(row):
            raise not_found(f"{self.resource.name} {uuid}")
        return self.shown(row, self._fields(query), links=not _flag(query, "onlyData"))

    def collection(self, query: dict[str, str]) -> dict:
        """This function will return a page of items with count, hasMore, limit, offset and links."""
        _known_parameters(query, PARAMETERS)
        limit, offset = self._limit(query), _whole(query, "offset", default=0, least=0)
        fields, links = self._fields(query), not _flag(query, "onlyData")
        rows = self._matching(query)
        first, last = self._window(limit=limit, offset=offset)
        page = [] if self.paging.nothing else rows[first:last]
        result: dict[str, Any] = {
            "items": [self.shown(row, fields, links=links) for row in page],
            "count": len(page),
            "hasMore": self.paging.nothing or last < len(rows),
            "limit": limit,
            "offset": offset,
        }
        if _flag(query, "totalResults"):
            result["totalResults"] = len(rows)
        href = f"{self.host}{BASE}/{self.resource.path}"
        result["links"] = [{"rel": "self", "href": href, "name": self.resource.name, "kind": "collection"}]
        return result

    def shown(self, row: dict, attributes: tuple[Attribute, ...], *, links: bool) -> dict:
        """This function will return a row under its public names."""
        item: dict[str, Any] = {attribute.public: row[attribute.name] for attribute in attributes}
        if links:
            href = f"{self.host}{BASE}/{self.resource.path}/{row[self.resource.key]}"
            item["links"] = [
                {"rel": rel, "href": href, "name": self.resource.name, "kind": "item"}
                for rel in ("self", "canonical")
            ]
        return item

    def _window(self, *, limit: int, offset: int) -> tuple[int, int]:
        if not offset:
            return 0, limit
        return max(0, offset + self.paging.shift - self.paging.repeat), offset + self.paging.shift + limit

    def _matching(self, query: dict[str, str]) -> list[dict]:
        condition = EVERYTHING
        if query.get("finder"):
            condition = condition.both(compile_finder(query["finder"], resource=self.resource))
        if query.get("q"):
            condition = condition.both(compile_query(query["q"], resource=self.resource))
        found = self.table().candidates(condition.bound)
        rows = [row for row in found if condition.test(row) and self.visible(row)]
        if query.get("orderBy"):
            _sort(rows, query["orderBy"], self.resource)
        return rows

    def _limit(self, query: dict[str, str]) -> int:
        limit = _whole(query, "limit", default=DEFAULT_LIMIT, least=1)
        cap = self.book.switches.cap
        if cap is not None and limit > cap:
            raise refused(f"The value of limit ({limit}) is above the maximum of {cap}.")
        return limit

    def _fields(self, query: dict[str, str]) -> tuple[Attribute, ...]:
        if not query.get("fields"):
            return self.resource.attributes
        chosen = []
        for name in query["fields"].split(","):
            attribute = self.resource.by_public.get(name.strip())
            if attribute is None:
                raise refused(
                    f"Field {name} is not known to {self.resource.name}.", code="JBO-25058", path=name
                )
            chosen.append(attribute)
        return tuple(chosen)


def _sort(rows: list[dict], order: str, resource: Resource) -> None:
    keys: list[tuple[str, int]] = []
    for part in order.split(","):
        name, _, direction = part.strip().partition(":")
        if direction.lower() not in ("", "asc", "desc"):
            raise refused(f"orderBy: {direction} is neither asc nor desc.")
        keys.append((queryable(resource, name).name, -1 if direction.lower() == "desc" else 1))

    def compare(left: dict, right: dict) -> int:
        for name, sign in keys:
            a, b = left[name], right[name]
            if a != b:
                # Like Oracle: null comes last going up and first going down.
                return sign * (1 if a is None else -1 if b is None else (a > b) - (a < b))
        return 0

    if all(sign == 1 for _, sign in keys) and not any(row[name] is None for row in rows for name, _ in keys):
        rows.sort(key=lambda row: [row[name] for name, _ in keys])
    else:
        rows.sort(key=cmp_to_key(compare))


def _known_parameters(query: dict[str, str], known: tuple[str, ...]) -> None:
    unknown = [name for name in query if name not in known]
    if unknown:
        raise refused(f"Query parameter {', '.join(unknown)} is not supported; known are {', '.join(known)}.")


def _whole(query: dict[str, str], name: str, *, default: int, least: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or int(text) < least:
        raise refused(f"The value of {name} ({text}) is not a whole number of at least {least}.")
    return int(text)


def _flag(query: dict[str, str], name: str) -> bool:
    text = query.get(name, "false").lower()
    if text not in ("true", "false"):
        raise refused(f"The value of {name} ({text}) is neither true nor false.")
    return text == "true"


def describe(target: Target, *, profile: Profile, host: str) -> dict:
    """This function will return /describe of one resource or of a whole application root.

    `profile` holds every resource as callers see it at present.
    """
    if target.resource:
        return {"Resources": {target.name: _described(profile.resources[target.name], host)}}
    root = target.root
    shown = {n: _described(r, host) for n, r in profile.resources.items() if root in (r.root, r.app)}
    for other, resources in profile.others.items():
        if root in (other, other.split("/", 1)[0]):
            shown.update({name: dict(one) for name, one in resources.items()})
    return {"Resources": shown}


def _described(resource: Resource, host: str) -> dict:
    attributes = [attribute.described() for attribute in resource.attributes]
    href = f"{host}{BASE}/{resource.path}"
    links = [{"rel": "self", "href": href, "name": "self", "kind": "collection"}]
    if resource.recorded:
        return {**resource.recorded, "attributes": attributes, "links": links}
    verbs = {
        "GET": ("get", "collection"),
        "POST": ("create", "collection"),
        "PATCH": ("update", "item"),
        "DELETE": ("delete", "item"),
    }
    shown: dict[str, Any] = {
        "attributes": attributes,
        "collection": {"rangeSize": DEFAULT_LIMIT, "finders": ["PrimaryKey"], "actions": []},
        "item": {"actions": [{"name": "get", "method": "GET"}] if "GET" in resource.verbs else []},
        "links": links,
    }
    for verb in resource.verbs:
        if verb in verbs:
            name, where = verbs[verb]
            shown[where]["actions"].append({"name": name, "method": verb})
    for name, parameters in resource.actions.items():
        shown["collection"]["actions"].append({"name": name, "method": "POST", "parameters": parameters})
    shown["title"] = resource.name
    return shown


def as_seen(profile: Profile, *, drop: dict[str, set[str]], rename: dict[str, dict[str, str]]) -> Profile:
    """This function will return the profile with the faults' dropped and renamed attributes applied."""
    if not drop and not rename:
        return profile
    return replace(
        profile,
        resources={
            name: resource.altered(drop=drop.get(name, set()), rename=rename.get(name, {}))
            for name, resource in profile.resources.items()
        },
    )
