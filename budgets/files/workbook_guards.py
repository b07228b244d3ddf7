"""What is looked at before a workbook is unpacked: how large it really is, and how far its cells reach.

Pure. A sheet is read into a rectangle: one cell at XFD1048576 alone would ask for 17 billion cells.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

MEGABYTE = 1024 * 1024
LARGEST_UNPACKED = 100 * MEGABYTE
MOST_ROWS = 20_000
MOST_COLUMNS = 60
MOST_MEMBERS = 2_000  # files in the archive; a workbook has a dozen
CHUNK = 1024 * 1024

# Where a cell or row says it is, as far as that may be too far: from column BA or row 10,000 on.
FAR = re.compile(
    rb"""\br\s*=\s*["'](?=[A-Za-z]{3}|[B-Zb-z][A-Za-z]|[A-Za-z]{0,8}[0-9]{5})([A-Za-z]{0,8})([0-9]{1,12})["']"""
)
UNPLACED = re.compile(rb"<(?:\w{1,20}:)?c(?=[\s/>])(?!\s+r\s*=)")  # a cell that does not begin with its place
TAG = re.compile(rb"<(?:\w{1,20}:)?(row|c)[\s/>]")
LARGEST_REPEATED = 300 * MEGABYTE  # of one text that many cells share
LONGEST_PLACE = 40  # bytes that two chunks overlap, so that no place is cut in half
ENTITIES = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)


class Unreadable(Exception):
    """The file as a whole cannot be read: says why and what to do."""


def refuse_bombs(data: bytes) -> None:
    """This function will unpack a workbook to count, never trusting the sizes it claims. Raises Unreadable."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if len(members) > MOST_MEMBERS:
            raise Unreadable(
                "The workbook holds thousands of files. Save it again as .xlsx from a spreadsheet."
            )
        _refuse_other_kinds({info.filename.lower() for info in members})
        if sum(info.file_size for info in members) > LARGEST_UNPACKED:
            raise _too_large()
        seen = _Seen()
        for info in members:
            if info.flag_bits & 1:
                raise Unreadable("The workbook is encrypted. Save it without a password.")
            _look_through(archive, info, seen)
        if seen.cells * seen.longest_text > LARGEST_REPEATED:
            raise Unreadable(
                f"The workbook has a text of {seen.longest_text:,} characters, which its {seen.cells:,} cells could "
                "all repeat. Shorten it."
            )


@dataclass
class _Seen:
    """What was counted in a workbook so far."""

    unpacked: int = 0
    cells: int = 0
    longest_text: int = 0  # among the texts that cells share by number


def _refuse_other_kinds(names: set[str]) -> None:
    """The reader knows more kinds of workbooks than are guarded here: those repeat cells by the million."""
    if any(name.endswith(("content.xml", "workbook.bin")) for name in names):
        raise Unreadable("This is an OpenDocument or binary workbook. Save it as .xlsx.")


def _look_through(archive: zipfile.ZipFile, info: zipfile.ZipInfo, seen: _Seen) -> None:
    """Count one file of the archive, and refuse what reaches too far."""
    sheet, texts = "worksheets/" in info.filename.lower(), False  # either may lie under any name
    width, rows, text = 0, 0, 0
    for place, piece in enumerate(_unpacked(archive, info)):
        seen.unpacked += len(piece)
        if seen.unpacked > LARGEST_UNPACKED:
            raise _too_large()
        if place == 0 and ENTITIES.search(piece[:4096].replace(b"\0", b"")):
            raise Unreadable(
                "The workbook defines XML entities, which no spreadsheet does. Save it again as .xlsx."
            )
        sheet = sheet or b"sheetData" in piece
        texts = texts or b"<sst" in piece or b":sst" in piece
        if sheet:
            _refuse_far_cells(piece)
            rows = _refuse_many_rows(piece, rows)
            width = _refuse_wide_rows(piece, width)
            seen.cells += piece.count(b"<c ") + piece.count(b":c ") + piece.count(b"c>") // 2
        if texts:
            first, *others = map(len, piece.split(b"si>"))
            seen.longest_text = max(seen.longest_text, text + first, *others, 0)
            text = others[-1] if others else text + first


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield what a member really holds, each piece with the end of the one before."""
    info.file_size = LARGEST_UNPACKED + 1  # else reading would end where the file claims to end
    tail = b""
    with archive.open(info) as member:
        while piece := member.read(CHUNK):
            yield tail + piece
            tail = piece[-LONGEST_PLACE:]


def _too_large() -> Unreadable:
    return Unreadable(f"Unpacked, the workbook is larger than {LARGEST_UNPACKED // MEGABYTE} MB. Split it.")


def _refuse_far_cells(piece: bytes) -> None:
    for found in FAR.finditer(piece):
        refuse_far_cell(found[1], int(found[2]))


def refuse_far_cell(letters: bytes, row: int) -> None:
    """This function will refuse a cell outside of what is read, rows counted from 1. Raises Unreadable."""
    if row > MOST_ROWS + 1 or column_number(letters) > MOST_COLUMNS:
        raise Unreadable(
            f"The sheet reaches to {letters.decode()}{row}; at most {MOST_ROWS:,} rows and {MOST_COLUMNS} columns "
            "are read. Delete what stands outside, also empty rows and columns with a format."
        )


def _refuse_many_rows(piece: bytes, rows: int) -> int:
    """Count rows, which need not say their number either. Returns how many the sheet has so far."""
    rows += piece.count(b"<row") + piece.count(b":row")
    if rows > 2 * MOST_ROWS + LONGEST_PLACE:  # a row with a prefix is counted where it ends, too
        raise Unreadable(f"The file has more than {MOST_ROWS:,} rows. Split it.")
    return rows


def _refuse_wide_rows(piece: bytes, width: int) -> int:
    """Count cells that say no place: they stand one beside the other. Returns how many the row has that goes on."""
    if not UNPLACED.search(piece):
        return 0
    for tag in TAG.finditer(piece):
        width = 0 if tag[1] == b"row" else width + 1
        if width > MOST_COLUMNS + LONGEST_PLACE:  # what two pieces share is counted twice
            raise Unreadable(
                f"A row has more than {MOST_COLUMNS} cells. Take out the columns that are not needed."
            )
    return width


def column_number(letters: bytes) -> int:
    """This function will count a column's letters: A is 1, Z 26, AA 27; 0 for none."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
