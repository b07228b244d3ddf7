"""What became of handed over documents, read from the forms that accountants return."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import replace
from decimal import Decimal

from erp.port import BudgetCodeRow, Difference, DocumentKind, ErpDocument, ErpKey, Posting, PostingState
from file_adapter.disk import content, names_in
from file_adapter.papers import Manifest, digest, entries_of
from file_adapter.places import READY, RETURNED, SUFFIXES, TAKEN, Places
from file_adapter.returned import POSTED, REJECTED, NotUnderstood, read_form
from file_adapter.standing import Standing, look, manifest_of

ZERO = Decimal("0.00")


def posting_of(places: Places, document: ErpDocument, *, visible: Set[str]) -> Posting:
    """This function will say what became of one document. `visible` are the jobs the reference names."""
    standing = look(places, document)
    if standing.problems:
        return _undecided(places, document, standing)
    if standing.form is not None:
        return _told(places, document, standing)
    if standing.ready or standing.taken:
        evidence = {"taken": bool(standing.taken), "folder": READY if standing.ready else TAKEN}
        return Posting(document.number, PostingState.WAITING, evidence=evidence)
    if document.job not in visible:
        note = f"The folder names no job {document.job} any more."
        return Posting(document.number, PostingState.INDETERMINATE, evidence={"note": note})
    return Posting(
        document.number, PostingState.ABSENT, evidence={"note": "Its papers are not in the folder."}
    )


def _undecided(places: Places, document: ErpDocument, standing: Standing) -> Posting:
    name = places.said(standing.returned) if standing.returned else ""
    note = f"{name} decides nothing. {' '.join(standing.problems)}"
    evidence = {"note": note, "file": name, "problems": list(standing.problems)}
    return Posting(document.number, PostingState.INDETERMINATE, evidence=evidence)


def _told(places: Places, document: ErpDocument, standing: Standing) -> Posting:
    form, path = standing.form, standing.returned
    if form is None or path is None:
        raise RuntimeError("only a form that was read is told")
    evidence: dict[str, object] = {"file": places.said(path), "sha256": digest(content(path) or b"")}
    if form.verdict == REJECTED:
        return Posting(document.number, PostingState.REJECTED, evidence=evidence)
    entries = entries_of(document)
    differences = tuple(
        Difference(entry.key, entry.refs, entry.change, form.amounts[entry.key])
        for entry in entries
        if entry.change != form.amounts[entry.key]
    )
    evidence["lines"] = [
        [entry.key.job, entry.key.cost_code, entry.key.cost_type, str(form.amounts[entry.key])]
        for entry in entries
    ]
    state = PostingState.POSTED_DIFFERENT if differences else PostingState.POSTED
    return Posting(document.number, state, form.posted_on, differences, evidence)


def posted_since(places: Places, moment: float) -> Iterator[tuple[Manifest, dict[ErpKey, Decimal]]]:
    """This function will read the forms returned as posted after a moment (seconds since 1970)."""
    for name in names_in(places.home / RETURNED):
        path = places.home / RETURNED / name
        number = path.stem.partition(" ")[0]  # a second download is called "TB-7K3MQ0XV (1).xlsx"
        if path.suffix.casefold() not in SUFFIXES or path.stat().st_mtime <= moment:
            continue
        manifest = _manifest(places, number)
        if manifest is None:
            continue
        try:
            form = read_form(content(path) or b"", number=number, wanted=manifest.changes)
        except NotUnderstood:
            continue  # postings() says so, and as long as it decides nothing it counts for nothing
        if form.verdict == POSTED:
            yield manifest, dict(form.amounts)


def _manifest(places: Places, number: str) -> Manifest | None:
    folders = (places.place(READY, number), *places.called(TAKEN, number))
    return next((manifest for folder in folders if (manifest := manifest_of(folder, number))), None)


def with_postings(rows: list[BudgetCodeRow], places: Places, *, exported: float) -> list[BudgetCodeRow]:
    """This function will add to an exported budget what was returned as posted since."""
    held = {row.key: row for row in rows}
    for manifest, amounts in posted_since(places, exported):
        for key, amount in amounts.items():
            row = held.get(key, BudgetCodeRow(key, "", ZERO, ZERO))
            original = row.original + (amount if manifest.kind is DocumentKind.ORIGINAL else ZERO)
            held[key] = replace(row, original=original, current=row.current + amount)
    return list(held.values())
