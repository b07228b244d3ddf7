"""What is new in a budget, and the documents that carry it. Pure: no database, no network, no clock.

The rules are the specification's: an original line carries target, base and delta; base is what was last posted for it,
or, as long as nothing of the budget was posted and the job is started, what the ERP holds.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from erp.port import DocumentKind, ErpDocument, ErpKey

ZERO = Decimal("0.00")

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class OriginalLine:
    """What the original document says of one line: company currency, 2 places; delta = target - base."""

    line_id: int
    target: Decimal
    base: Decimal

    @property
    def delta(self) -> Decimal:
        """The signed change."""
        return self.target - self.base


def original_lines(
    amounts: Iterable[tuple[int, Decimal]], posted: Mapping[int, Decimal]
) -> list[OriginalLine]:
    """This function will find the originals to send.

    `amounts` are (line id, original) in order, `posted` the target last posted by line id. Before the first posting
    every line goes, also at 0.00; afterwards the new and the changed ones.
    """
    lines = [OriginalLine(key, amount, posted.get(key, ZERO)) for key, amount in amounts]
    return [line for line in lines if not posted or line.delta or line.line_id not in posted]


def bases_in_erp(lines: Iterable[tuple[int, ErpKey]], held: Mapping[ErpKey, Decimal]) -> dict[int, Decimal]:
    """This function will spread what the ERP holds over our lines, by line id.

    Several lines may be one budget code of the ERP: the first carries the amount, so that their sum is the ERP's.
    """
    left = dict(held)
    return {line_id: left.pop(key, ZERO) for line_id, key in lines}


def mint_number(prefix: str) -> str:
    """This function will mint a document number: the installation's prefix and 8 random Crockford base-32 characters.

    Random and not a sequence: a restored backup must not mint numbers that the ERP already has.
    """
    return prefix + "".join(secrets.choice(CROCKFORD) for _ in range(8))


def content_hash(
    *, kind: DocumentKind, company: str, job: str, title: str, day: date, lines: Iterable[object]
) -> str:
    """This function will hash a neutral snapshot (hex SHA-256). `lines` are JSON-ready rows; Decimals as strings."""
    said = [kind.value, company, job, title, day.isoformat(), list(lines)]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, default=str).encode()).hexdigest()


def nets_to_nothing(document: ErpDocument) -> bool:
    """This function will tell whether a document changes no budget code of the ERP once its lines are summed."""
    sums: dict[ErpKey, Decimal] = {}
    for line in document.lines:
        sums[line.key] = sums.get(line.key, ZERO) + line.delta
    return not any(sums.values())
