"""The scenes of the matrices: what lies in CMiC before, what is done, and how the books must be in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from cmic_adapter import wire
from cmic_adapter.backend import CmicBackend
from cmic_adapter.steps import Step
from erp.port import ErpDocument, Journal, Outcome, Receipt, WithdrawState
from tests.cmic_adapter.support import (
    COMPANY,
    ON,
    PENDING,
    PENDING_SUB,
    STARTED,
    STARTED_SUB,
    Diary,
    Tenant,
    book,
    change,
    entered,
    line,
    original,
)

PushOrWithdraw = Callable[[CmicBackend, ErpDocument, Journal], Receipt | Outcome]
Rows = list[tuple[str, str, str, Decimal]]


def push(cmic: CmicBackend, document: ErpDocument, journal: Journal) -> Receipt | Outcome:
    return cmic.push(document, journal)


def withdraw(cmic: CmicBackend, document: ErpDocument, journal: Journal) -> Receipt | Outcome:
    return cmic.withdraw(document, journal)


@dataclass(frozen=True)
class Variant:
    """One CMiC as some tenant has it."""

    release: str
    numbers_itself: bool = False
    hides_posted: bool = False
    request_ids: bool | None = None
    header_delete: str = "refuse"
    repeat_status: int = 400

    def __str__(self) -> str:
        ids = {None: "", True: "+ids", False: "-ids"}[self.request_ids]
        hidden = "+hidden" if self.hides_posted else ""
        return self.release + ids + hidden + ("+auto" if self.numbers_itself else "")

    def switch_on(self, tenant: Tenant) -> None:
        tenant.switch(
            release=self.release,
            auto_numbering=[COMPANY] if self.numbers_itself else [],
            hide_posted=self.hides_posted,
            request_ids=self.request_ids,
            header_delete=self.header_delete,
            request_id_repeat_status=self.repeat_status,
        )


RELEASES = ("nexus2", "patch21", "patch22", "nexus1")
VARIANTS = [
    Variant(
        release,
        numbers_itself=numbers_itself,
        hides_posted=numbers_itself != inverted,
        request_ids=inverted == (release == "patch21"),
        header_delete="cascade" if inverted else "refuse",
        repeat_status=(400, 200, 409)[position % 3],
    )
    for inverted in (False, True)
    for numbers_itself in (False, True)
    for position, release in enumerate(RELEASES)
]

TRANSFER = change(
    line("01-100", "L", "-250.00"), line("02-100", "M", "150.00"), line("03-100", "E", "100.00")
)
INTERNAL = change(line("01-100", "L", "0.10"), line("02-100", "L", "-0.01", job=STARTED_SUB))
CLASS_ORIGINAL = original(
    entered("01-100", "L", "1200", before="1000", job=STARTED),
    entered("04-100", "M", "9999999999999.99", job=STARTED, quantity=Decimal("4.5"), unit="M3"),
    job=STARTED,
    **ON,
)
BUDGET = original(
    entered("01-100", "L", "100.10", before="70"),
    entered("02-100", "M", "9999999999999.99"),
    entered("01-100", "L", "-0.01", job=PENDING_SUB),
)


def lines_of(document: ErpDocument) -> Rows:
    """What CMiC must have of a change item."""
    rows = [(each.key.job, each.key.cost_code, each.key.cost_type, each.delta) for each in document.lines]
    return sorted(rows)


@dataclass(frozen=True)
class Scene:
    """`there` are the lines of our document that CMiC has before, each as often as it says; `ready`: approved."""

    name: str
    document: ErpDocument
    do: PushOrWithdraw = push
    there: tuple[tuple[int, int], ...] = ()  # (line, times)
    status: str = ""  # of a header that is there before
    entered: bool = False  # the amounts are there before
    kind: str = "COT"

    @property
    def takes_back(self) -> bool:
        return self.do is withdraw

    @property
    def on_budget(self) -> bool:
        return self.document is BUDGET

    def seed(self, variant: Variant) -> dict:
        seeded: dict[str, Any] = book()
        if self.entered:
            seeded["budget"] = [row for row in seeded["budget"] if row["job"] != PENDING]
            seeded["budget"] += [self._budget_code(each, each.target) for each in BUDGET.lines]
        if self.status:
            missing = {(each.key.job, each.key.cost_code, each.key.cost_type) for each in self.document.lines}
            missing -= {(row["job"], row["phase"], row["category"]) for row in seeded["budget"]}
            seeded["budget"] += [
                {"company": COMPANY, "job": job, "phase": phase, "category": category, "original": 0}
                for job, phase, category in sorted(missing)
            ]
            seeded["pcis"] = [self._header(variant)]
        return seeded

    def _budget_code(self, each: Any, amount: Decimal | None) -> dict:
        key = each.key
        place = {"company": COMPANY, "job": key.job, "phase": key.cost_code, "category": key.cost_type}
        return {**place, "original": amount}

    def _header(self, variant: Variant) -> dict:
        document = self.document
        name = wire.header_name(
            title=document.title, number=document.number, content_hash=document.content_hash
        )
        return {
            "company": COMPANY,
            "job": document.job,
            "code": f"{self.kind}0001" if variant.numbers_itself else document.number,
            "type": self.kind,
            "name": name,
            "status": self.status,
            "lines": [self._line(position) for position, times in self.there for _ in range(times)],
        }

    def _line(self, position: int) -> dict:
        each = self.document.lines[position]
        key = each.key
        return {
            "job": key.job,
            "phase": key.cost_code,
            "category": key.cost_type,
            "amount": each.delta,
        }

    def start(self, tenant: Tenant, variant: Variant) -> ErpDocument:
        """Fill the tenant's book and return the document as Tieback has it then."""
        tenant.reset(self.seed(variant))
        variant.switch_on(tenant)
        if self.on_budget and self.entered:
            return replace(self.document, route="enter_budget")
        return self.document

    def agree(self, tenant: Tenant, cmic: CmicBackend, document: ErpDocument) -> None:
        """See that the books are exactly as they must be, that doing it again writes nothing, and that posting it is
        seen."""
        tenant.forget_calls()
        again = Diary()
        ended = self.do(cmic, document, again)
        assert (again.steps, tenant.writes()) == ([], []), "doing it again wrote something"
        if isinstance(ended, Outcome):
            assert ended.state is WithdrawState.WITHDRAWN
        if self.on_budget:
            self._agree_on_budget(tenant)
        elif self.takes_back:
            assert (tenant.pcis(), tenant.lines()) == ([], [])
        else:
            [pci] = tenant.pcis()
            assert (pci["status"], pci["type"]) == ("APPR", self.kind)
            assert tenant.lines() == lines_of(self.document)
        if not self.takes_back:
            self._posting_is_seen(tenant, cmic, document)

    def _agree_on_budget(self, tenant: Tenant) -> None:
        assert tenant.pcis() == []
        for job in (PENDING, PENDING_SUB):
            there = {key: amount for key, amount in tenant.originals(job).items() if amount}
            field = "before" if self.takes_back else "target"
            ours = {
                (each.key.cost_code, each.key.cost_type): getattr(each, field)
                for each in BUDGET.lines
                if each.key.job == job and getattr(each, field)
            }
            assert there == ours

    def _posting_is_seen(self, tenant: Tenant, cmic: CmicBackend, document: ErpDocument) -> None:
        assert [posting.state for posting in cmic.postings([document])] == ["waiting"]
        if self.on_budget:
            tenant.start(PENDING)
        else:
            tenant.post(tenant.pcis()[0]["code"])
        assert [posting.state for posting in cmic.postings([document])] == ["posted"]

    def is_half_approved(self, tenant: Tenant) -> bool:
        """Whether an accountant could post something incomplete at this moment."""
        ours = lines_of(self.document)
        return any(
            pci["status"] == "APPR"
            and (
                sorted(
                    (each["job"], each["phase"], each["category"], Decimal(each["amount"]))
                    for each in pci["lines"]
                )
                != ours
            )
            for pci in tenant.pcis()
        )


SCENES = [
    Scene("transfer", TRANSFER),
    Scene("internal", INTERNAL, kind="COI"),
    Scene("class original", CLASS_ORIGINAL, kind="COO"),
    Scene("half written", TRANSFER, there=((1, 1),), status="PPEND"),
    Scene("doubled line", TRANSFER, there=((0, 1), (1, 2), (2, 1)), status="PPEND"),
    Scene("doubled and approved", TRANSFER, there=((0, 1), (1, 2), (2, 1)), status="APPR"),
    Scene("enter budget", BUDGET),
    Scene("take back change", TRANSFER, do=withdraw, there=((0, 1), (1, 1), (2, 1)), status="APPR"),
    Scene("take back half written", TRANSFER, do=withdraw, there=((1, 2),), status="PPEND"),
    Scene("take back budget", BUDGET, do=withdraw, entered=True),
]


def kind_of(step: str) -> Step:
    """The kind of write that a step key names; an unknown one fails."""
    return Step(step.partition(":")[0])
