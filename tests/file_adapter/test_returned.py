"""What accountants return: a form that is understood whole, or a sentence with the row and what to do."""

import io
import os
import zipfile
from datetime import date
from decimal import Decimal

import pytest
import xlsxwriter

from erp.port import ErpDocument, ErpKey, Posting, PostingState, WithdrawState
from erp.testing.tenant import Diary
from tests.file_adapter.folder import COMPANY, STARTED, Folder


def posting(folder: Folder, document: ErpDocument) -> Posting:
    return folder.backend().postings([document])[0]


def problems(folder: Folder, document: ErpDocument) -> str:
    """What is said of a form that decides nothing."""
    seen = posting(folder, document)
    assert (seen.state, seen.differences, seen.posted_on) == (PostingState.INDETERMINATE, (), None)
    assert seen.evidence["file"] == f"{COMPANY}/returned/{document.number}.csv"
    return str(seen.evidence["note"])


def test_a_form_returned_as_posted_is_posted_on_its_day(folder, handed_over):
    folder.post(handed_over, on=date(2026, 11, 23))
    seen = posting(folder, handed_over)
    assert (seen.state, seen.posted_on) == (PostingState.POSTED, date(2026, 11, 23))
    assert seen.evidence["lines"][0] == [STARTED, "01-100", "L", "-250.00"]


def test_other_amounts_are_told_line_by_line(folder, handed_over):
    def fill(rows: list[dict[str, str]]) -> None:
        rows[1].update({"Posted": "1,140.00", "Status": "Posted", "Posted on": "2026-11-23"})

    folder.fill_in(handed_over, fill)
    [difference] = posting(folder, handed_over).differences
    assert difference.key == ErpKey(STARTED, "02-100", "L")
    assert (difference.sent, difference.found) == (Decimal("150.00"), Decimal("1140.00"))


def test_the_xlsx_form_can_be_returned_as_it_is_with_a_date_cell_and_a_total_below(folder, handed_over):
    header, *rows = [list(folder.rows(handed_over)[0]), *(row.values() for row in folder.rows(handed_over))]
    path = folder.root / COMPANY / "returned" / f"{handed_over.number} (1).xlsx"
    path.parent.mkdir()
    book = xlsxwriter.Workbook(path)
    sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_string(0, 0, "A head for people")
    for place, row in enumerate([header, *rows], start=3):
        for column, cell in enumerate(row):
            number = place > 3 and header[column] in ("Change", "Posted")
            sheet.write_number(place, column, float(cell)) if number else sheet.write_string(
                place, column, cell
            )
    sheet.write_string(4, header.index("Status"), "posted")
    sheet.write_datetime(4, header.index("Posted on"), date(2026, 11, 23), day)
    sheet.write_formula(8, header.index("Posted"), "=SUM(L5:L7)", value=0.30000000000000004)
    book.close()
    seen = posting(folder, handed_over)
    assert (seen.state, seen.posted_on) == (PostingState.POSTED, date(2026, 11, 23))


BAD = {
    "Row 3, posted: 'about 150' is no amount. Write it like -1250.00.": (1, {"Posted": "about 150"}),
    "Row 3, posted: the amount is missing.": (1, {"Posted": ""}),
    "Row 3, posted: 150.001 is no amount: at most 2 decimals": (1, {"Posted": "150.001"}),
    "Row 4: 2401 03-999 L is no budget code of TB-TRANSFER.": (2, {"Cost code": "03-999"}),
    "Rows 2 and 4 are the same budget code 2401 01-100 L. Keep one.": (2, {"Cost code": "01-100"}),
    "Row 3, status: 'done' is neither posted nor rejected.": (1, {"Status": "done"}),
    "Row 2 says posted and row 3 says rejected.": (1, {"Status": "rejected"}),
    "Row 2, posted on: '11/23/2026' is no day. Write it like 2026-11-23.": (0, {"Posted on": "11/23/2026"}),
    "Row 2 says posted on 2026-11-23 and row 4 says 2026-11-24. Keep one day.": (
        2,
        {"Posted on": "2026-11-24"},
    ),
    "No row has a day. Write the day of posting into Posted on": (0, {"Posted on": ""}),
    "No row has a status. Write posted or rejected": (0, {"Status": ""}),
    "Row 3, number: TB-OTHER000 is in the form of TB-TRANSFER.": (1, {"Number": "TB-OTHER000"}),
}


@pytest.mark.parametrize("said", BAD)
def test_a_mistake_is_named_with_its_row_and_nothing_of_the_form_counts(folder, handed_over, said):
    place, change = BAD[said]

    def fill(rows: list[dict[str, str]]) -> None:
        rows[0].update({"Status": "posted", "Posted on": "2026-11-23"})
        rows[place].update(change)

    folder.fill_in(handed_over, fill)
    assert said in problems(folder, handed_over)


def test_a_row_that_is_missing_is_named(folder, handed_over):
    folder.post(handed_over, on=date(2026, 11, 23))
    folder.fill_in(
        handed_over,
        lambda rows: (rows.pop(), rows[0].update({"Status": "posted", "Posted on": "2026-11-23"})),
    )
    assert "1 of 3 budget codes are missing, e.g. 2401 03-100 L. Add their rows." in problems(
        folder, handed_over
    )


def test_leading_zeros_that_a_spreadsheet_took_off_are_recognised_and_not_guessed(folder):
    key = next(key for key in folder.keys if key.cost_code == "0010")
    document = folder.modification((key, "5.00"))
    folder.backend().push(document, Diary())
    folder.fill_in(
        document,
        lambda rows: rows[0].update({"Cost code": "10", "Status": "posted", "Posted on": "2026-11-23"}),
    )
    said = problems(folder, document)
    assert "did you mean 2401 0010 L? A spreadsheet that opens a CSV takes leading zeros off" in said


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04 cut", b"just a note", b'"open,quote\n', bytes(range(256)) * 9]
)
def test_what_is_no_form_at_all_decides_nothing(folder, handed_over, data):
    folder.post(handed_over, on=date(2026, 11, 23))
    (folder.root / COMPANY / "returned" / f"{handed_over.number}.csv").write_bytes(data)
    assert problems(folder, handed_over)


ROW, PLACE = b"</sheetData>", b'r="A1"'
BURSTING = {
    "one far cell": (PLACE, b'r="XFD1048576"'),
    "a far row": (ROW, b'<row r="1048000"><c r="Z1048000"><v>1</v></c></row></sheetData>'),
    "cells that say no place": (
        ROW,
        b'<row r="900000">' + b"<c><v>1</v></c>" * 16_000 + b"</row></sheetData>",
    ),
}


@pytest.mark.parametrize("burst", BURSTING)
def test_a_form_whose_cells_reach_too_far_ends_no_worker(folder, handed_over, burst):
    good, bursting = io.BytesIO(), io.BytesIO()
    with xlsxwriter.Workbook(good, {"in_memory": True}) as book:
        book.add_worksheet().write_string(0, 0, "Number")
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bursting, "w", zipfile.ZIP_DEFLATED) as out:
        for name in source.namelist():
            out.writestr(name, source.read(name).replace(*BURSTING[burst]))
    path = folder.root / COMPANY / "returned" / f"{handed_over.number}.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(bursting.getvalue())
    assert "Delete the empty rows and columns outside the table" in problems(folder, handed_over)


def test_a_form_that_never_ends_is_not_read_to_its_end(folder, handed_over):
    path = folder.root / COMPANY / "returned" / f"{handed_over.number}.csv"
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        file.truncate(2**40)  # a terabyte of nothing
    assert "It is larger than 25 MB." in problems(folder, handed_over)


def test_two_forms_of_one_document_decide_nothing(folder, handed_over):
    path = folder.fill_in(handed_over, lambda rows: rows[0].update({"Status": "rejected"}))
    path.with_name(f"{handed_over.number} (2).csv").write_bytes(path.read_bytes())
    seen = posting(folder, handed_over)
    assert seen.state is PostingState.INDETERMINATE
    assert "Leave one of them." in seen.evidence["note"]


def test_what_was_repaired_counts_at_the_next_look(folder, handed_over):
    folder.blur(handed_over)
    assert posting(folder, handed_over).state is PostingState.INDETERMINATE
    folder.post(handed_over, on=date(2026, 11, 23))
    assert posting(folder, handed_over).state is PostingState.POSTED


def test_a_form_stands_also_after_the_papers_were_cleared_away(folder, handed_over):
    folder.post(handed_over, on=date(2026, 11, 23))
    folder.remove(handed_over)
    assert posting(folder, handed_over).state is PostingState.POSTED
    assert folder.backend().find(handed_over) is not None


def test_what_was_posted_is_in_the_budget_until_the_next_export_has_it(folder, handed_over):
    def held(code: str) -> Decimal:
        rows = folder.backend().reading(folder.company, [STARTED]).rows
        return next((row.current for row in rows if row.key.cost_code == code), Decimal(0))

    assert held("01-100") == Decimal("1000.00")
    folder.post(handed_over, on=date(2026, 11, 23))
    later(folder, "returned", handed_over.number)
    assert (held("01-100"), held("02-100")) == (Decimal("750.00"), Decimal("150.00"))
    export = folder.export(
        "budget",
        ["job", "cost_code", "cost_type", "original", "current"],
        [STARTED, "01-100", "L", "1000", "750"],
    )
    touch(export, 20)
    assert (held("01-100"), held("02-100")) == (Decimal("750.00"), Decimal("0"))


def test_what_was_posted_is_in_the_budget_also_under_the_name_of_a_copy(folder, handed_over):
    folder.take(handed_over)
    folder.post(handed_over, on=date(2026, 11, 23))
    for kind, name in (("taken", handed_over.number), ("returned", f"{handed_over.number}.csv")):
        path = folder.root / COMPANY / kind / name
        touch(path.rename(path.with_stem(f"{path.stem} (1)")), 10)
    assert posting(folder, handed_over).state is PostingState.POSTED
    rows = folder.backend().reading(folder.company, [STARTED]).rows
    assert {row.key.cost_code: row.current for row in rows}["01-100"] == Decimal("750.00")


def later(folder: Folder, kind: str, number: str) -> None:
    touch(folder.root / COMPANY / kind / f"{number}.csv", 10)


def touch(path, seconds: int) -> None:
    """Let a file be that many seconds younger than the first export."""
    os.utime(path, (2_000_000_000 + seconds, 2_000_000_000 + seconds))


# -- taking it back ------------------------------------------------------------------------------------------


def test_papers_nobody_has_taken_are_moved_aside(folder, handed_over):
    assert folder.backend().withdraw(handed_over, Diary()).state is WithdrawState.WITHDRAWN
    assert folder.place("withdrawn", handed_over).is_dir()


def test_taken_papers_are_left_and_the_facts_are_put_before_a_person(folder, handed_over):
    folder.take(handed_over)
    outcome = folder.backend().withdraw(handed_over, Diary())
    assert outcome.state is WithdrawState.CONFLICT
    assert (
        "An accountant has TB-TRANSFER: it lies in taken as TB-TRANSFER. Ask whether it was entered."
        in outcome.note
    )
    assert posting(folder, handed_over).evidence["taken"] is True


def test_once_the_person_says_it_was_not_entered_it_is_taken_back(folder, handed_over):
    folder.take(handed_over)
    folder.reject(handed_over)
    assert folder.backend().withdraw(handed_over, Diary()).state is WithdrawState.WITHDRAWN


def test_an_accountant_who_is_quicker_than_the_withdrawal_keeps_it(folder, handed_over):
    class Quick(Diary):
        def before(self, **told: str) -> None:
            if not self.told_before:
                folder.take(handed_over)
            super().before(**told)

    diary = Quick()
    assert folder.backend().withdraw(handed_over, diary).state is WithdrawState.CONFLICT
    assert [told["outcome"] for told in diary.told_after] == ["refused"]
    assert folder.place("taken", handed_over).is_dir()


def test_a_form_that_cannot_be_read_keeps_the_papers_where_they_are(folder, handed_over):
    folder.blur(handed_over)
    outcome = folder.backend().withdraw(handed_over, Diary())
    assert (outcome.state, "cannot be read" in outcome.note) == (WithdrawState.CONFLICT, True)
