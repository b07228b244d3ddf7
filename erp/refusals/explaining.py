"""A refusal as people read it: what it means, who puts it right and how, which lines it concerns.

Worked out anew each time it is shown, so that an explanation written today also explains what was refused yesterday.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse

from erp.models import Batch, BatchLine, Connection, Document, DocumentState
from erp.port import Advice, Fixer, Place
from erp.refusals.advice import Dictionary, filled
from erp.refusals.dictionary import dictionary_of
from erp.refusals.unknown_texts import without_secrets
from erp.snapshots import erp_connection
from erp.words import SOME_ERP, erp_name
from projects import permissions
from workflow.people import name_of

NOBODY_SAID = (
    "Read the ERP’s own words, and put right what they ask for.",
    "Then an approver presses Retry on the batch, or returns it to the project manager.",
    "Explain the words under Errors, so that everybody understands them the next time.",
)
ROLES = {
    Fixer.PROJECT_MANAGER: "the project manager",
    Fixer.APPROVER: "the accounting approver",
    Fixer.ERP_ADMIN: "an ERP admin",
    Fixer.ERP_ACCOUNTANT: "an accountant in {erp}",
    Fixer.ERP_ADMINISTRATOR: "an administrator of {erp}",
}


@dataclass(frozen=True)
class ExplainedLine:
    """A line that a refusal concerns: its codes as the budget has them, and where it stands on the budget page."""

    batch_line: int
    line: int
    job: str
    cost_code: str
    cost_type: str
    url: str

    @property
    def label(self) -> str:
        return f"{self.job} {self.cost_code} {self.cost_type}"


@dataclass(frozen=True)
class Explained:
    """One finding in plain words."""

    code: str
    message: str  # as the adapter found it
    meaning: str  # as the dictionary explains it
    field: str
    who: Fixer
    role: str  # "the project manager", "an accountant in the ERP"
    names: str  # of the people, where Tieback knows them
    steps: tuple[str, ...]
    place: Place
    lines: tuple[ExplainedLine, ...]
    raw: str
    known: bool  # an entry of the dictionary explains it
    documents: tuple[str, ...] = ()  # what was refused: numbers and titles
    says_only_where: bool = False  # and leaves the rest to the ERP's own words

    @property
    def refs(self) -> list[str]:
        """The ids of the batch's lines, as the finding has them."""
        return [str(line.batch_line) for line in self.lines]

    @property
    def fixer(self) -> str:
        """Who puts it right, with names where they are known."""
        return f"{self.role} ({self.names})" if self.names else self.role

    @property
    def needs_raw(self) -> bool:
        """Nobody can act on it without the ERP's own words: nothing explains them, or the explanation sends there."""
        return not self.known or self.says_only_where


def explained(document: Document) -> list[Explained]:
    """This function will explain what a document is refused for, a finding each; nothing once it goes on."""
    if document.state != DocumentState.REFUSED or not document.findings:
        return []
    batch = document.batch
    connection = erp_connection(batch.budget)
    if connection is None:
        known: Dictionary = Dictionary(own=(), built_in=())
    else:
        known = dictionary_of(connection)
    lines = _lines(document)
    told = [
        _explain(finding, known=known, batch=batch, connection=connection, document=document, lines=lines)
        for finding in document.findings
    ]
    if not document.changed_there:
        return told
    # What was found at taking it back only says what: its usual steps end with Retry, which is refused here.
    return [told[0], *(replace(one, steps=()) for one in told[1:])]


def explained_of(batch: Batch) -> list[Explained]:
    """This function will explain everything that keeps a batch from going on."""
    documents = batch.documents.exclude(findings=[]).select_related("item")
    return [one for document in documents for one in explained(document)]


MOST_MEANINGS = 5  # of one kind, in one explanation


def together(found: Iterable[Explained]) -> list[Explained]:
    """This function will make one explanation of those that are put right in the same way by the same people."""
    alike: dict[tuple[object, ...], list[Explained]] = {}
    for one in found:
        alike.setdefault((one.code, one.fixer, one.steps, one.place, one.known), []).append(one)
    return [group[0] if len(group) == 1 else _one_of(group) for group in alike.values()]


def _one_of(group: list[Explained]) -> Explained:
    meanings = list(dict.fromkeys(one.meaning for one in group))
    left = len(meanings) - MOST_MEANINGS
    said = " ".join(meanings[:MOST_MEANINGS]) + (f" And {left} more of the kind." if left > 0 else "")
    lines = tuple(dict.fromkeys(line for one in group for line in one.lines))
    raw = "\n".join(dict.fromkeys(one.raw for one in group))
    documents = tuple(dict.fromkeys(named for one in group for named in one.documents))
    return replace(group[0], meaning=said, lines=lines, raw=raw, documents=documents)


def role(who: Fixer, erp: str) -> str:
    """This function will say who puts something right, as a part people play."""
    return ROLES[who].format(erp=erp)


def preview(advice: Advice, *, text: str, connection: Connection, names: str) -> Explained | None:
    """This function will explain a text by one entry alone, as people will read it; None where no pattern fits."""
    hit = Dictionary(own=[advice], built_in=()).explain(text)
    if hit is None:
        return None
    values = {"erp": erp_name(connection), **hit.values}
    meaning = filled(advice.meaning, values)
    return Explained(
        code=advice.code,
        message=meaning,
        meaning=meaning,
        field="",
        who=advice.who,
        role=role(advice.who, erp_name(connection)),
        names=names,
        steps=tuple(filled(step, values) for step in advice.steps),
        place=advice.place,
        lines=(),
        raw=text,
        known=True,
    )


def _explain(
    finding: Mapping[str, Any],
    *,
    known: Dictionary,
    batch: Batch,
    connection: Connection | None,
    document: Document,
    lines: Mapping[int, BatchLine],
) -> Explained:
    raw = without_secrets(str(finding.get("raw", "")))
    concerned = [lines[int(ref)] for ref in finding.get("refs", []) if int(ref) in lines]
    erp = erp_name(connection) if connection else SOME_ERP
    hit = known.explain(raw) if raw else None
    advice = hit.advice if hit else known.entry(str(finding["code"]))
    values = {**_of_lines(concerned), "number": document.number, **(hit.values if hit else {}), "erp": erp}
    who = advice.who if advice else Fixer.ERP_ADMIN
    return Explained(
        code=str(finding["code"]),
        message=str(finding["message"]),
        field=str(finding.get("field", "")),
        # The adapter's sentence knows the case; an entry found by its code alone speaks of any.
        meaning=filled(advice.meaning, values) if hit and advice else str(finding["message"]),
        who=who,
        role=role(who, erp),
        names=_names(who, batch),
        steps=tuple(filled(step, values) for step in advice.steps) if advice else NOBODY_SAID if raw else (),
        place=advice.place if advice else Place.ERP,
        lines=tuple(_shown(row, batch) for row in concerned),
        raw=raw,
        known=advice is not None,
        documents=(f"{document.number} {document.item.title}",),
        says_only_where=advice is not None and advice.says_only_where,
    )


def _lines(document: Document) -> dict[int, BatchLine]:
    refs = [int(ref) for finding in document.findings for ref in finding.get("refs", [])]
    return BatchLine.objects.filter(item__batch=document.batch_id).in_bulk(refs) if refs else {}


def _of_lines(rows: list[BatchLine]) -> dict[str, str]:
    """What all the lines have in common, for the placeholders that the text itself does not fill."""
    told = {}
    for name, field in (("job", "erp_job"), ("cost_code", "erp_cost_code"), ("cost_type", "erp_cost_type")):
        values = {getattr(row, field) or getattr(row, name) for row in rows}
        if len(values) == 1:
            told[name] = values.pop()
    return told


def _shown(row: BatchLine, batch: Batch) -> ExplainedLine:
    page = reverse("budgets:page", args=[batch.budget.project_id])
    return ExplainedLine(
        batch_line=row.pk,
        line=row.line_id,
        job=row.job,
        cost_code=row.cost_code,
        cost_type=row.cost_type,
        url=f"{page}#line-{row.line_id}",
    )


def _names(who: Fixer, batch: Batch) -> str:
    company = batch.budget.project.company
    if who is Fixer.PROJECT_MANAGER:
        return name_of(batch.sent_by)
    if who is Fixer.APPROVER:
        return (
            name_of(batch.accepted_by)
            if batch.accepted_by
            else permissions.names(permissions.who_may_decide(company))
        )
    if who is Fixer.ERP_ADMIN:
        return permissions.names(permissions.who_administers(company))
    return ""
