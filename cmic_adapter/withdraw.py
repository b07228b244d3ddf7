"""Taking an unposted document out of CMiC again, so that no half of it can be posted meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from cmic_adapter import wire
from cmic_adapter.client import Client
from cmic_adapter.document import Wanted
from cmic_adapter.enter_budget import EnterBudget, Rows
from cmic_adapter.findings import document_refused
from cmic_adapter.meanings import Rejected
from cmic_adapter.pci import Found, Pci
from cmic_adapter.steps import Step
from erp.port import ErpUnavailable, ErpUnconfirmed, Finding, Journal, Outcome, Posting, WithdrawState

Ask = Callable[[], Posting]


class PciWithdrawal:
    """Staging first, then the lines, then the header, then a look."""

    def __init__(self, *, pci: Pci, journal: Journal, posting: Ask, anyway: bool = False) -> None:
        self._pci, self._journal, self._posting = pci, journal, posting
        self._anyway = anyway  # a person wants it out with what was changed
        self._client: Client = pci.client

    def run(self) -> Outcome:
        """This function will take the document out and say how that ended. Raises the four failures."""
        found = self._pci.look()
        ended = self._ended(found)
        if ended is not None:
            return ended
        try:
            ended = self._set_back(found) or self._take_out(found)
        except Rejected as error:
            ended = self._ended(self._pci.look())
            if ended is not None:
                return ended
            raise document_refused(
                error, doing="the withdrawal", job=self._pci.document.job, wanted=self._pci.wanted
            ) from None
        if ended is None:
            raise ErpUnconfirmed(f"CMiC still shows parts of {self._pci.document.number}.", step="verify")
        return ended

    def _ended(self, found: Found) -> Outcome | None:
        """The outcome where nothing can or need be written, else None."""
        if found.header is None and not found.lines:
            return Outcome(state=WithdrawState.WITHDRAWN, note="Nothing of it is in CMiC.")
        if found.posted or any(line.posted for line in found.lines):
            note = "An accountant posted it in CMiC before it could be taken back."
            return Outcome(state=WithdrawState.POSTED, note=note, posting=self._posting())
        if found.header is not None and not self._pci.ours(found.header):
            return Outcome(
                state=WithdrawState.CONFLICT, note="CMiC has another change item under this number."
            )
        conflicts = self._pci.compare(found.lines).conflicts
        if conflicts and not self._anyway:
            said = " ".join(conflict.message for conflict in conflicts)
            note = f"Somebody added lines to it or edited amounts in CMiC, and nothing was deleted. {said}"
            return Outcome(state=WithdrawState.CONFLICT, note=note, findings=conflicts)
        if found.header is None:
            raise ErpUnavailable(f"CMiC shows lines of {self._pci.document.number} but not its header.")
        return None

    def _set_back(self, found: Found) -> Outcome | None:
        """Staging, and another look: until then somebody may have changed what we were about to delete."""
        if found.header is None or not self._pci.setup.is_ready(found.header):
            return None
        self._client.write(
            wire.HEADERS,
            journal=self._journal,
            step=Step.STAGING,
            method="PATCH",
            row_id=found.header.id,
            body=wire.HEADERS.body(status=self._pci.setup.staging()),
        )
        return self._ended(self._pci.look())

    def _take_out(self, found: Found) -> Outcome | None:
        """The lines, the header, and a last look."""
        for line in found.lines:
            step = Step.REMOVE_LINE.of(f"{line.cost_code}/{line.cost_type}@{line.job}")
            self._delete(wire.LINES, step=step, row_id=line.id)
        if found.header is not None:
            self._delete(wire.HEADERS, step=Step.REMOVE_HEADER, row_id=found.header.id)
        return self._ended(self._pci.look())

    def _delete(self, resource: wire.Resource[Any], *, step: str, row_id: str) -> None:
        try:
            self._client.write(resource, journal=self._journal, step=step, method="DELETE", row_id=row_id)
        except Rejected as error:
            if not error.gone:
                raise


def withdraw_budget(
    *, budget: EnterBudget, journal: Journal, pending: bool, posting: Ask, anyway: bool = False
) -> Outcome:
    """This function will set the amounts of an Enter Budget document back where they are still ours.

    Once the job is started nothing is written: it counts, or a person decides. Raises the four failures.
    """
    if not pending:
        return _once_started(posting())
    rows = budget.look()
    strange = budget.restore(rows, journal=journal, anyway=anyway)
    if strange:
        labels = ", ".join(wanted.label for wanted in strange)
        note = f"Somebody changed these amounts in CMiC, they were left as they are: {labels}."
        findings = tuple(_changed(wanted, rows) for wanted in strange)
        return Outcome(state=WithdrawState.CONFLICT, note=note, findings=findings)
    if not budget.restored(budget.look()):
        raise ErpUnconfirmed("CMiC does not show the former amounts yet.", step="verify")
    return Outcome(state=WithdrawState.WITHDRAWN, note="The former amounts are back.")


def _changed(wanted: Wanted, rows: Rows) -> Finding:
    now = rows[wanted.key].original if wanted.key in rows else Decimal(0)
    said = f"{wanted.label} holds {now:,.2f} in CMiC now; Tieback had entered {wanted.target:,.2f}."
    return Finding(code="amount_differs", message=said, refs=wanted.refs, field="amount")


def _once_started(posting: Posting) -> Outcome:
    if posting.differences:
        note = "The job has been started in CMiC with other amounts than ours."
        return Outcome(state=WithdrawState.CONFLICT, note=note, posting=posting)
    return Outcome(state=WithdrawState.POSTED, note="The job has been started in CMiC.", posting=posting)
