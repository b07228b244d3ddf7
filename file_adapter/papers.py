"""A document as papers: rows summed by budget code, and the CSV, the XLSX form and the manifest made from them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal

import xlsxwriter
from pydantic import BaseModel, ValidationError

from erp.port import DocumentKind, ErpDocument, ErpKey, ErpLine, Receipt
from file_adapter.cells import guarded

ROUTE = "file"
COLUMNS = (
    *("Number", "Kind", "Job", "Cost code", "Cost type", "Description", "Quantity", "Unit"),
    *("Before", "Shall be", "Change", "Posted", "Status", "Posted on"),
)
AMOUNTS = ("Before", "Shall be", "Change", "Posted")
HOW_TO = (
    "1. Move this document's folder from to-enter to taken, so that nobody takes it back while you work.",
    "2. Enter the column Change in the job cost ledger. Shall be is the amount afterwards, where one is given.",
    "3. Put what you entered into Posted (it is filled in with Change), and in one row: Status posted and the day, "
    "like 2026-11-23. Where you do not enter it: Status rejected.",
    "4. Save this file into the folder returned. Tieback reads it there.",
)
WIDTHS = (14, 13, 12, 18, 18, 36, 12, 8, 18, 18, 18, 18, 12, 14)


@dataclass(frozen=True)
class Entry:
    """One row of a document: a budget code with the sums of its lines."""

    key: ErpKey
    refs: tuple[str, ...]
    description: str
    change: Decimal
    target: Decimal | None
    before: Decimal | None
    quantity: Decimal | None
    unit: str


def entries_of(document: ErpDocument) -> list[Entry]:
    """This function will sum a document's lines by budget code, in their order.

    A code that a modification does not change is left out; an original budget names also what is 0.
    """
    grouped: dict[ErpKey, list[ErpLine]] = {}
    for line in document.lines:
        grouped.setdefault(line.key, []).append(line)
    made = [_entry(key, lines) for key, lines in grouped.items()]
    original = document.kind is DocumentKind.ORIGINAL
    return [entry for entry in made if entry.change or original]


def _entry(key: ErpKey, lines: list[ErpLine]) -> Entry:
    alone = lines[0] if len(lines) == 1 else None
    return Entry(
        key=key,
        refs=tuple(line.ref for line in lines),
        description="; ".join(dict.fromkeys(line.description for line in lines if line.description)),
        change=sum((line.delta for line in lines), Decimal(0)),
        target=_sum([line.target for line in lines]),
        before=_sum([line.before for line in lines]),
        quantity=alone.quantity if alone else None,
        unit=alone.unit if alone and alone.quantity is not None else "",
    )


def _sum(amounts: list[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known else None


class Manifest(BaseModel):
    """What a document's folder says of itself."""

    number: str
    content_hash: str
    kind: DocumentKind
    company: str
    job: str
    lines: list[tuple[str, str, str, Decimal]]
    files: dict[str, str]

    def is_of(self, document: ErpDocument) -> bool:
        """This function will tell whether the folder holds this very document."""
        return (self.number, self.content_hash) == (document.number, document.content_hash)

    @property
    def changes(self) -> dict[ErpKey, Decimal]:
        """The changes by budget code."""
        return {ErpKey(job, code, kind): change for job, code, kind, change in self.lines}


def manifest_name(number: str) -> str:
    """This function will name a document's manifest."""
    return f"{number}.json"


def manifest_in(data: bytes | None) -> Manifest | None:
    """This function will read a manifest; None where there is none, or none of ours."""
    if data is None:
        return None
    try:
        return Manifest.model_validate_json(data)
    except ValidationError:
        return None


def files_of(document: ErpDocument) -> dict[str, bytes]:
    """This function will make a document's files by name, the manifest last. The same document gives the same bytes."""
    entries = entries_of(document)
    made = {
        f"{document.number}.csv": _csv(document, entries),
        f"{document.number}.xlsx": _xlsx(document, entries),
    }
    manifest = {
        "number": document.number,
        "content_hash": document.content_hash,
        "kind": document.kind.value,
        "company": document.company.code,
        "job": document.job,
        "lines": [[*_codes(entry.key), f"{entry.change:.2f}"] for entry in entries],
        "files": {name: digest(data) for name, data in made.items()},
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True)
    return {**made, manifest_name(document.number): text.encode()}


def digest(data: bytes) -> str:
    """This function will hash a file's content (hex SHA-256)."""
    return hashlib.sha256(data).hexdigest()


def receipt_of(document: ErpDocument) -> Receipt:
    """This function will make the receipt of a complete document; the total is the sum of the changes."""
    return Receipt(document.number, ROUTE, len(entries_of(document)), document.net)


def _codes(key: ErpKey) -> tuple[str, str, str]:
    return key.job, key.cost_code, key.cost_type


def _cells(document: ErpDocument, entry: Entry) -> Mapping[str, str | Decimal | None]:
    texts = (document.number, document.kind.value, *_codes(entry.key), entry.description)
    told: dict[str, str | Decimal | None] = dict(zip(COLUMNS, map(guarded, texts), strict=False))
    amounts = (entry.before, entry.target, entry.change, entry.change)
    return {
        **told,
        "Quantity": entry.quantity,
        "Unit": guarded(entry.unit),
        **dict(zip(AMOUNTS, amounts, strict=True)),
    }


def _csv(document: ErpDocument, entries: list[Entry]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, restval="")
    writer.writeheader()
    for entry in entries:
        cells = _cells(document, entry)
        writer.writerow(
            {name: f"{cell:f}" if isinstance(cell, Decimal) else cell for name, cell in cells.items()}
        )
    return out.getvalue().encode("utf-8-sig")


def _xlsx(document: ErpDocument, entries: list[Entry]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"created": datetime.combine(document.date, time())})  # the same bytes every time
    sheet, bold = book.add_worksheet("Document"), book.add_format({"bold": True})
    text = book.add_format({"num_format": "@"})
    money, quantity = (book.add_format({"num_format": form}) for form in ("#,##0.00", "#,##0.0000"))
    kind = "Original budget" if document.kind is DocumentKind.ORIGINAL else "Budget modification"
    head = (
        f"{document.number}  {document.title}",
        f"{kind} of job {document.job}, company {document.company.code}, dated {document.date.isoformat()}",
        *HOW_TO,
    )
    for place, said in enumerate(head):
        sheet.write_string(place, 0, guarded(said), bold if not place else None)
    top = len(head) + 1
    for column, (name, width) in enumerate(zip(COLUMNS, WIDTHS, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(top, column, name, bold)
    for place, entry in enumerate(entries, start=top + 1):
        cells = _cells(document, entry)
        for column, name in enumerate(COLUMNS):
            cell = cells.get(name)
            if isinstance(cell, Decimal):
                sheet.write_number(place, column, float(cell), quantity if name == "Quantity" else money)
            elif cell:
                sheet.write_string(place, column, cell, text)
    sheet.freeze_panes(top + 1, 0)
    book.close()
    return out.getvalue()
