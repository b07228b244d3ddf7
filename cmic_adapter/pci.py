"""One document as a potential change item: what CMiC has of it, and how that compares with what we want."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cmic_adapter import wire
from cmic_adapter.client import Client
from cmic_adapter.document import Wanted, moved
from cmic_adapter.findings import refused
from cmic_adapter.setup import Setup
from cmic_adapter.wire import Header, Line
from erp.port import ErpDocument, ErpKey, ErpUnavailable, Finding, Receipt


@dataclass(frozen=True)
class Found:
    """What CMiC shows of a document: a posted header may be hidden while its lines are there."""

    header: Header | None
    lines: tuple[Line, ...]

    @property
    def posted(self) -> bool:
        """Whether it counts already, seen at the header or, where that is hidden, at every line."""
        if self.header is not None:
            return self.header.posted
        return bool(self.lines) and all(line.posted for line in self.lines)


@dataclass(frozen=True)
class Comparison:
    """What is still missing, what is there once too often, and what is not as we wrote it."""

    missing: tuple[Wanted, ...]
    surplus: tuple[Line, ...]
    conflicts: tuple[Finding, ...]

    @property
    def complete(self) -> bool:
        """Whether exactly our lines are there, each once."""
        return not (self.missing or self.surplus or self.conflicts)


class Pci:
    """Reads and judges one document."""

    def __init__(self, *, client: Client, setup: Setup, document: ErpDocument) -> None:
        self.client, self.setup, self.document = client, setup, document
        self.wanted = moved(document)
        self.mark = wire.mark(number=document.number, content_hash=document.content_hash)

    def look(self) -> Found:
        """This function will read header and lines; raises ErpUnavailable when others came than asked for."""
        header = self.header()
        number = header.number if header else self.document.erp_number or self.document.number
        place = {"company": self.document.company.code, "main_job": self.document.job, "number": number}
        lines = self.client.rows(wire.LINES, wire.LINES.where(**place))
        if any((line.company, line.main_job, line.number) != tuple(place.values()) for line in lines):
            raise ErpUnavailable("CMiC answered with lines of another document.")
        return Found(header=header, lines=tuple(lines))

    def header(self) -> Header | None:
        """This function will read the header, by its number or, where CMiC numbers itself, by our mark.

        Raises ErpRefused when several carry the mark, ErpUnavailable when others came than asked for.
        """
        place = {"company": self.document.company.code, "job": self.document.job}
        number = self.document.erp_number or self.document.number
        rows = self.client.rows(wire.HEADERS, wire.HEADERS.where(**place, number=number))
        if any((row.company, row.job, row.number) != (*place.values(), number) for row in rows):
            raise ErpUnavailable("CMiC answered with another document.")
        if not rows and self.numbered_there:
            ending = wire.HEADERS.ending(field="name", text=self.mark)
            found = self.client.rows(wire.HEADERS, f"{wire.HEADERS.where(**place)} and {ending}")
            rows = [
                row for row in found if (row.company, row.job) == tuple(place.values()) and self.ours(row)
            ]
        if len(rows) > 1:
            numbers = ", ".join(row.number for row in rows)
            raise refused(
                code="found_twice", message=f"CMiC has this document twice: {numbers}; delete one there."
            )
        return rows[0] if rows else None

    @property
    def numbered_there(self) -> bool:
        """Whether CMiC may have given a number that never reached us."""
        return not self.document.erp_number and any(t.numbers_itself for t in self.setup.types)

    def ours(self, header: Header) -> bool:
        """This function will say whether a header carries the mark of exactly this document."""
        return header.name.endswith(self.mark)

    def compare(self, lines: Sequence[Line]) -> Comparison:
        """This function will compare lines with the document, budget code by budget code."""
        groups = by_key(lines)
        missing, surplus, conflicts = [], [], []
        for key, wanted in self.wanted.items():
            there = groups.pop(key, [])
            equal = [line for line in there if line.amount == wanted.delta]
            if not there:
                missing.append(wanted)
            elif len(equal) < len(there):
                conflicts.append(
                    _differs(wanted=wanted, found=sum((line.amount for line in there), Decimal(0)))
                )
            else:
                surplus += equal[1:]
        conflicts += [_foreign(key=key) for key in groups]
        return Comparison(missing=tuple(missing), surplus=tuple(surplus), conflicts=tuple(conflicts))

    def finished(self, found: Found) -> bool:
        """This function will say whether nothing is left to do: every line once, and ready or posted."""
        if not self.compare(found.lines).complete:
            return False
        if found.header is None:
            return found.posted and bool(self.wanted)
        return self.ours(found.header) and (found.posted or self.setup.is_ready(found.header))

    def receipt(self, *, found: Found, route: str) -> Receipt:
        """This function will make the receipt of a finished document."""
        known = found.header.number if found.header else self.document.erp_number
        return Receipt(
            number=self.document.number,
            route=route,
            lines=len(found.lines),
            total=sum((line.amount for line in found.lines), Decimal(0)),
            erp_number=known if known != self.document.number else "",
        )


def by_key(lines: Iterable[Line]) -> dict[ErpKey, list[Line]]:
    """This function will group lines by their budget code."""
    groups: dict[ErpKey, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.key, []).append(line)
    return groups


def _differs(*, wanted: Wanted, found: Decimal) -> Finding:
    said = f"CMiC has {found} for {wanted.label}, we sent {wanted.delta}; correct it there or withdraw it."
    return Finding(code="amount_differs", message=said, refs=wanted.refs, field="amount")


def _foreign(*, key: ErpKey) -> Finding:
    said = f"Line {key.cost_code}/{key.cost_type}@{key.job} in CMiC is not ours; remove it there."
    return Finding(code="foreign_line", message=said)
