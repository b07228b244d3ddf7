"""Old Excel files (.xls), read by a process of their own: whatever such a file claims, it costs that process alone.

The process gets the file on its input, may use so much memory and time, and answers with JSON. What goes wrong in it -
no memory, a loop, a crash of the reader - is a sentence here.
"""

from __future__ import annotations

import datetime
import io
import json
import subprocess
import sys
import zipfile
from typing import Any

from budgets.files.workbook_guards import MEGABYTE, MOST_COLUMNS, MOST_ROWS, Unreadable

MEMORY = 400 * MEGABYTE
SECONDS = 20

READER = """
import io, json, sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
except ImportError:
    pass  # not on Windows
from python_calamine import CalamineWorkbook

def plain(cell):
    return cell if isinstance(cell, (str, float, int, bool)) else {"date": str(cell)}

book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
sheet = book.get_sheet_by_index(int(sys.argv[1])) if book.sheet_names else None
end = sheet.end if sheet else None
far = bool(end) and (end[0] > int(sys.argv[2]) or end[1] >= int(sys.argv[3]))
rows = [] if far or not end else sheet.to_python(skip_empty_area=False)
json.dump({
    "sheets": book.sheet_names,
    "far": far and f"row {end[0] + 1}, column {end[1] + 1}",
    "rows": [[plain(cell) for cell in row] for row in rows],
    "merged": (sheet.merged_cell_ranges or []) if sheet else [],
}, sys.stdout)
"""


def read(data: bytes, *, sheet: int) -> tuple[list[str], list[list[Any]], list[Any]]:
    """This function will read one sheet of an old workbook: names of all sheets, rows, merged ranges.

    Raises Unreadable.
    """
    if zipfile.is_zipfile(
        io.BytesIO(data)
    ):  # the reader would take it for what it is, past the guards for that
        raise Unreadable("This is no old Excel file, although it begins like one. Save it as .xlsx.")
    program = READER.replace("MEMORY", str(MEMORY)).replace("SECONDS", str(SECONDS))
    command = [sys.executable, "-I", "-c", program, str(sheet), str(MOST_ROWS), str(MOST_COLUMNS)]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=2 * SECONDS, check=False)
        if done.returncode:
            raise ValueError(done.returncode)
        told = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        raise Unreadable(
            "This old Excel file cannot be read: it is damaged, encrypted or far too large. Save it as .xlsx without a "
            "password."
        ) from None
    if told["far"]:
        raise Unreadable(
            f"The sheet reaches to {told['far']}; at most {MOST_ROWS:,} rows and {MOST_COLUMNS} columns are read. "
            "Delete what stands outside."
        )
    rows = [[_cell(cell) for cell in row] for row in told["rows"]]
    merged = [tuple(map(tuple, pair)) for pair in told["merged"]]
    return told["sheets"], rows, merged


def _cell(cell: Any) -> Any:
    if isinstance(cell, dict):
        return _date(cell["date"])
    return float(cell) if isinstance(cell, int) and not isinstance(cell, bool) else cell


def _date(text: str) -> Any:
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return datetime.timedelta()  # a time of day or a span: no budget has one, whatever it says
