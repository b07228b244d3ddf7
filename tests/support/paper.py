"""An ERP on paper: it holds what a test writes on it and never reaches a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from erp.port import (
    Advice,
    AssignedCostCodeRow,
    BudgetCodeRow,
    CompanyRow,
    CostCodeRow,
    CostTypeRow,
    ErpBackend,
    ErpCompany,
    ErpDocument,
    ErpKey,
    ErpLimits,
    Finding,
    JobRow,
    JobStatus,
    Journal,
    Outcome,
    Posting,
    Reading,
    Receipt,
    UnitRow,
)

BACKENDS = {"paper": {"BACKEND": "tests.support.paper.PaperErp"}}


@dataclass
class Sheet:
    """What the paper says: amounts by budget code, the jobs' statuses, what `check` misses, the dictionary."""

    status: JobStatus = JobStatus.STARTED
    amounts: dict[ErpKey, Decimal] = field(default_factory=dict)
    currents: dict[ErpKey, Decimal] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    advice: list[Advice] = field(default_factory=list)

    def hold(self, job: str, cost_code: str, cost_type: str, amount: str, *, current: str = "") -> None:
        """Write an original amount, which is the current budget too where no other is named."""
        key = ErpKey(job, cost_code, cost_type)
        self.amounts[key] = Decimal(amount)
        self.currents[key] = Decimal(current or amount)


SHEET = Sheet()


def clean() -> Sheet:
    """Turn to an empty sheet."""
    SHEET.__init__()  # type: ignore[misc]
    return SHEET


class PaperErp(ErpBackend):
    """Reads from `SHEET`; whoever tries to write finds that paper has no wire."""

    limits = ErpLimits(job=10, cost_code=16, cost_type=16, code_pattern=r"[A-Za-z0-9 ._-]+")
    name = "CMiC"

    def dictionary(self) -> Sequence[Advice]:
        return list(SHEET.advice)

    def entry(self, document: ErpDocument, status: JobStatus) -> str:
        return f"paper for a {status} job"

    def problems(self, document: ErpDocument) -> list[Finding]:
        return []

    def reading(self, company: ErpCompany, jobs: Sequence[str]) -> Reading:
        rows = [
            BudgetCodeRow(key, f"Name of {key.cost_code}", amount, SHEET.currents[key])
            for key, amount in SHEET.amounts.items()
        ]
        statuses = dict.fromkeys(jobs, SHEET.status)
        return Reading(company.code, statuses, tuple(rows), datetime.now(UTC))

    def push(self, document: ErpDocument, journal: Journal) -> Receipt:
        raise AssertionError("nothing is pushed to paper")

    def find(self, document: ErpDocument) -> Receipt | None:
        raise AssertionError("nothing is looked for on paper")

    def postings(self, documents: Sequence[ErpDocument]) -> list[Posting]:
        raise AssertionError("nobody posts on paper")

    def withdraw(self, document: ErpDocument, journal: Journal, *, anyway: bool = False) -> Outcome:
        raise AssertionError("nothing is taken off paper")

    def companies(self) -> Iterator[CompanyRow]:
        yield CompanyRow("001", "Northgate Builders", "USD")

    def jobs(self, company: ErpCompany, *, changed_since: datetime | None = None) -> Iterator[JobRow]:
        yield from ()

    def cost_codes(
        self, company: ErpCompany, *, changed_since: datetime | None = None
    ) -> Iterator[CostCodeRow]:
        yield from ()

    def cost_types(
        self, company: ErpCompany, *, changed_since: datetime | None = None
    ) -> Iterator[CostTypeRow]:
        yield from ()

    def units(self, company: ErpCompany) -> Iterator[UnitRow]:
        yield from ()

    def assigned_cost_codes(
        self, company: ErpCompany, jobs: Sequence[str], *, changed_since: datetime | None = None
    ) -> Iterator[AssignedCostCodeRow]:
        yield from ()

    def check(self, company: ErpCompany) -> list[str]:
        return list(SHEET.missing)
