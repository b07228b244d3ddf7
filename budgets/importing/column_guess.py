"""What the columns of a file that was brought may be: as its person chose them last time, else as they look."""

from __future__ import annotations

from dataclasses import replace

from budgets.files import layouts
from budgets.files.spreadsheets import Unreadable
from budgets.files.workbooks import Cells, read_cells
from budgets.importing.models import ImportKind, ImportState, RememberedColumns, StagedImport
from budgets.importing.plan import Codes

MOST_SHEETS = 6  # that are looked through for one with known names


def settle_layout(staged: StagedImport, cells: Cells) -> None:
    """This function will guess the columns, as last time if it can; the state says whether a person has to look.

    Raises Unreadable.
    """
    cells = _understood(staged, cells)
    if not cells.rows:
        raise Unreadable("The file is empty.")
    known = Codes(staged.budget.project).by_field()
    layout = layouts.guess(
        cells.rows, known=known, with_header=staged.kind == ImportKind.FILE, sheet=cells.sheet
    )
    names = layouts.names_of(cells.rows, layout.header)
    last = remembered(staged, names)
    if last:
        layout = replace(layout, columns=last.columns, decimals=last.decimals)
        staged.choices = {**staged.choices, "as_last_time": True}
    staged.layout = layout.as_json()
    sure = not layouts.problems(names, layout.columns) and (last or not layouts.doubled(names))
    named = layout.header is None or set(layouts.understood(names)) >= {"cost_code", "cost_type"}
    staged.state = ImportState.READING if sure and (named or last) else ImportState.COLUMNS


def _understood(staged: StagedImport, cells: Cells) -> Cells:
    """The first sheet with names that are known, else the one given; cover sheets and notes often come first."""
    if layouts.header_of(cells.rows) is not None:
        return cells
    for place in range(1, min(len(cells.sheets), MOST_SHEETS)):
        other = read_cells(data=bytes(staged.content), sheet=place)
        if layouts.header_of(other.rows) is not None:
            return other
    return cells


def remembered(staged: StagedImport, names: list[str]) -> RememberedColumns | None:
    """This function will find what the person last chose in this company for columns of these names."""
    rows = RememberedColumns.objects.filter(user=staged.user, company=staged.budget.project.company_id)
    found = rows.filter(fingerprint=layouts.fingerprint(names)).first()
    return found if found and all(place < len(names) for place in found.columns.values()) else None
