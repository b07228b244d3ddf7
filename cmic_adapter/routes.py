"""Which way a document goes into CMiC, and the reasons why it goes none. Decided before the first write."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from cmic_adapter.document import jobs_of
from cmic_adapter.findings import refused
from cmic_adapter.options import CompanyOptions
from cmic_adapter.pci import Found
from cmic_adapter.setup import Setup
from cmic_adapter.wire import Job
from erp.port import DocumentKind, ErpDocument, ErpNotYet, ErpRefused, Finding, JobStatus


class Route(StrEnum):
    """The ways there are. The word is kept on the document: a document never mixes ways."""

    ENTER_BUDGET = "enter_budget"
    PCI_ORIGINAL = "pci_original"
    PCI_TRANSFER = "pci_transfer"
    PCI_INTERNAL = "pci_internal"

    @property
    def kind(self) -> str:
        """The class of change type that this way uses."""
        return self.value.partition("_")[2]


def started(document: ErpDocument, jobs: Mapping[str, Job]) -> bool:
    """This function will tell whether the main job is visible and its budget is not open any more."""
    return document.job in jobs and jobs[document.job].status is not JobStatus.PENDING


def decide(*, document: ErpDocument, options: CompanyOptions, jobs: Mapping[str, Job]) -> Route:
    """This function will choose the way, or raise ErpRefused or ErpNotYet with the reason.

    `jobs` holds the visible ones of the document's jobs by their code.
    """
    faults = _job_faults(document=document, jobs=jobs)
    if faults:
        raise ErpRefused(faults)
    main = jobs[document.job]
    if main.status is JobStatus.PENDING:
        return _while_pending(document)
    if not main.takes_changes:
        said = f"Job {main.code} takes no change items in CMiC; allow them on the job there."
        raise refused(code="job_takes_no_changes", message=said, field="job")
    return Route(document.route) if document.route else _once_started(document=document, options=options)


def _while_pending(document: ErpDocument) -> Route:
    if document.kind is DocumentKind.ORIGINAL and document.route in ("", Route.ENTER_BUDGET):
        return Route.ENTER_BUDGET
    raise ErpNotYet(f"Job {document.job} is pending in CMiC: changes wait for Start Job.")


def _once_started(*, document: ErpDocument, options: CompanyOptions) -> Route:
    if document.kind is DocumentKind.ORIGINAL:
        if options.originals_on_started_jobs:
            return Route.PCI_ORIGINAL
        said = (
            f"Job {document.job} has been started in CMiC and this company does not change originals then; "
            "send the change as a modification or switch class Original on."
        )
        raise refused(code="class_original_off", message=said)
    balanced = document.net == 0 and options.transfer_for_balanced
    return Route.PCI_TRANSFER if balanced else Route.PCI_INTERNAL


def entry_words(*, document: ErpDocument, options: CompanyOptions, status: JobStatus) -> str:
    """This function will say what a document becomes in CMiC while its job stands so; empty where it goes no way."""
    try:
        pending = status is JobStatus.PENDING and document.kind is DocumentKind.ORIGINAL
        route = Route.ENTER_BUDGET if pending else _once_started(document=document, options=options)
    except ErpRefused:
        return ""
    if document.route:
        route = Route(document.route)
    if route is Route.ENTER_BUDGET:
        return "amounts in Enter Budget"
    return f"potential change item, class {route.kind.capitalize()}"


def ensure_visible(*, document: ErpDocument, jobs: Mapping[str, Job]) -> None:
    """This function will raise ErpRefused for jobs we cannot see: what is hidden there would look like gone."""
    faults = _invisible(document=document, jobs=jobs)
    if faults:
        raise ErpRefused(faults)


def _invisible(*, document: ErpDocument, jobs: Mapping[str, Job]) -> list[Finding]:
    words = "is not visible in CMiC; ask for access"
    hidden = sorted(jobs_of(document) - set(jobs))
    return [_fault(document, job, "job_not_visible", words) for job in hidden]


def _job_faults(*, document: ErpDocument, jobs: Mapping[str, Job]) -> list[Finding]:
    main = jobs.get(document.job)
    found = _invisible(document=document, jobs=jobs)
    if main is None:
        return found
    if main.status is JobStatus.CLOSED:
        found.append(_fault(document, main.code, "job_closed", "is closed in CMiC; reopen it there"))
    for job in jobs.values():
        if job.code == main.code:
            continue
        if job.parent != main.code:
            found.append(_fault(document, job.code, "job_not_below", f"is no sub job of {main.code} in CMiC"))
        elif job.status is not main.status:
            words = (
                f"is {job.status} in CMiC, its main job {main.code} is {main.status}; both must be the same"
            )
            found.append(_fault(document, job.code, "job_status_differs", words))
    return found


def _fault(document: ErpDocument, job: str, code: str, words: str) -> Finding:
    refs = tuple(line.ref for line in document.lines if line.key.job == job)
    return Finding(code=code, message=f"Job {job} {words}.", refs=refs, field="job")


def route_of(document: ErpDocument, *, setup: Setup, found: Found) -> str:
    """This function will tell the way a document went: as it remembers, or as the type of its header says."""
    if document.route or found.header is None:
        return document.route
    kind = setup.kind_of_type(found.header.type)
    return next((route.value for route in Route if route.value == f"pci_{kind}"), "")
