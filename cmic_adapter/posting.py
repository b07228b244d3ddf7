"""What became of many delivered documents, in few requests: one per 50 while nobody posted anything.

A document is never called posted for its total: every budget code is compared, and the evidence is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cmic_adapter import wire
from cmic_adapter.assignments import budget_codes
from cmic_adapter.client import Client
from cmic_adapter.enter_budget import EnterBudget
from cmic_adapter.pci import Pci, by_key
from cmic_adapter.reads import visible_jobs
from cmic_adapter.routes import Route
from cmic_adapter.setup import Setup
from cmic_adapter.wire import Header, Job, Line
from erp.port import Difference, ErpDocument, ErpRefused, JobStatus, Posting, PostingState

MOST = 50  # documents a request
Place = tuple[str, str]  # main job and number: a number is unique on its job only


@dataclass
class Evidence:
    """What was read for a group of documents of one company."""

    places: dict[str, Place]  # where each of our numbers is
    headers: dict[Place, Header]
    lines: dict[Place, list[Line]]
    unposted: dict[Place, list[Line]]
    jobs: dict[str, Job]
    unclear: dict[str, str]  # why we cannot tell which header one of our numbers has


class Postings:
    """The answers for the documents of one company."""

    def __init__(self, *, client: Client, setup: Setup) -> None:
        self._client, self._setup = client, setup
        self._company = setup.company.code

    def of(self, documents: Sequence[ErpDocument]) -> dict[str, Posting]:
        """This function will answer for each by its number. Raises ErpUnavailable, ErpMisconfigured."""
        entered = [d for d in documents if d.route == Route.ENTER_BUDGET]
        changes = [d for d in documents if d.route != Route.ENTER_BUDGET]
        answers = self._of_changes(changes) | self._of_entered(entered)
        return {posting.number: posting for posting in answers.values()}

    # Potential change items

    def _of_changes(self, documents: Sequence[ErpDocument]) -> dict[str, Posting]:
        if not documents:
            return {}
        evidence = self._gather(documents)
        return {document.number: self._of_change(document, evidence) for document in documents}

    def _gather(self, documents: Sequence[ErpDocument]) -> Evidence:
        """Headers of all; lines only of those that somebody posted or that are not shown any more."""
        places = {d.number: (d.job, d.erp_number or d.number) for d in documents}
        numbers = [number for _, number in places.values()]
        found = self._client.rows_in(
            wire.HEADERS, field="number", values=numbers, most=MOST, company=self._company
        )
        headers = {(header.job, header.number): header for header in found}
        named, unclear = self._found_by_name(documents, headers)
        for number, header in named.items():
            places[number] = (header.job, header.number)
            headers[places[number]] = header
        closer = [place for place in places.values() if place not in headers or headers[place].posted]
        gone = {job for job, number in closer if (job, number) not in headers}
        return Evidence(
            places=places,
            headers=headers,
            lines=self._lines(wire.LINES, closer),
            unposted=self._lines(wire.UNPOSTED_LINES, closer),
            jobs=visible_jobs(self._client, company=self._company, codes=gone) if gone else {},
            unclear=unclear,
        )

    def _found_by_name(
        self, documents: Sequence[ErpDocument], headers: Mapping[Place, Header]
    ) -> tuple[dict[str, Header], dict[str, str]]:
        """Where CMiC numbers itself and its number never reached us, only the name tells. One that it does not
        tell of must not hold up the others."""
        found, unclear = {}, {}
        for document in documents:
            pci = Pci(client=self._client, setup=self._setup, document=document)
            if not pci.numbered_there or (document.job, document.number) in headers:
                continue
            try:
                header = pci.header()
            except ErpRefused as refusal:
                unclear[document.number] = str(refusal)
                continue
            if header is not None:
                found[document.number] = header
            else:
                unclear[document.number] = "CMiC's number for it never reached us, and no name has our mark"
        return found, unclear

    def _lines(self, resource: wire.Resource[Line], places: Sequence[Place]) -> dict[Place, list[Line]]:
        numbers = [number for _, number in places]
        found: dict[Place, list[Line]] = {}
        rows = self._client.rows_in(
            resource, field="number", values=numbers, most=MOST, company=self._company
        )
        for row in rows:
            found.setdefault((row.main_job, row.number), []).append(row)
        return found

    def _of_change(self, document: ErpDocument, evidence: Evidence) -> Posting:
        place = evidence.places[document.number]
        header = evidence.headers.get(place)
        if header is not None and not header.posted:
            return self._open(document, header)
        lines, unposted = evidence.lines.get(place, []), evidence.unposted.get(place, [])
        facts = _facts(header=header, lines=lines, unposted=unposted)
        if header is None and not lines:
            return self._nowhere(document, evidence, facts)
        decided = not unposted and bool(lines) and (header is not None or all(line.posted for line in lines))
        if not decided:
            return Posting(number=document.number, state=PostingState.INDETERMINATE, evidence=facts)
        return self._posted(document, header=header, lines=lines, facts=facts)

    def _nowhere(self, document: ErpDocument, evidence: Evidence, facts: Mapping[str, object]) -> Posting:
        visible, unclear = document.job in evidence.jobs, evidence.unclear.get(document.number, "")
        state = PostingState.ABSENT if visible and not unclear else PostingState.INDETERMINATE
        told = {**facts, "job_visible": visible, **({"unclear": unclear} if unclear else {})}
        return Posting(number=document.number, state=state, evidence=told)

    def _open(self, document: ErpDocument, header: Header) -> Posting:
        if self._setup.is_rejected(header):
            state = PostingState.REJECTED
        elif self._setup.is_ready(header):
            state = PostingState.WAITING
        else:
            state = PostingState.STAGING
        return Posting(number=document.number, state=state, evidence={"header": _told(header)})

    def _posted(
        self, document: ErpDocument, *, header: Header | None, lines: list[Line], facts: Mapping[str, object]
    ) -> Posting:
        wanted = Pci(client=self._client, setup=self._setup, document=document).wanted
        found = {key: sum((line.amount for line in rows), Decimal(0)) for key, rows in by_key(lines).items()}
        differences = [
            Difference(key=key, refs=w.refs, sent=w.delta, found=found.get(key, Decimal(0)))
            for key, w in wanted.items()
            if found.get(key, Decimal(0)) != w.delta
        ]
        differences += [
            Difference(key=key, refs=(), sent=Decimal(0), found=amount)
            for key, amount in found.items()
            if key not in wanted and amount
        ]
        return Posting(
            number=document.number,
            state=PostingState.POSTED_DIFFERENT if differences else PostingState.POSTED,
            posted_on=header.posted_on if header else None,
            differences=tuple(differences),
            evidence=facts,
        )

    # Enter Budget

    def _of_entered(self, documents: Sequence[ErpDocument]) -> dict[str, Posting]:
        if not documents:
            return {}
        jobs = visible_jobs(self._client, company=self._company, codes={d.job for d in documents})
        answers = {}
        for document in documents:
            answers[document.number] = self._of_budget(document, jobs.get(document.job))
        return answers

    def _of_budget(self, document: ErpDocument, job: Job | None) -> Posting:
        """A budget counts from Start Job on, which froze it."""
        if job is None:
            return Posting(
                number=document.number, state=PostingState.INDETERMINATE, evidence={"job_visible": False}
            )
        facts: dict[str, object] = {"job_visible": True, "job_status": str(job.status)}
        if job.status is JobStatus.PENDING:
            return Posting(number=document.number, state=PostingState.WAITING, evidence=facts)
        budget = EnterBudget(client=self._client, setup=self._setup, document=document)
        rows = budget_codes(client=self._client, company=self._company, keys=budget.wanted)
        differences = budget.differences(rows)
        return Posting(
            number=document.number,
            state=PostingState.POSTED_DIFFERENT if differences else PostingState.POSTED,
            differences=differences,
            evidence={
                **facts,
                "amounts": {w.label: str(rows[k].original) for k, w in budget.wanted.items() if k in rows},
            },
        )


def _told(header: Header) -> dict[str, object]:
    return {
        "number": header.number,
        "name": header.name,
        "status": header.status,
        "posted": header.posted,
        "posted_on": header.posted_on.isoformat() if header.posted_on else None,
    }


def _facts(*, header: Header | None, lines: list[Line], unposted: list[Line]) -> dict[str, object]:
    return {
        "header": _told(header) if header else None,
        "lines": [
            {"line": f"{r.cost_code}/{r.cost_type}@{r.job}", "amount": str(r.amount), "posted": r.posted}
            for r in lines
        ],
        "still_unposted": len(unposted),
    }
