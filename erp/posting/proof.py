"""The evidence for a posting as people read it: facts with a label, and the amounts line by line.

A backend may keep what it likes as evidence; what has no words here is shown under its own name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.formats import date_format

from workflow.templatetags.figures import plain_money

LABELS = {
    "posted_on": "Posting date",
    "status": "Status",
    "number": "Number",
    "name": "Name",
    "posted": "Marked as posted",
    "still_unposted": "Lines on the list of unposted ones",
    "job_visible": "Job visible",
    "job_status": "Job",
    "note": "Note",
    "found": "Found",
    "seen": "Seen",
    "sha256": "SHA-256",
}
ELSEWHERE = {"confirmed_by_hand"}  # shown with the person's name


@dataclass(frozen=True)
class Evidence:
    """What proves a posting: (label, words), and (line, amount, whether it counts; None: not said)."""

    facts: tuple[tuple[str, str], ...]
    lines: tuple[tuple[str, str, bool | None], ...]

    def __bool__(self) -> bool:
        return bool(self.facts or self.lines)


def evidence_of(kept: Mapping[str, Any]) -> Evidence:
    """This function will put kept evidence into words."""
    return Evidence(tuple(_facts(kept)), tuple(_lines(kept)))


def _facts(kept: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in kept.items():
        if key in ELSEWHERE or key in ("lines", "amounts"):
            continue
        if isinstance(value, Mapping):
            yield from _facts(value)
        elif value is not None and value not in ("", []):
            yield LABELS.get(key, key.replace("_", " ").capitalize()), _words(key, value)


def _words(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if key == "still_unposted" and value == 0:
        return "none"
    if isinstance(value, list):
        return "; ".join(str(one) for one in value)
    return _written_day(str(value))


def _written_day(text: str) -> str:
    """A day as every page writes it, where the text is one."""
    try:
        return date_format(date.fromisoformat(text)) if len(text) == len("2026-11-14") else text
    except ValueError:
        return text


def _written_amount(value: Any) -> str:
    """An amount as every page writes it, where it is one."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    return plain_money(amount) if amount.is_finite() else str(value)


def _lines(kept: Mapping[str, Any]) -> Iterator[tuple[str, str, bool | None]]:
    lines, amounts = kept.get("lines"), kept.get("amounts")
    for row in lines if isinstance(lines, list) else ():
        if isinstance(row, Mapping):
            yield str(row.get("line", "")), _written_amount(row.get("amount", "")), row.get("posted")
        elif isinstance(row, list):
            yield " ".join(str(cell) for cell in row[:-1]), _written_amount(row[-1]) if row else "", None
    for line, amount in amounts.items() if isinstance(amounts, Mapping) else ():
        yield str(line), _written_amount(amount), None
