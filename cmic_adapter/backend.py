"""CMiC behind the port: one object a process, made from settings."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from cmic_adapter import reads, wire
from cmic_adapter.calls import Caller, Timeouts
from cmic_adapter.client import Client
from cmic_adapter.costs import costs
from cmic_adapter.declared import choices, declared, faults
from cmic_adapter.dictionary import entries
from cmic_adapter.document import jobs_of, problems_of
from cmic_adapter.enter_budget import EnterBudget
from cmic_adapter.limiter import Budget, host_of, limiter_for
from cmic_adapter.options import options_of
from cmic_adapter.pci import Pci
from cmic_adapter.posting import Postings
from cmic_adapter.push import PciPush
from cmic_adapter.recording import record
from cmic_adapter.report import report
from cmic_adapter.routes import Route, decide, ensure_visible, entry_words, route_of, started
from cmic_adapter.setup import Setup, Setups
from cmic_adapter.sight import Sight
from cmic_adapter.steps import lines_there
from cmic_adapter.wire import Job
from cmic_adapter.withdraw import PciWithdrawal, withdraw_budget
from erp.port import (
    Advice,
    AssignedCostCodeRow,
    CheckItem,
    CompanyRow,
    CostCodeRow,
    CostTypeRow,
    DocumentKind,
    ErpBackend,
    ErpCompany,
    ErpDocument,
    ErpMisconfigured,
    ErpRefused,
    Finding,
    JobCosts,
    JobRow,
    JobStatus,
    Journal,
    Outcome,
    Posting,
    Reading,
    Receipt,
    Setting,
    UnitRow,
)

NAMES_FRESH = 600.0  # seconds the cost codes' names may be old: they only stand beside the amounts


class CmicBackend(ErpBackend):
    """Everything Tieback asks of CMiC."""

    limits = wire.LIMITS
    name = "CMiC"

    def __init__(
        self,
        *,
        base_url: str,
        username: str,
        password: str,
        requests_per_second: float = 8,
        concurrency: int = 3,
        connect_timeout: float = 5,
        read_timeout: float = 30,
        write_timeout: float = 75,
        probe_seconds: Sequence[float] = (0, 30, 60, 150),
        redis_url: str | None = None,
    ) -> None:
        self.requests_per_second = requests_per_second
        self.probe_seconds = tuple(probe_seconds)
        self.lease_seconds = 1.5 * write_timeout + 5  # one call, with its wait for a place
        longest = max(read_timeout, write_timeout) + 2 * connect_timeout
        budget = Budget(per_second=requests_per_second, concurrency=concurrency, lease=longest)
        self._client = Client(
            Caller(
                base_url=base_url,
                username=username,
                password=password,
                timeouts=Timeouts(connect=connect_timeout, read=read_timeout, write=write_timeout),
                limiter=limiter_for(host=host_of(base_url), budget=budget, redis_url=redis_url),
                concurrency=concurrency,
            )
        )
        self._setups = Setups(self._client)
        together = "all processes together" if redis_url else "each process by itself"
        self._manners = (
            f"We ask at most {requests_per_second:g} times a second and {concurrency} at once, {together}; "
            f"an unknown outcome is asked after for {max(self.probe_seconds):g} s."
        )
        self._names: dict[str, tuple[float, dict[str, str]]] = {}

    def __repr__(self) -> str:
        return f"CmicBackend({self._client.host})"

    def close(self) -> None:
        """This function will close the connections to CMiC."""
        self._client.close()

    def dictionary(self) -> Sequence[Advice]:
        """This function will return what CMiC's refusals mean."""
        return entries()

    def settings(self) -> Sequence[Setting]:
        """This function will return what a company may set for CMiC."""
        return declared()

    def setting_faults(self, company: ErpCompany) -> list[str]:
        """This function will say what is wrong with a company's options on paper."""
        return faults(company)

    def setting_choices(self, company: ErpCompany) -> Mapping[str, Sequence[tuple[str, str]]]:
        """This function will read the change types and statuses of a company. Raises ErpUnavailable."""
        return choices(self._setups.of(company))

    # Documents

    def entry(self, document: ErpDocument, status: JobStatus) -> str:
        """This function will say which kind of entry a document becomes; a wrong option raises ErpMisconfigured."""
        return entry_words(document=document, options=options_of(document.company), status=status)

    def lines_there(self, document: ErpDocument, steps: Sequence[str]) -> tuple[int, int]:
        """This function will count a document's lines by the writes that CMiC confirmed."""
        return lines_there(document, steps)

    def problems(self, document: ErpDocument) -> list[Finding]:
        """This function will return what is wrong on paper; a wrong option raises ErpMisconfigured."""
        return problems_of(document)

    def push(self, document: ErpDocument, journal: Journal) -> Receipt:
        """This function will write what is missing and return the receipt. Raises the four failures."""
        faults = self.problems(document)
        if faults:
            raise ErpRefused(faults)
        with self._setups.forgotten_when_wrong(), self._client.claimed(self.lease_seconds):
            return self._push(document, journal)

    def _push(self, document: ErpDocument, journal: Journal) -> Receipt:
        self._setups.ensure_names()
        setup = self._setups.of(document.company)
        jobs = self._jobs_of(document)
        if document.route == Route.ENTER_BUDGET:
            return self._push_budget(document, setup=setup, journal=journal, jobs=jobs)
        pci = Pci(client=self._client, setup=setup, document=document)
        found = pci.look()
        if pci.finished(found):
            return pci.receipt(found=found, route=route_of(document, setup=setup, found=found))
        route = decide(document=document, options=setup.options, jobs=jobs)
        if route is Route.ENTER_BUDGET:
            return self._push_budget(document, setup=setup, journal=journal, jobs=jobs)
        route = Route(route_of(document, setup=setup, found=found) or route)
        return PciPush(pci=pci, journal=journal, route=route).run(found)

    def _push_budget(
        self, document: ErpDocument, *, setup: Setup, journal: Journal, jobs: Mapping[str, Job]
    ) -> Receipt:
        budget = EnterBudget(client=self._client, setup=setup, document=document)
        if started(document, jobs):
            return budget.after_start()
        decide(document=document, options=setup.options, jobs=jobs)
        try:
            return budget.push(journal)
        except ErpRefused:
            if started(document, self._jobs_of(document)):
                return budget.after_start()
            raise

    def _jobs_of(self, document: ErpDocument) -> dict[str, Job]:
        """The visible ones of the document's jobs."""
        return reads.visible_jobs(self._client, company=document.company.code, codes=jobs_of(document))

    def find(self, document: ErpDocument) -> Receipt | None:
        """This function will return the receipt of a completely written document, else None."""
        setup = self._setups.of(document.company)
        if self._is_entered(document):
            budget = EnterBudget(client=self._client, setup=setup, document=document)
            return budget.receipt() if budget.finished(budget.look()) else None
        pci = Pci(client=self._client, setup=setup, document=document)
        try:
            found = pci.look()
        except ErpRefused:  # it is there twice: not complete, and the next push tells a person
            return None
        if not pci.finished(found):
            return None
        return pci.receipt(found=found, route=route_of(document, setup=setup, found=found))

    def _is_entered(self, document: ErpDocument) -> bool:
        """Whether to look for amounts and not for a number: as remembered, else as the job's status says."""
        if document.route or document.kind is not DocumentKind.ORIGINAL:
            return document.route == Route.ENTER_BUDGET
        main = self._jobs_of(document).get(document.job)
        return main is not None and main.status is JobStatus.PENDING

    def postings(self, documents: Sequence[ErpDocument]) -> list[Posting]:
        """This function will answer for each, in their order. Raises ErpUnavailable, ErpMisconfigured."""
        answers: dict[tuple[str, str], Posting] = {}
        for code in sorted({document.company.code for document in documents}):
            group = [document for document in documents if document.company.code == code]
            found = Postings(client=self._client, setup=self._setups.of(group[0].company)).of(group)
            answers |= {(code, number): posting for number, posting in found.items()}
        return [answers[document.company.code, document.number] for document in documents]

    def withdraw(self, document: ErpDocument, journal: Journal, *, anyway: bool = False) -> Outcome:
        """This function will take an unposted document out again; `anyway` with what somebody changed in it.

        Raises the four failures.
        """
        with self._setups.forgotten_when_wrong(), self._client.claimed(self.lease_seconds):
            return self._withdraw(document, journal, anyway=anyway)

    def _withdraw(self, document: ErpDocument, journal: Journal, *, anyway: bool) -> Outcome:
        self._setups.ensure_names()
        setup, jobs = self._setups.of(document.company), self._jobs_of(document)
        ensure_visible(document=document, jobs=jobs)

        def posting() -> Posting:
            return self.postings([document])[0]

        if document.route == Route.ENTER_BUDGET:
            budget = EnterBudget(client=self._client, setup=setup, document=document)
            pending = not started(document, jobs)
            return withdraw_budget(
                budget=budget, journal=journal, pending=pending, posting=posting, anyway=anyway
            )
        pci = Pci(client=self._client, setup=setup, document=document)
        return PciWithdrawal(pci=pci, journal=journal, posting=posting, anyway=anyway).run()

    # Reads

    def reading(self, company: ErpCompany, jobs: Sequence[str]) -> Reading:
        """This function will read budgets and statuses of jobs. Raises ErpUnavailable, ErpMisconfigured."""
        return reads.reading(
            self._client, company=company.code, jobs=jobs, names=self._cost_code_names(company)
        )

    def _cost_code_names(self, company: ErpCompany) -> dict[str, str]:
        kept = self._names.get(company.code)
        if kept is None or time.monotonic() - kept[0] > NAMES_FRESH:
            rows = reads.cost_codes(self._client, company=company.code, span=reads.UNDATED)
            kept = time.monotonic(), {row.code: row.name for row in rows}
            self._names[company.code] = kept
        return kept[1]

    def companies(self) -> Iterator[CompanyRow]:
        """This function will read every company visible to us."""
        return reads.companies(self._client)

    def jobs(self, company: ErpCompany, *, changed_since: datetime | None = None) -> Iterator[JobRow]:
        """This function will read every job and sub job visible to us, or those that changed."""
        return reads.jobs(self._client, company=company.code, span=self._span(changed_since))

    def cost_codes(
        self, company: ErpCompany, *, changed_since: datetime | None = None
    ) -> Iterator[CostCodeRow]:
        """This function will read every cost code of a company, or those that changed."""
        return reads.cost_codes(self._client, company=company.code, span=self._span(changed_since))

    def cost_types(
        self, company: ErpCompany, *, changed_since: datetime | None = None
    ) -> Iterator[CostTypeRow]:
        """This function will read every cost type of a company, or those that changed."""
        return reads.cost_types(self._client, company=company.code, span=self._span(changed_since))

    def assigned_cost_codes(
        self, company: ErpCompany, jobs: Sequence[str], *, changed_since: datetime | None = None
    ) -> Iterator[AssignedCostCodeRow]:
        """This function will read the cost codes CMiC lists for these jobs, or for all; or those that changed."""
        return reads.assigned_cost_codes(
            self._client, company=company.code, jobs=jobs, span=self._span(changed_since)
        )

    def costs(
        self, company: ErpCompany, jobs: Sequence[str], *, changed_since: datetime | None = None
    ) -> Iterator[JobCosts]:
        """This function will sum what was spent on jobs to date; nothing of it where CMiC does not tell."""
        return costs(self._client, company=company.code, jobs=jobs, span=self._span(changed_since))

    def units(self, company: ErpCompany) -> Iterator[UnitRow]:
        """This function will read every unit of measure."""
        return reads.units(self._client)

    def _span(self, since: datetime | None) -> reads.Span:
        return reads.Span(is_told=self._setups.tells_changes, since=since)

    def check(self, company: ErpCompany) -> list[str]:
        """This function will say what is missing before CMiC may be written to; it always looks anew."""
        self._setups.forget()
        missing = self._setups.missing_names((*wire.NEEDED_TO_WRITE, *wire.NEEDED_TO_READ))
        if missing:
            return list(dict.fromkeys(missing))
        if company.code not in {row.code for row in self.companies()}:
            return [f"CMiC does not show us company {company.code}; correct its code or ask for access."]
        try:
            return self._setups.of(company).complaints()
        except ErpMisconfigured as error:
            return [str(error)]

    def report(self, company: ErpCompany) -> list[CheckItem]:
        """This function will look at everything that can be seen without writing. Raises ErpUnavailable."""
        sight = Sight(client=self._client, setups=self._setups, company=company)
        return report(sight, manners=self._manners)

    def record(self) -> Mapping[str, str]:
        """This function will return the descriptions of all applications, by file name."""
        return record(self._client)
