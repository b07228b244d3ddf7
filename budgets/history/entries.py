"""The change history of a budget as page, file and API tell it: filtered, one entry for each event, paged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from budgets.history import sql
from budgets.history.reading import NEWEST_FIRST, Change, change, rows, who
from budgets.models import Budget
from workflow.models import Event
from workflow.numbers import number

KINDS = {
    "added": "Lines added",
    "changed": "Lines changed",
    "deleted": "Lines deleted",
    "modifications": "Modifications",
    "forecasts": "Forecasts",
    "standing": "Locked, sent, decided",
}
_KINDS = {
    "added": "deed = 'insert' AND modification_id IS NULL",
    "changed": f"deed = 'update' AND modification_id IS NULL AND field NOT IN {sql.FORECASTS}",
    "deleted": "deed = 'delete' AND modification_id IS NULL",
    "modifications": "modification_id IS NOT NULL",
    "forecasts": f"field IN {sql.FORECASTS}",
    "standing": "field IS NULL",
}
TIEBACK, OUTSIDE = "tieback", "outside"
_PEOPLE = {TIEBACK: "event_id IS NOT NULL AND actor_pk IS NULL", OUTSIDE: "event_id IS NULL"}
A_PAGE, A_PAGE_OF_ROWS = 25, 200
SHOWN_AT_ONCE = 6  # changes of an entry that are read without opening it


@dataclass(frozen=True)
class Wanted:
    """What somebody filters by; empty: everything. Dates are days in the company's time zone, both included."""

    q: str = ""
    line: str = ""
    person: str = ""
    kind: str = ""
    field: str = ""
    since: date | None = None
    until: date | None = None
    entry: str = ""

    @classmethod
    def read(cls, given: Mapping[str, str]) -> Wanted:
        """Read an address; what cannot be read filters by nothing."""
        names = ("q", "line", "person", "kind", "field", "entry")
        texts = {name: given.get(name, "").strip().replace("\0", "") for name in names}
        return cls(**texts, since=_day(given.get("since", "")), until=_day(given.get("until", "")))

    @property
    def any(self) -> bool:
        """Whether anything is filtered by."""
        return self != Wanted()

    def condition(self, budget: Budget) -> tuple[str, dict[str, Any]]:
        """The SQL condition on `told`, with its parameters."""
        parts, given = ["TRUE"], dict[str, Any]()
        if self.q:
            parts.append(
                "strpos(lower(concat_ws(' ', job, cost_code, cost_type, title, 'Modification ' || number)),"
                " lower(%(q)s)) > 0"
            )
            given["q"] = self.q
        if self.line:
            parts.append("line_id IS NOT NULL")
            given["line"] = number(self.line) or 0  # so that no other line is read at all
        if self.person:
            parts.append(_PEOPLE.get(self.person, "actor_pk = %(person)s"))
            given["person"] = number(self.person) or 0
        if self.kind in _KINDS:
            parts.append(_KINDS[self.kind])
        if self.field:
            parts.append("field = %(field)s")
            given["field"] = self.field
        if self.entry:
            parts.append("entry = %(entry)s")
            given["entry"] = self.entry
        zone = ZoneInfo(budget.project.company.time_zone)
        if self.since:
            parts.append("moment >= %(since)s")
            given["since"] = datetime.combine(self.since, time.min, zone)
        if self.until:
            parts.append("moment < %(until)s")
            given["until"] = datetime.combine(self.until + timedelta(days=1), time.min, zone)
        return " AND ".join(f"({part})" for part in parts), given


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if date(1900, 1, 1) < found < date(9000, 1, 1) else None


@dataclass(frozen=True)
class Entry:
    """One event, or rows changed past Tieback in one go, with how much changed and the first few changes."""

    key: str
    at: datetime
    who: str
    sentence: str
    note: str
    about: list[str]
    seq: int | None  # the event's place in the company's chain; None: there is none
    count: int
    lines: int
    originals: Decimal | None  # what the originals changed by in all, company currency; None: none did
    modifications: Decimal | None
    changes: list[Change] = field(default_factory=list)

    @property
    def more(self) -> int:
        """Changes that are read by opening the entry."""
        return self.count - len(self.changes)

    def about_pk(self, model: str) -> int | None:
        """The id of what the event concerns of a model, for example `erp.batch`."""
        found = (label.partition(":") for label in self.about)
        return next((int(pk) for name, _, pk in found if name == model), None)


@dataclass(frozen=True)
class Page:
    """Entries, newest first, and what all that the filters find come to."""

    entries: list[Entry]
    total: int
    originals: Decimal | None
    modifications: Decimal | None
    number: int
    pages: int


# An entry with what it comes to, and beside it the first of its changes: a row for each of them, one row for none.
_ENTRIES = f"""
, entries AS (
SELECT entry AS key, max(moment) AS at, event_id AS event, max(seq) AS of_seq, max(actor) AS of_actor,
  max(about) AS of_about, max(sentence) AS of_sentence, max(note) AS of_note, count(field) AS count,
  count(DISTINCT line_id) AS lines,
  sum(difference) FILTER (WHERE field = 'amount') AS originals,
  sum(difference) FILTER (WHERE field = '{sql.CHANGE}') AS modifications,
  count(*) OVER () AS total,
  sum(sum(difference) FILTER (WHERE field = 'amount')) OVER () AS all_originals,
  sum(sum(difference) FILTER (WHERE field = '{sql.CHANGE}')) OVER () AS all_modifications
FROM wanted GROUP BY entry, event_id
ORDER BY max(moment) DESC, event_id DESC NULLS LAST, entry LIMIT %(limit)s OFFSET %(offset)s
), firsts AS (
  SELECT w.*, row_number() OVER (PARTITION BY entry ORDER BY pgh_id, place) AS nth FROM wanted w
  WHERE field IS NOT NULL AND entry IN (SELECT key FROM entries)
)
SELECT * FROM entries LEFT JOIN firsts ON entry = key AND nth <= {SHOWN_AT_ONCE}
ORDER BY at DESC, event DESC NULLS LAST, key, pgh_id, place
"""  # noqa: S608  names of ours


def page(budget: Budget, wanted: Wanted, *, number: int = 1) -> Page:
    """This function will find a page of entries, the newest first, in one query however long the history is."""
    where, given = wanted.condition(budget)
    number = min(max(number, 1), 100_000)
    limits = {"limit": A_PAGE, "offset": (number - 1) * A_PAGE}
    found = rows(budget, where, {**given, **limits}, _ENTRIES)
    by_key: dict[tuple[str, Any], list[dict[str, Any]]] = {}
    for row in found:
        by_key.setdefault((row["key"], row["event"]), []).append(row)
    entries = [_entry(of[0], [change(row) for row in of if row["field"]]) for of in by_key.values()]
    total = found[0]["total"] if found else 0
    return Page(
        entries,
        total,
        originals=found[0]["all_originals"] if found else None,
        modifications=found[0]["all_modifications"] if found else None,
        number=number,
        pages=max(1, -(-total // A_PAGE)),
    )


def _entry(row: Mapping[str, Any], changes: list[Change]) -> Entry:
    return Entry(
        key=row["key"],
        at=row["at"],
        who=who({"event_id": row["event"], "actor": row["of_actor"]}),
        sentence=row["of_sentence"] or ("" if row["event"] else "Changed in the database, past Tieback"),
        note=row["of_note"] or "",
        about=row["of_about"] or [],
        seq=row["of_seq"],
        count=row["count"],
        lines=row["lines"],
        originals=row["originals"],
        modifications=row["modifications"],
        changes=changes,
    )


def changes(
    budget: Budget, wanted: Wanted, *, limit: int | None = None, offset: int = 0
) -> Iterator[tuple[Change, Mapping[str, Any]]]:
    """This function will tell every change that the filters find, the newest first, each with its row.

    Events that changed no value are told too, with no field.
    """
    where, given = wanted.condition(budget)
    select = f"SELECT * FROM wanted ORDER BY {NEWEST_FIRST} LIMIT %(limit)s OFFSET %(offset)s"  # noqa: S608
    for row in rows(budget, where, {**given, "limit": limit, "offset": offset}, select):
        yield change(row), row


def people(budget: Budget) -> list[tuple[str, str]]:
    """This function will list who changed a budget: what to filter by, and the name."""
    about = f"{budget._meta.label_lower}:{budget.pk}"
    events = Event.objects.filter(chain=budget.project.company_id, about__contains=[about])
    known = dict(events.exclude(actor_pk=None).order_by("seq").values_list("actor_pk", "actor").distinct())
    named = sorted(((str(pk), name) for pk, name in known.items()), key=lambda one: one[1])
    return [*named, (TIEBACK, "Tieback"), (OUTSIDE, "Outside of Tieback")]
