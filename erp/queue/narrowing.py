"""What the queue is narrowed to: shelf, company, sender, amounts, words. Read from an address, and written as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import parse_qsl, urlencode

from django.db.models import Q

from budgets import money
from erp.models import Batch
from erp.queue import listing as queue
from projects.models import Membership
from workflow.numbers import number

FIELDS = (
    "budget__project__name",
    "budget__project__jobs__code",
    "sent_by__first_name",
    "sent_by__last_name",
    "documents__number",
)
MOST_CHARACTERS = 100  # of a search
MOST_WORDS = 8
LONGEST, MOST_FIELDS = 500, 20  # of a query that is carried along


@dataclass(frozen=True)
class Narrowing:
    """Batches on one shelf, of one company and sender, that move between two amounts and are found by words."""

    shelf: str = queue.DEFAULT
    company: int | None = None
    sender: int | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    words: str = ""

    @property
    def query(self) -> str:
        """The query of the queue's address."""
        return urlencode(self.given)

    @property
    def given(self) -> dict[str, str]:
        """The same as names and values, what is not chosen left out."""
        said = {
            "queue": self.shelf,
            "company": self.company,
            "sender": self.sender,
            "low": self.low,
            "high": self.high,
            "q": self.words,
        }
        return {name: str(value) for name, value in said.items() if value not in (None, "")}

    @property
    def more(self) -> bool:
        """Whether it asks for anything besides a shelf."""
        return len(self.given) > 1

    def holds(self, memberships: Sequence[Membership]) -> Q:
        """The condition, on rows of `listing.queue`. A shelf that is none counts as the one that opens first."""
        shelves = {shelf.key: shelf.holds for shelf in queue.shelves(list(memberships))}
        found = shelves.get(self.shelf, shelves[queue.DEFAULT])
        if self.company is not None:
            found &= Q(budget__project__company=self.company)
        if self.sender is not None:
            found &= Q(sent_by=self.sender)
        if self.low is not None:
            found &= Q(moved__gte=self.low)
        if self.high is not None:
            found &= Q(moved__lte=self.high)
        return found & searched(self.words)


def read(given: Mapping[str, str]) -> tuple[Narrowing, dict[str, str]]:
    """This function will read an address; with what is wrong with it, by field. What is wrong counts as not said."""
    errors: dict[str, str] = {}
    amounts: dict[str, Decimal | None] = {}
    for name in ("low", "high"):
        typed = given.get(name, "").strip()
        try:
            amounts[name] = money.amount(typed) if typed else None
        except money.NotExact as problem:
            amounts[name], errors[name] = None, str(problem)
    low, high = amounts["low"], amounts["high"]
    if low is not None and high is not None and low > high:
        errors["high"] = "The second amount is smaller than the first."
    return Narrowing(
        shelf=given.get("queue", "") or queue.DEFAULT,
        company=number(given.get("company", "")),
        sender=number(given.get("sender", "")),
        low=low,
        high=high,
        words=given.get("q", "").replace("\x00", "").strip()[:MOST_CHARACTERS],
    ), errors


def listed(query: str) -> tuple[Narrowing, dict[str, str]]:
    """This function will read the query of an address that a form or a link carries; one too long says nothing."""
    try:
        return read(dict(parse_qsl(query[:LONGEST], max_num_fields=MOST_FIELDS)))
    except ValueError:
        return Narrowing(), {}


def searched(words: str) -> Q:
    """This function will describe the batches in which every word is found somewhere."""
    wanted = words.split()[:MOST_WORDS]
    if not wanted:
        return Q()
    found = Batch.objects.order_by()
    for word in wanted:
        anywhere = Q()
        for name in FIELDS:
            anywhere |= Q(**{f"{name}__icontains": word})
        found = found.filter(anywhere)
    return Q(pk__in=found.values("pk"))
