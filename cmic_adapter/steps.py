"""The stable keys of every write the adapter makes, as the journal keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from cmic_adapter.document import moved, wanted_of
from erp.port import ErpDocument


class Step(StrEnum):
    """One kind of write. Steps of a line carry its budget code: `line:03-100/L@2401`."""

    HEADER = "header"
    ASSIGN = "assign"
    LINE = "line"
    SURPLUS = "surplus"
    READY = "ready"
    STAGING = "staging"
    AMOUNT = "amount"
    RESTORE = "restore"
    REMOVE_LINE = "remove_line"
    REMOVE_HEADER = "remove_header"

    def of(self, label: str) -> str:
        """This function will return the key of this step for one budget code."""
        return f"{self.value}:{label}"


def lines_there(document: ErpDocument, steps: Sequence[str]) -> tuple[int, int]:
    """This function will count the lines that writes, in their order, have left in CMiC, and all there shall be."""
    there: set[str] = set()
    by_amount = False
    for kind, _, label in (step.partition(":") for step in steps):
        if kind in (Step.LINE, Step.AMOUNT):
            by_amount = by_amount or kind == Step.AMOUNT
            there.add(label)
        elif kind in (Step.REMOVE_LINE, Step.RESTORE):
            there.discard(label)
        elif kind == Step.REMOVE_HEADER:
            there.clear()
    wanted = {one.label for one in (wanted_of(document) if by_amount else moved(document)).values()}
    return len(there & wanted), len(wanted)
