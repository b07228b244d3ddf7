"""Refusals that the error dictionary does not explain: counted as they come, listed until somebody explains them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime

from django.db.models import F

from erp.models import BatchLine, Connection, Document, UnknownErrorText
from erp.port import Finding
from erp.refusals.advice import LONGEST_TEXT, Dictionary, words
from erp.refusals.dictionary import dictionary_of

MOST_KEPT = 500  # texts of one company; beyond them the one not seen for longest is forgotten
LONGEST_KEPT, LONGEST_SAMPLE = 600, 2000  # characters
HIDDEN = "***"
SECRETS = re.compile(
    r"(?i)\b(bearer|basic)\s+[\w.+/=~-]{6,}"
    r"|(password|passwd|pwd|secret|token|api[_-]?key)(?:[\"']?\s*[=:]\s*|\s+is\s+)(?:\"[^\"]*\"|'[^']*'|[^\s\"',;&]+)"
    r"|(?<=://)([^\s/:@]{1,100}:)[^\s/@]{1,200}(?=@)"
)
ERROR_CODE = re.compile(r"[A-Z]{2,6}-\d{3,6}")  # like ORA-00001: says what is wrong, so it stays
NAMED_BEFORE = ("code", "type", "category", "phase")  # what stands before a code of one letter


def note(document: Document, findings: Iterable[Finding], *, connection: Connection, now: datetime) -> None:
    """This function will count the texts among a refusal's findings that nobody explained yet."""
    told = [finding for finding in findings if finding.raw.strip()]
    if not told:
        return
    known = dictionary_of(connection)
    places = _places(document)
    for finding in told:
        entry = known.entry(finding.code)
        made_by_adapter = entry is not None and not entry.matches  # its text is only beside the point
        if not made_by_adapter and known.leaves_open(finding.raw):
            _count(document, finding.raw, connection=connection, places=places, now=now)


def without_secrets(text: str) -> str:
    """This function will return the beginning of a text with what looks like a secret hidden."""
    return SECRETS.sub(lambda found: f"{found[1] or found[2] or found[3]} {HIDDEN}", text[:LONGEST_TEXT])[
        :LONGEST_SAMPLE
    ]


def normal(text: str, *, places: dict[str, str]) -> str:
    """This function will write a text as a pattern: known codes as {placeholders}, other numbers as *."""
    said, before = [], ""
    for word in words(without_secrets(text)):
        if word in places and (len(word) > 1 or before.casefold().endswith(NAMED_BEFORE)):
            said.append(f"{{{places[word]}}}")
        elif any(c.isdigit() for c in word) and not ERROR_CODE.fullmatch(word) and before != "HTTP":
            said.append("*")
        else:
            said.append(word.translate(str.maketrans("{}*", "()x")))
        before = word
    return " ".join(said)[:LONGEST_KEPT]


def _places(document: Document) -> dict[str, str]:
    """The codes of a document and what each is."""
    rows = BatchLine.objects.filter(item=document.item_id)
    found = {document.number: "number"}
    for job, code, kind in rows.values_list("erp_job", "erp_cost_code", "erp_cost_type"):
        found |= {kind: "cost_type", code: "cost_code", job: "job"}
    found.pop("", None)
    return found


def _count(
    document: Document, text: str, *, connection: Connection, places: dict[str, str], now: datetime
) -> None:
    pattern = normal(text, places=places)
    key = hashlib.sha256(pattern.casefold().encode()).hexdigest()
    row, made = UnknownErrorText.objects.get_or_create(
        connection=connection,
        key=key,
        defaults={
            "text": pattern,
            "sample": without_secrets(text),
            "first_seen_at": now,
            "last_seen_at": now,
            "document": document,
        },
    )
    if not made:
        UnknownErrorText.objects.filter(pk=row.pk).update(
            count=F("count") + 1, last_seen_at=now, sample=without_secrets(text), document=document
        )
        return
    kept = UnknownErrorText.objects.filter(connection=connection).values_list("pk", flat=True)
    UnknownErrorText.objects.filter(pk__in=list(kept[MOST_KEPT:])).delete()


def not_explained(connection: Connection, known: Dictionary) -> list[UnknownErrorText]:
    """This function will list the texts that no entry explains as it stands now, the newest first."""
    rows = UnknownErrorText.objects.filter(connection=connection)
    return [
        row
        for row in rows.select_related("document__batch__budget__project")
        if known.leaves_open(row.sample)
    ]
