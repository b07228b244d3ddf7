"""Whether the ERP still holds what the approver saw: looked at before a document writes or goes on writing."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from erp.documents import ZERO
from erp.models import Document, ErpReading
from erp.port import DocumentKind, ErpBackend, ErpDocument, ErpKey, ErpRefused, Finding, JobStatus, Reading
from erp.snapshots import held_originals

NOTHING_WRITTEN = ("refused", "unavailable", "misconfigured")  # outcomes of a call, see erp.port.Journal


def refuse_if_moved(document: Document, frozen: ErpDocument, erp: ErpBackend) -> None:
    """This function will raise ErpRefused when the ERP moved since the acceptance, for the codes of an original.

    What the document wrote itself is no move: amounts it has set on a job whose budget is open, and all of it where the
    ERP finds it whole. Talks to the ERP; raises its failures.
    """
    if frozen.kind is not DocumentKind.ORIGINAL:
        return
    seen = document.batch.reading
    if seen is None:
        raise RuntimeError("an accepted batch names its reading")
    written = document.calls.exclude(outcome__in=NOTHING_WRITTEN).exists()
    held = erp.reading(frozen.company, sorted(seen.statuses))
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
        code = f"{line.key.cost_code} {line.key.cost_type}"
        said = f"{code} held {old:,.2f} when it was accepted and holds {new:,.2f} now."
        yield Finding(
            "erp_moved",
            f"{said} Return the batch and send it again.",
            (line.ref,),
            raw="read before the push",
        )


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
