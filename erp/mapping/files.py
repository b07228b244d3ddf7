"""The table as a CSV file: written so that it can be read back, and read with an error for each row that cannot be.

Columns: kind, code, name, erp_code, erp_name, means. Reading a file that was just written changes nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from budgets.files.cells import FORMULA_STARTS
from budgets.files.workbooks import Unreadable, grid
from erp.mapping.models import MappingKind
from erp.mapping.resolving import Means
from erp.mapping.settling import did_you_mean
from erp.mapping.state import Edit, Standing

HINTS = 20  # errors that are told with a guess: each is compared with every code of the ERP
COLUMNS = ("kind", "code", "name", "erp_code", "erp_name", "means")
KINDS = {
    "": MappingKind.COST_CODE,
    **{kind.label: kind for kind in MappingKind},
    **{k.value: k for k in MappingKind},
}


@dataclass(frozen=True)
class RowError:
    """What is wrong with a row, counted as a spreadsheet does, and what to do."""

    row: int
    message: str

    def __str__(self) -> str:
        return f"Row {self.row}: {self.message}"


@dataclass
class Imported:
    """What a file asks for: rows of the table by kind, and codes that would become ours."""

    table: dict[str, dict[str, str]] = field(
        default_factory=lambda: {kind: {} for kind in MappingKind.values}
    )
    adds: dict[str, str] = field(default_factory=dict)
    errors: list[RowError] = field(default_factory=list)

    @property
    def edits(self) -> list[Edit]:
        """The same as edits."""
        return [Edit(kind, table=rows) for kind, rows in self.table.items() if rows]


def written(standings: Iterable[Standing], names: dict[str, dict[str, str]]) -> str:
    """This function will write every code of ours and where it leads. `names` are the ERP's names by kind and code."""
    out = io.StringIO()
    file = csv.writer(out)
    file.writerow(COLUMNS)
    for standing in standings:
        kind = standing.side.kind
        for pk, (code, name) in sorted(standing.ours.items(), key=lambda item: item[1][0]):
            link = standing.links.get(pk)
            target = link.target if link else ""
            row = (kind.label, code, name, target, names[kind].get(target, ""), link.means if link else "")
            file.writerow([_kept_from_running(text) for text in row])
    return out.getvalue()


def _kept_from_running(text: str) -> str:
    """A spreadsheet would run what begins like a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def read(data: bytes, standings: dict[str, Standing], *, add_new: bool) -> Imported:
    """This function will read a file (or pasted rows) into edits. Raises Unreadable where it is of no use as a whole.

    A row whose code leads there already by other means is left as it is; an empty erp_code takes a row out of the
    table. With `add_new` codes that are not ours become ours.
    """
    cells = grid(data=data)
    header = [text_of(cell).strip().casefold().replace(" ", "_") for cell in cells[0]]
    missing = [name for name in ("code", "erp_code") if name not in header]
    if missing:
        raise Unreadable(
            f"The first row names the columns; {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing. "
            "Export the table to see the columns."
        )
    imported, first = Imported(), dict[tuple[str, str], int]()
    for number, row in enumerate(cells[1:], start=2):
        values = {name: text_of(row[place]) if place < len(row) else "" for place, name in enumerate(header)}
        if any(values.values()):
            _read_row(number, values, standings, imported, first, add_new=add_new)
    return imported


def _read_row(
    number: int,
    values: dict[str, str],
    standings: dict[str, Standing],
    imported: Imported,
    first: dict[tuple[str, str], int],
    *,
    add_new: bool,
) -> None:
    code, target = values["code"], values["erp_code"]
    kind = KINDS.get(values.get("kind", "").strip().casefold().replace("_", " "))
    said = ""
    if kind is None:
        said = f"{values['kind']!r} is no kind. Write cost code or cost type."
    elif not code:
        said = "The code is empty. Fill it in, or take the row out."
    elif (kind, code) in first:
        said = f"{code} is in row {first[kind, code]} already. One code cannot lead to two: keep one of them."
    else:
        first[kind, code] = number
        said = _wanted(standings[kind], code, target, values.get("name", ""), imported, add_new=add_new)
    if said:
        imported.errors.append(RowError(number, said))


def _wanted(
    standing: Standing, code: str, target: str, name: str, imported: Imported, *, add_new: bool
) -> str:
    """Put one row among what is wanted; a sentence where that cannot be."""
    kind, words = standing.side.kind, standing.side.kind.label
    pk = standing.ids.get(code)
    if target and target not in standing.theirs:
        hint = did_you_mean(target, standing) if len(imported.errors) < HINTS else ""
        return f"The ERP has no {words} {target} as last read{hint}."
    if pk is None:
        if kind == MappingKind.COST_TYPE or not add_new:
            tick = (
                ""
                if kind == MappingKind.COST_TYPE
                else " Correct it, or tick “Add codes that are not ours yet”."
            )
            return f"{code} is none of our {words}s.{tick}"
        if not target:
            return f"{code} is new and leads nowhere. Give its erp_code, or take the row out."
        imported.adds[code] = name
        imported.table[kind][code] = target
        return ""
    link = standing.links.get(pk)
    if target and (link is None or link.target != target):
        imported.table[kind][code] = target
    elif not target and link is not None and link.means == Means.TABLE:
        imported.table[kind][code] = ""
    return ""


def text_of(cell: Any) -> str:
    """This function will read a cell as text; what our own export put before a formula is taken off."""
    text = f"{cell:.0f}" if isinstance(cell, float) and cell.is_integer() else str(cell)
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_STARTS) else text
