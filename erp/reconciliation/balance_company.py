"""The reconciliation of a company: every linked project in one line, worked out in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlencode

from django.utils import timezone

from budgets.models import Budget, Hold
from erp.documents import ZERO
from erp.models import Connection, ErpReading, JobLink, ReadingState
from erp.reconciliation.actions import linked_budgets
from erp.reconciliation.balance import Balance, Sum
from erp.reconciliation.balance_facts import ON_ITS_WAY, Cause
from erp.reconciliation.balance_pages import OLD, Chip
from erp.reconciliation.balance_reads import balances
from erp.reconciliation.cause_words import words_of
from erp.words import erp_name

DECIDE, DIFFERS, BALANCED, UNREAD = "decide", "differs", "balanced", "unread"
BY_NAME = "name"
SHELVES = (
    ("", "All projects"),
    (DECIDE, "To decide"),
    (DIFFERS, "Differs"),
    (BALANCED, "In balance"),
    (UNREAD, "Not read"),
)


@dataclass(frozen=True)
class Standing:
    """One project beside the ERP."""

    budget: Budget
    job: str
    erp: str
    reading: ErpReading | None
    balance: Balance

    @property
    def shelf(self) -> str:
        """Whether it was read, is in balance, differs, or waits for a decision."""
        if self.reading is None:
            return UNREAD
        if self.balance.to_decide:
            return DECIDE
        return BALANCED if self.balance.in_balance else DIFFERS

    @property
    def only_on_its_way(self) -> bool:
        """Whether all that differs was sent, and waits for somebody or is being written."""
        return all(
            part.cause in ON_ITS_WAY or part.cause is Cause.ONLY_THERE
            for row in self.balance.rows
            for part in row.parts
        )

    @property
    def refused(self) -> int:
        """On how many codes something was sent that the ERP refused."""
        return self.balance.causes.get(Cause.REFUSED, Sum()).count

    @property
    def stuck(self) -> bool:
        """Whether what is on its way needs somebody."""
        return self.budget.hold == Hold.ATTENTION

    @property
    def checked_at(self) -> datetime | None:
        """When the ERP was read."""
        return self.reading.made_at if self.reading else None

    @property
    def old(self) -> bool:
        """Whether the reading is old."""
        return self.checked_at is not None and timezone.now() - self.checked_at > OLD

    @property
    def causes(self) -> list[tuple[str, str, Sum]]:
        """Each cause in words, its tone, and how often and how much."""
        return [
            (words.short, words.tone, sum_)
            for cause, sum_ in self.balance.causes.items()
            if (words := words_of(cause, self.erp))
        ]


@dataclass(frozen=True)
class Every:
    """All of them, with totals of what was read."""

    rows: Sequence[Standing]

    @property
    def _read(self) -> list[Standing]:
        return [row for row in self.rows if row.reading is not None]

    @property
    def ours(self) -> Decimal:
        """Our revised budgets, of the projects that were read."""
        return sum((row.balance.ours for row in self._read), ZERO)

    @property
    def in_erp(self) -> Decimal:
        """The ERP's current budgets."""
        return sum((row.balance.in_erp for row in self._read), ZERO)

    @property
    def difference(self) -> Decimal:
        """What the ERP holds more."""
        return self.in_erp - self.ours

    @property
    def unread(self) -> int:
        """How many projects no total counts, because they were not read."""
        return len(self.rows) - len(self._read)

    @property
    def ties(self) -> bool:
        """Whether the causes add up to the difference."""
        return sum((sum_.amount for _, _, sum_ in self.causes), ZERO) == self.difference

    @property
    def causes(self) -> list[tuple[str, str, Sum]]:
        """Each cause of all that was read: in words, its tone, on how many codes, and what it comes to."""
        sums: dict[tuple[str, str], Sum] = {}
        for row in self._read:
            for words, tone, one in row.causes:
                total = sums.setdefault((words, tone), Sum())
                total.count, total.amount = total.count + one.count, total.amount + one.amount
        return [(words, tone, total) for (words, tone), total in sums.items()]

    def counted(self, shelf: str) -> int:
        """How many projects stand on a shelf; what waits for a decision differs, too."""
        return len(on_shelf(self.rows, shelf))


def on_shelf(rows: Sequence[Standing], shelf: str) -> list[Standing]:
    """This function will choose the projects of a shelf; what waits for a decision differs, too."""
    if not shelf:
        return list(rows)
    wanted = (DIFFERS, DECIDE) if shelf == DIFFERS else (shelf,)
    return [row for row in rows if row.shelf in wanted]


def every(companies: Collection[int]) -> Every:
    """This function will lay out every linked project of these companies."""
    budgets = linked_budgets(companies)
    found = balances(budgets)
    jobs = dict(
        JobLink.objects.filter(
            job__project__in=[b.project_id for b in budgets], job__parent=None
        ).values_list("job__project_id", "job__code")
    )
    connections = Connection.objects.filter(company__in=companies)
    erps = {connection.company_id: erp_name(connection) for connection in connections}
    return Every(
        [
            Standing(
                budget, jobs.get(budget.project_id, ""), erps[budget.project.company_id], *found[budget.pk]
            )
            for budget in budgets
            if budget.project.company_id in erps
        ]
    )


def chosen(found: Every, *, show: str, sort: str) -> list[Standing]:
    """This function will choose and sort the projects: what differs most first, or by name."""
    rows = on_shelf(found.rows, show)
    if sort == BY_NAME:
        return rows
    return sorted(rows, key=lambda row: (row.reading is None, -row.balance.size))


def choices(
    found: Every, query: Mapping[str, str], companies: Sequence[tuple[int, str]]
) -> dict[str, list[Chip]]:
    """This function will make the choices of shelf, with counts, of order and of company."""
    kept = {name: query[name] for name in ("company", "sort", "show") if query.get(name)}

    def chip(words: str, count: int, name: str, value: str) -> Chip:
        others = {key: one for key, one in kept.items() if key != name}
        asked = {**others, **({name: value} if value else {})}
        return Chip(words, count, "?" + urlencode(asked), kept.get(name, "") == value)

    return {
        "chips": [chip(words, found.counted(shelf), "show", shelf) for shelf, words in SHELVES],
        "orders": [chip("Largest first", 0, "sort", ""), chip("By name", 0, "sort", BY_NAME)],
        "company_chips": [
            chip("All companies", 0, "company", ""),
            *(chip(words, 0, "company", str(key)) for key, words in companies),
        ],
    }


def being_read(companies: Collection[int]) -> dict[str, int]:
    """This function will count the projects whose reading was asked for and is not made yet, of how many."""
    budgets = linked_budgets(companies)
    asked = ErpReading.objects.filter(budget__in=budgets, state=ReadingState.ASKED)
    left = asked.values("budget").distinct().count()
    return {"reading_left": left, "reading_done": len(budgets) - left, "reading_all": len(budgets)}


HEADER = (
    *("Company", "Project", "Job", "Checked at", "Ours", "In the ERP", "Difference", "Codes"),
    *("Differing", "To decide", "Causes"),
)


def file_rows(found: Every) -> Iterator[tuple[str | int | Decimal | datetime | None, ...]]:
    """This function will write every project as a row of a file, and the totals last."""
    for row in found.rows:
        read = row.reading is not None
        yield (
            str(row.budget.project.company),
            row.budget.project.name,
            row.job,
            row.checked_at,
            row.balance.ours,
            row.balance.in_erp if read else None,
            row.balance.difference if read else None,
            len(row.balance.codes),
            len(row.balance.differing) if read else None,
            len(row.balance.to_decide) if read else None,
            "; ".join(_cause(words, sum_) for words, _, sum_ in row.causes) if read else "not read",
        )
    left_out = f"{found.unread} not read, left out" if found.unread else ""
    causes = "; ".join(_cause(words, sum_) for words, _, sum_ in found.causes)
    yield (
        *("Total of what was read", left_out, "", None),
        *(found.ours, found.in_erp, found.difference),
        *(None, None, None, causes),
    )


def _cause(words: str, sum_: Sum) -> str:
    return f"{words} {sum_.count}: {sum_.amount:.2f}"
