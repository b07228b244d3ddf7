"""What a look at an ERP found, as plain rows: kept on the connection, shown on its page, printed by erp_check."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from erp.port import CheckItem, CheckState

Row = Mapping[str, object]
# How people see a state: the word, and the tone of its mark on a page.
SHOWN = {
    CheckState.OK: ("ok", "good"),
    CheckState.MISSING: ("missing", "bad"),
    CheckState.OFF: ("off", ""),
    CheckState.UNKNOWN: ("confirm", "warn"),
    CheckState.INFO: ("note", ""),
}


@dataclass(frozen=True)
class Line:
    """One row as people see it."""

    word: str
    tone: str
    sentence: str


def rows(items: Iterable[CheckItem]) -> list[dict[str, object]]:
    """This function will return the items as rows for JSON: area, state, sentence, candidates."""
    return [
        {
            "area": item.area,
            "state": item.state.value,
            "sentence": item.sentence,
            "candidates": list(item.candidates),
        }
        for item in items
    ]


def missing(items: Iterable[CheckItem]) -> list[str]:
    """This function will return the sentences of what stands in the way of sending."""
    return [item.sentence for item in items if item.state is CheckState.MISSING]


def by_area(found: Iterable[Row]) -> list[tuple[str, list[Line]]]:
    """This function will group rows by their area, areas and rows in the order in which they first come."""
    areas: dict[str, list[Line]] = {}
    for row in found:
        line = Line(*SHOWN[CheckState(str(row["state"]))], str(row["sentence"]))
        areas.setdefault(str(row["area"]), []).append(line)
    return list(areas.items())


def in_short(found: Iterable[Row]) -> str:
    """This function will say how many are missing and how many a person must confirm, as one phrase."""
    states = [row["state"] for row in found]
    lacking, open_ones = (states.count(state) for state in (CheckState.MISSING, CheckState.UNKNOWN))
    return f"{lacking or 'nothing'} missing, {open_ones or 'nothing'} to confirm by hand"
