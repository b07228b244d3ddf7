"""Writing one document as a potential change item: only what is missing, and ready only when it is whole.

Header in a staging status, then the budget codes that the job lacks, then each line, then a look, then the
ready status. So an accountant can never post a half-written document, and a push that stopped anywhere is
finished by the next one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from cmic_adapter import wire
from cmic_adapter.assignments import assign, budget_codes, ensure_allowed
from cmic_adapter.document import Wanted
from cmic_adapter.findings import document_refused, line_refused, refused
from cmic_adapter.meanings import Rejected
from cmic_adapter.pci import Comparison, Found, Pci
from cmic_adapter.routes import Route
from cmic_adapter.steps import Step
from cmic_adapter.wire import Header, Line
from erp.port import DocumentKind, ErpRefused, ErpUnavailable, ErpUnconfirmed, Finding, Journal, Receipt

__all__ = ["PciPush", "Step"]

RowT = TypeVar("RowT", bound=wire.Row)


def _rejected(number: str) -> str:
    return (
        f"{number} is rejected in CMiC. Ask CMiC’s accountants to set it back to an unapproved status there, "
        "or to delete it there; then retry. Or return it to the project manager."
    )


class PciPush:
    """The writes of one document on one of the change item routes."""

    def __init__(self, *, pci: Pci, journal: Journal, route: Route) -> None:
        self._pci, self._journal, self._route = pci, journal, route
        self._client, self._setup, self._document = pci.client, pci.setup, pci.document
        self._number = pci.document.erp_number or pci.document.number

    def run(self, found: Found) -> Receipt:
        """This function will finish the unfinished document that `found` shows. Raises the four failures."""
        comparison = self._may_continue(found)
        absent = self._absent(comparison.missing)
        ensure_allowed(setup=self._setup, missing=absent)
        ready = self._setup.ready()
        self._journal.learned(route=self._route)
        found = self._open(found, complete=comparison.complete)
        comparison = self._pci.compare(found.lines)
        if not comparison.complete:
            self._fill(comparison, absent=absent)
            found = self._verified()
        if found.header is not None and not self._setup.is_ready(found.header):
            found = self._set_status(found.header, status=ready, step=Step.READY)
        if not self._pci.finished(found):
            raise ErpUnconfirmed(
                f"CMiC does not show {self._document.number} as finished yet.", step="verify"
            )
        return self._pci.receipt(found=found, route=self._route)

    def _may_continue(self, found: Found) -> Comparison:
        comparison = self._pci.compare(found.lines)
        number = self._document.number
        if found.posted:
            said = f"{number} is posted in CMiC, but not with our lines; compare them and decide what holds."
            raise refused(code="posted_differently", message=said)
        if found.header is None and found.lines:
            raise ErpUnavailable(f"CMiC shows lines of {number} but not its header.")
        if found.header is not None and not self._pci.ours(found.header):
            said = f"CMiC already has another change item {number} on job {self._document.job}."
            raise refused(code="number_taken", message=said, field="number", raw=found.header.name)
        if found.header is not None and self._setup.is_rejected(found.header):
            raise refused(code="rejected_in_erp", message=_rejected(number))
        if comparison.conflicts:
            raise ErpRefused(comparison.conflicts)
        return comparison

    def _absent(self, missing: Sequence[Wanted]) -> list[Wanted]:
        """The missing lines whose budget code the job does not have yet."""
        keys = [wanted.key for wanted in missing]
        there = budget_codes(client=self._client, company=self._document.company.code, keys=keys)
        return [wanted for wanted in missing if wanted.key not in there]

    def _open(self, found: Found, *, complete: bool) -> Found:
        """The document with a header that may be written below: staging unless nothing is left to write."""
        if found.header is None:
            found = self._create()
        elif not complete and self._setup.is_ready(found.header):
            found = self._set_status(found.header, status=self._setup.staging(), step=Step.STAGING)
        if found.header is None:
            raise ErpUnavailable(f"CMiC does not show {self._document.number} any more.")
        self._number = found.header.number
        if self._number not in (self._document.number, self._document.erp_number):
            self._journal.learned(erp_number=self._number)
        return found

    def _create(self) -> Found:
        document = self._document
        kind = self._setup.type_for(self._route.kind)
        name = wire.header_name(
            title=document.title, number=document.number, content_hash=document.content_hash
        )
        body = wire.HEADERS.body(
            company=document.company.code,
            job=document.job,
            type=kind.code,
            number=None if kind.numbers_itself else document.number,
            name=name,
            date=document.date,
            status=self._setup.staging(),
            projection=wire.ADD_TO_PROJECTION,
        )
        try:
            header = self._client.write(
                wire.HEADERS,
                journal=self._journal,
                step=Step.HEADER,
                method="POST",
                body=body,
                ours=lambda row: self._made(row, numbered_there=kind.numbers_itself),
            )
        except Rejected as error:
            return self._created_before(error)
        return Found(header=header, lines=())

    def _made(self, header: Header, *, numbered_there: bool) -> bool:
        """Whether a row is the header we asked for: its number decides where the lines go."""
        document = self._document
        placed = (header.company, header.job) == (document.company.code, document.job)
        return placed and self._pci.ours(header) and (numbered_there or header.number == document.number)

    def _created_before(self, error: Rejected) -> Found:
        """What is there when creating was refused: only a header that exists already lets us go on."""
        if not error.duplicate_key:
            raise self._no("the change item", error)
        found = self._pci.look()
        if found.header is None:
            raise ErpUnavailable(f"CMiC says {self._document.number} exists but does not show it.")
        self._may_continue(found)
        return found

    def _fill(self, comparison: Comparison, *, absent: Sequence[Wanted]) -> None:
        """Write the missing lines; a refused one does not stop the others."""
        missing = {wanted.key for wanted in comparison.missing}
        _, no = assign(
            client=self._client,
            setup=self._setup,
            journal=self._journal,
            missing=[wanted for wanted in absent if wanted.key in missing],
        )
        findings = list(no.values())
        for wanted in comparison.missing:
            if wanted.key not in no:
                findings += self._send_line(wanted)
        if findings:
            raise ErpRefused(findings)

    def _send_line(self, wanted: Wanted) -> list[Finding]:
        key, travels = wanted.key, self._quantity_travels(wanted)
        body = wire.LINES.body(
            company=self._document.company.code,
            main_job=self._document.job,
            number=self._number,
            job=key.job,
            cost_code=key.cost_code,
            cost_type=key.cost_type,
            amount=wanted.delta,
            quantity=wanted.quantity if travels else None,
            unit=wanted.unit if travels else None,
        )
        try:
            self._write(wire.LINES, step=Step.LINE.of(wanted.label), method="POST", body=body)
        except Rejected as error:
            return [line_refused(error, wanted=wanted)]
        return []

    def _quantity_travels(self, wanted: Wanted) -> bool:
        """A quantity is the one of the whole amount: it may not stand beside a part of it."""
        return self._document.kind is DocumentKind.ORIGINAL and wanted.delta == wanted.target

    def _remove(self, surplus: Sequence[Line]) -> None:
        """Delete lines of ours that landed twice."""
        for line in surplus:
            step = Step.SURPLUS.of(f"{line.cost_code}/{line.cost_type}@{line.job}")
            try:
                self._write(wire.LINES, step=step, method="DELETE", row_id=line.id)
            except Rejected as error:
                if not error.gone:
                    raise self._no("removing a doubled line", error) from None

    def _verified(self) -> Found:
        """Look again. A line that landed twice is removed; one confirmed but not seen is not sent again."""
        found = self._pci.look()
        comparison = self._pci.compare(found.lines)
        if comparison.surplus and not comparison.conflicts:
            self._remove(comparison.surplus)
            found = self._pci.look()
            comparison = self._pci.compare(found.lines)
        if comparison.conflicts:
            raise ErpRefused(comparison.conflicts)
        if found.header is None or not comparison.complete:
            raise ErpUnconfirmed(
                f"CMiC does not show all lines of {self._document.number} yet.", step="verify"
            )
        return found

    def _set_status(self, header: Header, *, status: str, step: Step) -> Found:
        """Change the header's status and look again. Somebody may have been quicker: what is there counts."""
        body = wire.HEADERS.body(status=status)
        try:
            self._write(wire.HEADERS, step=step, method="PATCH", row_id=header.id, body=body)
        except Rejected as error:
            found = self._pci.look()
            if self._pci.finished(found):
                return found
            raise self._no(f"the status {status}", error) from None
        return self._pci.look()

    def _write(
        self,
        resource: wire.Resource[RowT],
        *,
        step: str,
        method: str,
        row_id: str = "",
        body: dict[str, object] | None = None,
    ) -> RowT | None:
        return self._client.write(
            resource, journal=self._journal, step=step, method=method, row_id=row_id, body=body
        )

    def _no(self, doing: str, error: Rejected) -> ErpRefused:
        return document_refused(error, doing=doing, job=self._document.job, wanted=self._pci.wanted)
