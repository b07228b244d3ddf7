"""A folder behind the port: documents go out as files that an accountant enters by hand, and come back as forms."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from erp.port import (
    AssignedCostCodeRow,
    CompanyRow,
    CostCodeRow,
    CostTypeRow,
    ErpBackend,
    ErpCompany,
    ErpDocument,
    ErpMisconfigured,
    ErpRefused,
    ErpUnavailable,
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
from file_adapter.checks import faults_of_options, findings_of, options_of, problems_of
from file_adapter.delivery import Delivery, refuse_strange
from file_adapter.disk import Disk
from file_adapter.papers import receipt_of
from file_adapter.places import Places
from file_adapter.postings import posting_of, with_postings
from file_adapter.reference import LIMITS, Reference
from file_adapter.standing import look

SETTLED = 2.0  # seconds a reference file must have been left alone: before, somebody may be writing it


class FileBackend(ErpBackend):
    """Everything Tieback asks of an accountant with a folder."""

    limits = LIMITS
    requests_per_second = 200.0
    probe_seconds = (0.0, 5.0, 30.0)  # a network share may show a rename late
    sees_postings = False  # a folder only knows of the forms that were returned

    def __init__(
        self,
        *,
        folder: str,
        name: str = "Accounting",
        settle_seconds: float = SETTLED,
        disk: Disk | None = None,
    ) -> None:
        self.name = name
        self._places = Places(Path(folder))
        self._settle, self._disk = settle_seconds, disk or Disk()

    def __repr__(self) -> str:
        return f"FileBackend({self._places.root})"

    # -- documents ---------------------------------------------------------------------------------------------

    def setting_faults(self, company: ErpCompany) -> list[str]:
        """This function will say what is wrong with a company's options on paper."""
        return faults_of_options(company)

    def entry(self, document: ErpDocument, status: JobStatus) -> str:
        """This function will say what an accountant gets of a document."""
        return "a sheet in the folder, entered by hand"

    def problems(self, document: ErpDocument) -> list[Finding]:
        """This function will return what is wrong on paper; a wrong option raises ErpMisconfigured."""
        return problems_of(document)

    def push(self, document: ErpDocument, journal: Journal) -> Receipt:
        """This function will write what is missing and return the receipt. Raises the four failures."""
        faults = self.problems(document)
        if faults:
            raise ErpRefused(faults)
        places = self._company(document.company)
        standing = look(places, document)
        refuse_strange(document, standing)
        if standing.whole or standing.form is not None:
            return receipt_of(document)
        faults = findings_of(document, self._reference(document.company))
        if faults:
            raise ErpRefused(faults)
        return self._delivery(document, journal).push(standing)

    def find(self, document: ErpDocument) -> Receipt | None:
        """This function will return the receipt of a completely written document, else None."""
        standing = look(self._company(document.company), document)
        return receipt_of(document) if standing.whole or (standing.ours and standing.form) else None

    def postings(self, documents: Sequence[ErpDocument]) -> list[Posting]:
        """This function will answer for each, in their order. Raises ErpUnavailable, ErpMisconfigured."""
        companies = {document.company.code: document.company for document in documents}
        visible = {
            code: {row.code for row in self._reference(company).jobs()} for code, company in companies.items()
        }
        places = {code: self._company(company).glance() for code, company in companies.items()}
        return [
            posting_of(places[document.company.code], document, visible=visible[document.company.code])
            for document in documents
        ]

    def withdraw(self, document: ErpDocument, journal: Journal, *, anyway: bool = False) -> Outcome:
        """This function will take papers back that no accountant has, not even `anyway`. Raises the failures."""
        [posting] = self.postings([document])
        return self._delivery(document, journal).withdraw(posting)

    # -- reads -------------------------------------------------------------------------------------------------

    def reading(self, company: ErpCompany, jobs: Sequence[str]) -> Reading:
        """This function will read what the export says of these jobs, and what was returned as posted since."""
        reference = self._reference(company)
        statuses = {row.code: row.status for row in reference.jobs() if row.code in jobs}
        exported = reference.exported_at()
        rows = with_postings([*reference.budget()], self._company(company), exported=exported.timestamp())
        held = tuple(row for row in rows if row.key.job in statuses)
        return Reading(company.code, statuses, held, datetime.now(UTC))

    # An export is always complete: `changed_since` leaves nothing out.

    def companies(self) -> Iterator[CompanyRow]:
        """This function will read every company of the folder."""
        return self._at(self._places).companies()

    def jobs(self, company: ErpCompany, *, changed_since: datetime | None = None) -> Iterator[JobRow]:
        """This function will read every job and sub job."""
        return self._reference(company).jobs()

    def cost_codes(
        self, company: ErpCompany, *, changed_since: datetime | None = None
    ) -> Iterator[CostCodeRow]:
        """This function will read every cost code."""
        return self._reference(company).cost_codes()

    def cost_types(
        self, company: ErpCompany, *, changed_since: datetime | None = None
    ) -> Iterator[CostTypeRow]:
        """This function will read every cost type."""
        return self._reference(company).cost_types()

    def units(self, company: ErpCompany) -> Iterator[UnitRow]:
        """This function will read every unit of measure."""
        return self._reference(company).units()

    def assigned_cost_codes(
        self, company: ErpCompany, jobs: Sequence[str], *, changed_since: datetime | None = None
    ) -> Iterator[AssignedCostCodeRow]:
        """This function will read the cost codes listed for these jobs, or for all."""
        return (row for row in self._reference(company).assignments() if not jobs or row.job in jobs)

    def check(self, company: ErpCompany) -> list[str]:
        """This function will say which files are missing, with their columns, and whether the folder may be written."""
        try:
            options_of(company)
            places = self._company(company)
            known = {row.code for row in self.companies()}
        except (ErpMisconfigured, ErpUnavailable) as problem:
            return [str(problem)]
        if company.code not in known:
            return [f"companies.csv names no company {company.code}; correct the code or add its row."]
        if not os.access(places.home, os.W_OK):
            return [
                f"{places.home} is missing or Tieback may not write there; make the folder, give it the right."
            ]
        return self._reference(company).missing()

    # -- the folder --------------------------------------------------------------------------------------------

    def _company(self, company: ErpCompany) -> Places:
        self._places.ensure_there()
        return self._places.of(company.code)

    def _reference(self, company: ErpCompany) -> Reference:
        return self._at(self._company(company))

    def _at(self, places: Places) -> Reference:
        places.ensure_there()
        return Reference(places, settle=self._settle)

    def _delivery(self, document: ErpDocument, journal: Journal) -> Delivery:
        return Delivery(
            places=self._company(document.company), disk=self._disk, document=document, journal=journal
        )
