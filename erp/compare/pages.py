"""What the page of a comparison shows of it: which rows, which divisions are open, and what can be chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.utils.formats import date_format
from django.utils.timezone import localtime

from budgets.models import Budget
from erp.compare.sides import ERP, NOW, Side
from erp.compare.states import CHANGED, ONLY_A, ONLY_B, SAME, STATUSES, Comparison, Group, Row, Sums
from erp.models import Batch, ReadingState
from erp.reset.link_epochs import epoch_of
from erp.snapshots import erp_connection, latest_reading
from erp.words import erp_name

ALL, DIFFERENCES = "all", ""
MOST_ROWS = 400  # shown at once; above, a division is opened at a time

CHIP_WORDS = {DIFFERENCES: "Differences", CHANGED: "Changed", SAME: "The same", ALL: "All lines"}


@dataclass(frozen=True)
class Asked:
    """What an address asks for: two sides, the kind of rows, and the division that is open."""

    a: str
    b: str
    show: str = DIFFERENCES
    division: str = ""
    everything: bool = False

    def link(self, **changed: str) -> str:
        """The query of an address that differs in this."""
        now = {"a": self.a, "b": self.b, "show": self.show, "division": self.division}
        return "?" + urlencode({key: value for key, value in {**now, **changed}.items() if value})

    @property
    def swapped(self) -> str:
        """The same the other way round."""
        return self.link(a=self.b, b=self.a)


@dataclass(frozen=True)
class Chip:
    """A kind of rows to choose, and how many there are."""

    words: str
    count: int
    link: str
    chosen: bool


@dataclass(frozen=True)
class Option:
    """One side that can be chosen."""

    key: str
    words: str


@dataclass(frozen=True)
class Shown:
    """One division as it is shown: `rows` is empty where it is closed."""

    group: Group
    rows: list[Row]
    hidden: int  # rows of the chosen kind behind the link
    link: str

    @property
    def same(self) -> Sums:
        """What is the same here, folded."""
        return self.group.by_status[SAME]


def asked(budget: Budget, given: Mapping[str, str]) -> Asked:
    """This function will read an address; what it leaves out is the last send and the one before it, or now."""
    last = budget.batches.order_by("-number").values_list("number", flat=True).first() or 0
    a = given.get("a") or (str(last - 1) if last > 1 else str(last or NOW))
    b = given.get("b") or (str(last) if last > 1 else NOW)
    show = given.get("show", DIFFERENCES)
    return Asked(
        a,
        b,
        show if show in (ALL, *STATUSES) else DIFFERENCES,
        given.get("division", ""),
        given.get("everything") == "yes",
    )


def options(budget: Budget) -> list[Option]:
    """This function will list what can be compared: every send, the budget now, the ERP now."""
    sends = [
        Option(
            str(batch.number),
            f"Batch {batch.number}, sent {date_format(localtime(batch.sent_at))}, {_outcome(batch)}",
        )
        for batch in budget.batches.order_by("-number")
    ]
    erp = erp_name(erp_connection(budget))
    return [Option(NOW, "The budget now"), Option(ERP, f"{erp[:1].upper()}{erp[1:]} now"), *sends]


def _outcome(batch: Batch) -> str:
    words = {"rejected": "sent back", "exported": "in the ERP", "waiting": "waiting for accounting"}
    return words.get(batch.state, batch.state)


def chips(comparison: Comparison, wanted: Asked) -> list[Chip]:
    """This function will count the rows of each kind, by which they can be chosen."""
    counts = {status: sums.count for status, sums in comparison.by_status.items()}
    words = {
        **CHIP_WORDS,
        ONLY_A: f"Only in {in_words(comparison.a)}",
        ONLY_B: f"Only in {in_words(comparison.b)}",
    }
    counts |= {DIFFERENCES: comparison.differing, ALL: sum(counts.values())}
    return [
        Chip(words[show], counts[show], wanted.link(show=show, division=""), show == wanted.show)
        for show in (DIFFERENCES, CHANGED, ONLY_A, ONLY_B, SAME, ALL)
    ]


def in_words(side: Side) -> str:
    """This function will name a side in the middle of a sentence."""
    return {NOW: "the budget now"}.get(side.key) or (
        f"batch {side.key}" if side.batch else side.title.replace("The ERP", "the ERP")
    )


def result_words(comparison: Comparison) -> dict[str, str]:
    """This function will put each kind of row into words."""
    return {
        CHANGED: "changed",
        SAME: "the same",
        ONLY_A: f"only in {in_words(comparison.a)}",
        ONLY_B: f"only in {in_words(comparison.b)}",
    }


def steps(comparison: Comparison) -> list[tuple[str, Sums]]:
    """This function will list what leads from the total of A to that of B."""
    words = result_words(comparison)
    return [(words[status], comparison.by_status[status]) for status in (CHANGED, ONLY_B, ONLY_A)]


def shown(comparison: Comparison, wanted: Asked) -> list[Shown]:
    """This function will choose the rows to show. Where they are many, only the division that was opened has any.

    Divisions without such rows are left out; see `folded`.
    """
    chosen = {group.code: _chosen(group, wanted.show) for group in comparison.groups}
    few = wanted.everything or sum(map(len, chosen.values())) <= MOST_ROWS
    found = []
    for group in comparison.groups:
        rows, opened = chosen[group.code], few or group.code == wanted.division
        if rows:
            link = wanted.link(division=group.code) + f"#division-{group.code}"
            found.append(Shown(group, rows if opened else [], 0 if opened else len(rows), link))
    return found


@dataclass
class Folded:
    """Divisions in which nothing differs, as one row."""

    divisions: int
    sums: Sums


def folded(comparison: Comparison) -> Folded:
    """This function will sum the divisions in which nothing differs."""
    same = [group for group in comparison.groups if not group.differing]
    sums = Sums()
    for row in (row for group in same for row in group.rows):
        sums.add(row)
    return Folded(len(same), sums)


def _chosen(group: Group, show: str) -> list[Row]:
    if show == ALL:
        return group.rows
    return [row for row in group.rows if (row.status != SAME if show == DIFFERENCES else row.status == show)]


def reading_of(budget: Budget) -> dict[str, Any]:
    """This function will say what is known of the ERP: the newest reading, and one that is being made or failed."""
    newest, since = budget.readings.first(), epoch_of(budget).since
    if newest is not None and since is not None and newest.asked_at < since:
        newest = None  # it was asked of a link that was reset since
    return {
        "reading": latest_reading(budget),
        "being_read": newest if newest is not None and newest.state == ReadingState.ASKED else None,
        "not_read": newest if newest is not None and newest.state == ReadingState.FAILED else None,
    }
