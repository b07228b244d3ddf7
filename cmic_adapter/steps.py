"""The stable keys of every write the adapter makes, as the journal keeps them."""

from __future__ import annotations

from enum import StrEnum


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
