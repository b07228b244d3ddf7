"""What a backend's test supplies to `ErpContract`: a tenant that can be looked into and meddled with, and journals.

Only tests import this. A tenant must show everything it was told: `entries` is read from the ERP's own book, never from
what the test or the adapter remembers.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from erp.port import DocumentKind, ErpBackend, ErpCompany, ErpDocument, ErpKey, ErpLine, PostingState

Failure = TypeVar("Failure", bound=BaseException)

POSTED_ON = date(2026, 11, 23)
CENT = Decimal("0.01")
TRICKY = ("0010", "10", "010", "A-1", "a-1", "10.0")  # differ in zeros, case and trailing characters alone


class Entry(NamedTuple):
    """One amount in the ERP's book; `number` is the document's, empty where the ERP keeps amounts alone."""

    number: str
    job: str
    cost_code: str
    cost_type: str
    amount: Decimal


@dataclass(frozen=True)
class Shape:
    """A kind of document a backend takes, and what cannot happen to it: an ability of `ABILITIES` -> the reason."""

    name: str
    document: ErpDocument
    cannot: Mapping[str, str] = field(default_factory=dict)


class CannotDo(Exception):
    """What a tenant's hook raises where its ERP has no such thing; a Shape must say why."""


class ErpTenant(ABC):
    """A fresh tenant of the ERP, with hooks that play its people and its bad days.

    `company`, `job` (takes modifications) and `keys` (at least four budget codes of that job) name what stands ready.
    Among the keys are codes that a careless adapter would change: see `TRICKY`.
    """

    company: ErpCompany
    job: str
    keys: Sequence[ErpKey]

    # -- the adapter ---------------------------------------------------------------------------------------

    @abstractmethod
    def backend(self) -> ErpBackend:
        """A new backend that speaks to this tenant, as in a worker that was just started."""

    @abstractmethod
    def out_of_reach(self) -> ErpBackend:
        """A backend whose ERP is down."""

    @abstractmethod
    def misconfigured(self) -> ErpBackend:
        """A backend that this ERP turns away until an administrator acts: a wrong password, a name it lacks."""

    # -- looking into the ERP ------------------------------------------------------------------------------

    @abstractmethod
    def entries(self) -> list[Entry]:
        """Everything in the ERP's book that was not there at the start and is not 0, in any order."""

    @abstractmethod
    def writes(self) -> int:
        """How many writes of ours the ERP has received since the start."""

    @abstractmethod
    def may_be_posted(self, document: ErpDocument) -> bool:
        """Whether an accountant could make the document count now."""

    def expected(self, document: ErpDocument) -> list[Entry]:
        """What `entries` shows for a complete document: the changes by budget code, without those that are 0."""
        return [
            Entry(document.number, *_codes(key), amount) for key, amount in sums(document).items() if amount
        ]

    # -- bad days --------------------------------------------------------------------------------------------

    @abstractmethod
    def cut(self, nth: int) -> None:
        """Let the nth write from now on arrive, and its answer get lost."""

    def pass_time(self) -> None:  # noqa: B027 an ERP without late writes has nothing to wait for
        """Let so much time pass that no write of the past can still arrive."""

    @abstractmethod
    def forbid(self, key: ErpKey) -> None:
        """Make the ERP refuse amounts on one budget code, for example because it is inactive."""

    @abstractmethod
    def allow(self, key: ErpKey) -> None:
        """Take that back."""

    # -- an accountant -----------------------------------------------------------------------------------------

    @abstractmethod
    def post(self, document: ErpDocument, *, on: date) -> None:
        """Make it count, as it stands."""

    @abstractmethod
    def change(self, document: ErpDocument, key: ErpKey, *, by: Decimal) -> None:
        """Make one budget code of an unposted document more or less than we wrote."""

    @abstractmethod
    def reject(self, document: ErpDocument) -> None:
        """Turn it down."""

    @abstractmethod
    def remove(self, document: ErpDocument) -> None:
        """Delete it."""

    @abstractmethod
    def set_back(self, document: ErpDocument) -> None:
        """Set it back to where it cannot be posted."""

    @abstractmethod
    def blur(self, document: ErpDocument) -> None:
        """Bring about evidence that does not decide whether it is posted."""

    @abstractmethod
    def take_number(self, document: ErpDocument) -> None:
        """Write something else under the document's number, by somebody else."""

    def spend(self, key: ErpKey, amount: Decimal) -> None:
        """Post a cost on one budget code. An ERP that tells no costs stays as it is here."""
        raise CannotDo("no cost is booked here")

    # -- documents ---------------------------------------------------------------------------------------------

    def shapes(self) -> list[Shape]:
        """Every kind of document this backend writes in its own way."""
        a, b, c, *_ = self.keys
        transfer = self.modification((a, "-250.00"), (b, "150.00"), (c, "100.00"), number="TB-TRANSFER")
        change = self.modification((a, "12.50"), (b, "-0.01"), number="TB-CHANGE00")
        return [Shape("transfer", transfer), Shape("change", change)]

    def modification(self, *lines: tuple[ErpKey, str], number: str = "TB-7K3MQ0XV") -> ErpDocument:
        """A modification of the job."""
        made = tuple(
            ErpLine(ref=f"line {place}", key=key, description="Moved", delta=Decimal(delta))
            for place, (key, delta) in enumerate(lines, 1)
        )
        return self.document(DocumentKind.MODIFICATION, made, job=self.job, number=number)

    def original(self, *lines: tuple[ErpKey, str, str], job: str, number: str) -> ErpDocument:
        """An original budget; each line is a budget code, what the ERP holds, and what it shall hold."""
        made = tuple(
            ErpLine(
                ref=f"line {place}",
                key=key,
                description="Set",
                delta=Decimal(target) - Decimal(before),
                target=Decimal(target),
                before=Decimal(before),
            )
            for place, (key, before, target) in enumerate(lines, 1)
        )
        return self.document(DocumentKind.ORIGINAL, made, job=job, number=number)

    def document(
        self, kind: DocumentKind, lines: tuple[ErpLine, ...], *, job: str, number: str
    ) -> ErpDocument:
        """A document as erp/ freezes it."""
        content = hashlib.sha256(repr((kind.value, job, lines)).encode()).hexdigest()
        day = date(2026, 11, 20)
        title = "Original budget" if kind is DocumentKind.ORIGINAL else "Move the crane"
        return ErpDocument(self.company, number, content, kind, job, title, day, lines)


# What an accountant or an accident can do to a document, each with the hook that does it.
DEEDS: dict[str, Callable[[ErpTenant, ErpDocument], object]] = {
    PostingState.POSTED: lambda tenant, document: tenant.post(document, on=POSTED_ON),
    PostingState.POSTED_DIFFERENT: lambda tenant, document: change_and_post(tenant, document),
    PostingState.REJECTED: lambda tenant, document: tenant.reject(document),
    PostingState.ABSENT: lambda tenant, document: tenant.remove(document),
    PostingState.STAGING: lambda tenant, document: tenant.set_back(document),
    PostingState.INDETERMINATE: lambda tenant, document: tenant.blur(document),
    "taken_number": lambda tenant, document: tenant.take_number(document),
    "cut": lambda tenant, document: tenant.cut(1),
}
HIDE_HALVES = "hide_halves"  # an incomplete document cannot be posted; a promise, not a deed
ABILITIES = (*DEEDS, HIDE_HALVES)


def cents_changed(document: ErpDocument) -> dict[ErpKey, Decimal]:
    """What an accountant changes before posting: a cent more on one code, and less on the next where it balances."""
    first, *others = document.lines
    cents = {first.key: CENT}
    if document.kind is DocumentKind.MODIFICATION and not document.net and others:
        cents[others[0].key] = -CENT
    return cents


def change(tenant: ErpTenant, document: ErpDocument) -> None:
    """Change the amounts."""
    for key, cents in cents_changed(document).items():
        tenant.change(document, key, by=cents)


def change_and_post(tenant: ErpTenant, document: ErpDocument) -> None:
    """Change the amounts, then post."""
    change(tenant, document)
    tenant.post(document, on=POSTED_ON)


def sums(document: ErpDocument, amount: str = "delta") -> dict[ErpKey, Decimal]:
    """One amount of the lines by budget code: `delta` or `target`."""
    found: dict[ErpKey, Decimal] = {}
    for line in document.lines:
        found[line.key] = found.get(line.key, Decimal(0)) + (getattr(line, amount) or Decimal(0))
    return found


def _codes(key: ErpKey) -> tuple[str, str, str]:
    return key.job, key.cost_code, key.cost_type


class Killed(Exception):
    """The worker dies."""


class ClaimLost(Exception):
    """Somebody else has the document by now: the request must not leave."""


class Diary:
    """A journal that remembers, and can end the work: the claim is lost before the nth write, or killed after it.

    With a tenant it also looks, around each write, how many writes the ERP has received.
    """

    def __init__(
        self, tenant: ErpTenant | None = None, *, lost_before: int = 0, killed_after: int = 0
    ) -> None:
        self.told_before: list[dict[str, str]] = []
        self.told_after: list[dict[str, Any]] = []
        self.route = self.erp_number = ""
        self.received: list[tuple[int, int]] = []  # (just before a write, just after it)
        self._tenant, self._lost, self._killed = tenant, lost_before, killed_after

    def before(self, **told: str) -> None:
        """A write is about to leave."""
        if len(self.told_before) + 1 == self._lost:
            raise ClaimLost
        self.told_before.append(told)
        if self._tenant:
            self.received.append((self._tenant.writes(), -1))

    def after(self, **told: Any) -> None:
        """An answer came."""
        self.told_after.append(told)
        if self._tenant:
            self.received[-1] = (self.received[-1][0], self._tenant.writes())
        if len(self.told_after) == self._killed:
            raise Killed

    def learned(self, *, route: str = "", erp_number: str = "") -> None:
        """Something to start from the next time."""
        self.route, self.erp_number = route or self.route, erp_number or self.erp_number

    def of(self, document: ErpDocument) -> ErpDocument:
        """The document as erp/ hands it in the next time."""
        route, number = self.route or document.route, self.erp_number or document.erp_number
        return replace(document, route=route, erp_number=number)


def failure(kind: type[Failure], call: Callable[[], object]) -> Failure:
    """The failure that a call ends in; another one goes through, and none is an AssertionError."""
    try:
        answer = call()
    except kind as raised:
        return raised
    raise AssertionError(f"no {kind.__name__} was raised, the answer was {answer!r}")


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Entries to compare."""
    return sorted(entries)
