"""Whether the ERP still holds what the approver saw: looked at before a document writes or goes on writing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from erp.documents import ZERO
from erp.models import BatchLine, Document, DocumentState, ErpReading
from erp.port import (
    DocumentKind,
    ErpBackend,
    ErpDocument,
    ErpKey,
    ErpLine,
    ErpRefused,
    Finding,
    JobStatus,
    Reading,
)
from erp.snapshots import current_budget, held_originals

NOTHING_WRITTEN = ("refused", "unavailable", "misconfigured")  # outcomes of a call, see erp.port.Journal


def has_written(document: Document) -> bool:
    """This function will tell whether a document may have written anything; writes are on record before they leave."""
    return document.calls.exclude(outcome__in=NOTHING_WRITTEN).exists()


def refuse_if_moved(
    document: Document, frozen: ErpDocument, erp: ErpBackend, *, still_mine: Callable[[], None]
) -> None:
    """This function will raise ErpRefused when the ERP moved since the acceptance, for the codes of a document.

    Of an original the original amounts are compared, of a modification the current budget.

    What the document wrote itself is no move: amounts it has set on a job whose budget is open, and all of it where the
    ERP finds it whole. Talks to the ERP; raises its failures, and what `still_mine` raises when the claim was lost.
    """
    seen = document.batch.reading
    if seen is None:
        raise RuntimeError("an accepted batch names its reading")
    written = has_written(document)
    if frozen.kind is DocumentKind.MODIFICATION and written:
        return  # what it wrote stands unposted under its number and moves no budget
    held = erp.reading(frozen.company, sorted(seen.statuses))
    still_mine()
    if frozen.kind is DocumentKind.MODIFICATION:
        moved = [*_currents(document, frozen, seen, held)]
        if moved:
            raise ErpRefused(moved)
        return
    findings = [*_amounts(frozen, seen, held, written=written)]
    if not written:
        findings += _status(frozen, seen, held)
    if findings and not (written and erp.find(frozen)):
        raise ErpRefused(findings)


def _amounts(frozen: ErpDocument, seen: ErpReading, held: Reading, *, written: bool) -> Iterator[Finding]:
    before = held_originals(seen)
    after = {row.key: row.original for row in held.rows}
    sets_amounts = written and seen.statuses.get(frozen.job) == JobStatus.PENDING
    targets = _targets(frozen) if sets_amounts else {}
    for line in frozen.lines:
        old, new = before.get(line.key, ZERO), after.get(line.key, ZERO)
        if new in (old, targets.get(line.key, old)):
            continue
        yield _moved(line, old, new)


def _moved(line: ErpLine, old: Decimal, new: Decimal) -> Finding:
    code = f"{line.key.cost_code} {line.key.cost_type}"
    said = f"{code} held {old:,.2f} when it was accepted and holds {new:,.2f} now."
    again = "Return the batch and send it again."
    return Finding("erp_moved", f"{said} {again}", (line.ref,))


def _currents(document: Document, frozen: ErpDocument, seen: ErpReading, held: Reading) -> Iterator[Finding]:
    """Compare the current budget of a modification's codes, less what this batch itself has brought there.

    A code that another document of the batch may have moved without our knowing yet is not judged.
    """
    expected, unsure = current_budget(seen), set()
    siblings = BatchLine.objects.filter(item__batch=document.batch_id).exclude(item=document.item_id)
    rows = siblings.values_list("erp_job", "erp_cost_code", "erp_cost_type", "delta", "item__document__state")
    for job, code, kind, delta, state in rows:
        key = ErpKey(job, code, kind)
        if state == DocumentState.POSTED:
            expected[key] = expected.get(key, ZERO) + delta
        elif delta and state not in (DocumentState.QUEUED, DocumentState.WITHDRAWN):
            unsure.add(key)
    after = {row.key: row.current for row in held.rows}
    for line in frozen.lines:
        old, new = expected.get(line.key, ZERO), after.get(line.key, ZERO)
        if old != new and line.key not in unsure:
            yield _moved(line, old, new)


def _targets(frozen: ErpDocument) -> dict[ErpKey, Decimal]:
    sums: dict[ErpKey, Decimal] = {}
    for line in frozen.lines:
        sums[line.key] = sums.get(line.key, ZERO) + (line.target or ZERO)
    return sums


def _status(frozen: ErpDocument, seen: ErpReading, held: Reading) -> list[Finding]:
    was, now = seen.statuses.get(frozen.job), held.statuses.get(frozen.job)
    if was != JobStatus.PENDING or now is not JobStatus.STARTED:
        return []
    said = f"Job {frozen.job} was started since this batch was accepted. Return it and send it again."
    return [Finding("job_started", said)]
