"""Writing an original budget while its job is pending: absolute amounts, so sending again changes nothing.

There is no number here. The document is where its amounts are: company, job, cost code and cost type.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from cmic_adapter import wire
from cmic_adapter.assignments import assign, budget_codes, ensure_allowed
from cmic_adapter.client import Client
from cmic_adapter.document import Wanted, wanted_of
from cmic_adapter.findings import line_refused, refused
from cmic_adapter.meanings import Rejected
from cmic_adapter.routes import Route
from cmic_adapter.setup import Setup
from cmic_adapter.steps import Step
from cmic_adapter.wire import BudgetCode
from erp.port import Difference, ErpDocument, ErpKey, ErpRefused, ErpUnconfirmed, Finding, Journal, Receipt

Rows = Mapping[ErpKey, BudgetCode]


class EnterBudget:
    """One document on the Enter Budget route."""

    def __init__(self, *, client: Client, setup: Setup, document: ErpDocument) -> None:
        self._client, self._setup, self._document = client, setup, document
        self.wanted = wanted_of(document)

    def look(self) -> dict[ErpKey, BudgetCode]:
        """This function will read the budget codes of the document that CMiC has."""
        return budget_codes(client=self._client, company=self._document.company.code, keys=self.wanted)

    def finished(self, rows: Rows) -> bool:
        """This function will say whether every budget code is there with exactly the amount it shall have."""
        return bool(self.wanted) and all(
            key in rows and rows[key].original == wanted.target for key, wanted in self.wanted.items()
        )

    def differences(self, rows: Rows) -> tuple[Difference, ...]:
        """This function will list the budget codes with another amount; one that is missing has 0."""
        found = {key: self._original(rows, key) for key in self.wanted}
        return tuple(
            Difference(key=key, refs=wanted.refs, sent=wanted.target, found=found[key])
            for key, wanted in self.wanted.items()
            if found[key] != wanted.target
        )

    def receipt(self) -> Receipt:
        """This function will make the receipt: its total is the sum of the absolute amounts."""
        total = sum((wanted.target for wanted in self.wanted.values()), Decimal(0))
        return Receipt(
            number=self._document.number, route=Route.ENTER_BUDGET, lines=len(self.wanted), total=total
        )

    def after_start(self) -> Receipt:
        """This function will return the receipt when all landed before Start Job, else raise ErpRefused."""
        rows = self.look()
        if self.finished(rows):
            return self.receipt()
        refs = tuple(ref for difference in self.differences(rows) for ref in difference.refs)
        said = (
            f"Job {self._document.job} was started in CMiC while its budget was being entered, "
            "and not all amounts had landed; return the budget and send it again."
        )
        raise refused(code="started_in_between", message=said, refs=refs)

    def push(self, journal: Journal) -> Receipt:
        """This function will create what is missing, set what differs, verify. Raises the four failures."""
        rows = self.look()
        if self.finished(rows):
            return self.receipt()
        missing = [wanted for key, wanted in self.wanted.items() if key not in rows]
        ensure_allowed(setup=self._setup, missing=missing)
        journal.learned(route=Route.ENTER_BUDGET)
        created, no = assign(client=self._client, setup=self._setup, journal=journal, missing=missing)
        findings = list(no.values())
        if len(created) + len(no) < len(missing):
            rows = self.look()  # somebody else made one of them in this moment
        findings += self._set_amounts({**rows, **created}, journal=journal)
        if findings:
            raise ErpRefused(findings)
        self._verify(former=rows)
        return self.receipt()

    def _verify(self, *, former: Rows) -> None:
        """Look again. An amount that is neither ours nor the former one is for a person; a former one is seen later."""
        now = self.look()
        strange = [d for d in self.differences(now) if d.found != self._original(former, d.key)]
        if strange:
            raise ErpRefused([_differs(self.wanted[d.key], found=d.found) for d in strange])
        if not self.finished(now):
            raise ErpUnconfirmed(
                f"CMiC does not show all amounts of {self._document.number} yet.", step="verify"
            )

    @staticmethod
    def _original(rows: Rows, key: ErpKey) -> Decimal:
        return rows[key].original if key in rows else Decimal(0)

    def _set_amounts(self, rows: Rows, *, journal: Journal) -> list[Finding]:
        findings = []
        for key, wanted in self.wanted.items():
            if key in rows and rows[key].original != wanted.target:
                findings += self._set(
                    rows[key], wanted=wanted, amount=wanted.target, journal=journal, step=Step.AMOUNT
                )
        return findings

    def _set(
        self, row: BudgetCode, *, wanted: Wanted, amount: Decimal, journal: Journal, step: Step
    ) -> list[Finding]:
        own = step is Step.AMOUNT
        body = wire.BUDGET_CODES.body(
            original=amount,
            quantity=wanted.quantity if own else None,
            unit=(wanted.unit or None) if own and wanted.quantity is not None else None,
        )
        try:
            self._client.write(
                wire.BUDGET_CODES,
                journal=journal,
                step=step.of(wanted.label),
                method="PATCH",
                row_id=row.id,
                body=body,
            )
        except Rejected as error:
            return [line_refused(error, wanted=wanted)]
        return []

    def restore(self, rows: Rows, *, journal: Journal, anyway: bool = False) -> list[Wanted]:
        """This function will set amounts that are still ours back (`anyway`: all), and return those that are not.

        Raises ErpRefused with a finding a line that CMiC refused to set back.
        """
        findings, strange = [], []
        for key, wanted in self.wanted.items():
            now = self._original(rows, key)
            if now == wanted.before:
                continue
            if now != wanted.target and not anyway:
                strange.append(wanted)
                continue
            findings += self._set(
                rows[key], wanted=wanted, amount=wanted.before, journal=journal, step=Step.RESTORE
            )
        if findings:
            raise ErpRefused(findings)
        return strange

    def restored(self, rows: Rows) -> bool:
        """This function will say whether every budget code has the amount it had before the document."""
        return all(self._original(rows, key) == wanted.before for key, wanted in self.wanted.items())


def _differs(wanted: Wanted, *, found: Decimal) -> Finding:
    said = f"CMiC has {found} for {wanted.label}, we set {wanted.target}; find out there who changed it."
    return Finding(code="amount_differs", message=said, refs=wanted.refs, field="amount")
