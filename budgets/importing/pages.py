"""What the preview page of an import shows: groups as chips with counts, and the rows of the one looked at."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import HttpRequest

from budgets.importing import preview as import_preview
from budgets.importing.models import StagedImport

FIRST = 50  # rows of a group that are shown before "show all"
NAMES = {
    "errors": "Errors",
    "unknown": "Unknown codes",
    "new": "New",
    "changed": "Changed",
    "missing": "Only in the budget",
    "unchanged": "Unchanged",
}


@dataclass(frozen=True)
class Group:
    """One group of a preview with the rows that are shown of it."""

    key: str
    name: str
    count: int
    rows: list[dict[str, Any]]
    sum: Decimal | None

    @property
    def more(self) -> int:
        """How many rows are not shown."""
        return self.count - len(self.rows)


def preview(request: HttpRequest, staged: StagedImport) -> dict[str, Any]:
    """This function will gather what the preview page shows: everything, or one group with all its rows."""
    shown = import_preview.unpack(staged.preview)
    asked = request.GET.get("show", "")
    groups = [_group(shown, key, whole=key == asked) for key in import_preview.GROUPS if shown["groups"][key]]
    counts, sums = shown["counts"], {name: Decimal(value) for name, value in shown["sums"].items()}
    return {
        "asked": asked if asked in NAMES else "",
        "chips": [(group.key, group.name, group.count) for group in groups],
        "groups": [group for group in groups if asked in ("", group.key) or asked not in NAMES],
        "counts": counts,
        "sums": sums,
        "removable": shown["removable"],
        "nothing_goes": shown.get("nothing_goes", ""),
        "ignored": shown["ignored"],
        "certain": shown["certain"],
        "comma": shown["comma"],
        "good": counts["new"] + counts["changed"] + counts["unchanged"],
        "something": bool(counts["new"] + counts["changed"] + shown["removable"]),
        "fixes": [
            (field, old, new)
            for field, values in staged.layout.get("fixes", {}).items()
            for old, new in values.items()
        ],
        "as_last_time": staged.choices.get("as_last_time", False),
    }


def _group(shown: dict[str, Any], key: str, *, whole: bool) -> Group:
    rows = shown["groups"][key]
    total = shown["sums"].get(key)
    first = rows if whole else rows[:FIRST]
    readable = [row | {"amount": Decimal(row["amount"])} if "amount" in row else row for row in first]
    return Group(key, NAMES[key], len(rows), readable, None if total is None else Decimal(total))
