"""What a spreadsheet of somebody else's program says, read exactly; what is wrong is named with its place."""

import datetime
import io
import zipfile
from decimal import Decimal
from typing import Any

import pytest
import xlsxwriter

from budgets.files.spreadsheets import Sheet, Unreadable, read

HEADER = ["cost_code", "cost_type", "amount"]


def csv(text: str, **options: Any) -> Sheet:
    return read(data=text.encode(options.get("encoding", "utf-8")))


def workbook(*rows: list[Any], text_columns: tuple[int, ...] = ()) -> bytes:
    """An XLSX file with these rows; a cell may be a (formula, value) pair."""
    stored = io.BytesIO()
    book = xlsxwriter.Workbook(stored)
    sheet = book.add_worksheet()
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for place, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, tuple):
                sheet.write_formula(place, column, cell[0], None, cell[1])
            elif isinstance(cell, datetime.date):
                sheet.write_datetime(place, column, cell, day)
            elif isinstance(cell, str):
                sheet.write_string(place, column, cell)
            else:
                sheet.write(place, column, cell)
    book.close()
    return stored.getvalue()


def xlsx(*rows: list[Any]) -> Sheet:
    return read(data=workbook(*rows))


def values(sheet: Sheet) -> list[dict[str, Any]]:
    assert sheet.errors == []
    return [row.values for row in sheet.rows]


def only_error(sheet: Sheet) -> tuple[int, str, str, str]:
    assert len(sheet.errors) == 1, sheet.errors
    error = sheet.errors[0]
    return error.row, error.column, error.value, error.message


# -- columns ------------------------------------------------------------------------------------------------


def test_columns_are_found_by_name_in_any_order_and_others_are_ignored():
    found = values(csv("Original Amount,UOM,notes,Phase Code,Qty,TYPE,Job\n12.50,CY,x,03-30-00,2,L,26-1\n"))
    assert found == [
        {
            "amount": Decimal("12.50"),
            "unit": "CY",
            "cost_code": "03-30-00",
            "quantity": Decimal("2.0000"),
            "cost_type": "L",
            "job": "26-1",
        }
    ]


def test_leading_zeros_case_and_inner_blanks_of_codes_are_kept():
    found = values(csv("code,type,amount\n0030-a B,l,1\n0030-A B,L,1\n"))
    assert [(row["cost_code"], row["cost_type"]) for row in found] == [("0030-a B", "l"), ("0030-A B", "L")]


def test_the_master_job_counts_where_a_row_has_no_job_of_its_own():
    found = values(csv("master_job,job,code,type,amount\n26-1,26-1-01,a,L,1\n26-1,,a,L,1\n"))
    assert [row["job"] for row in found] == ["26-1-01", "26-1"]


def test_a_missing_column_is_named_with_what_may_have_been_meant():
    with pytest.raises(Unreadable, match=r"No column for the cost type: .*Did you mean 'cost typ'"):
        csv("cost_code,cost typ,amount\na,L,1\n")
    with pytest.raises(Unreadable, match="No column for the amount"):
        csv("cost_code,cost_type,qty\na,L,1\n")


def test_two_columns_of_one_meaning_are_refused():
    with pytest.raises(Unreadable, match="'code' and 'Phase Code' both mean the cost code"):
        csv("code,Phase Code,type,amount\na,b,L,1\n")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_any_usual_delimiter_and_encoding_is_read(delimiter):
    text = delimiter.join(["cost_code", "cost_type", "amount", "description"]) + "\n"
    text += delimiter.join(["a", "L", "1", '"Größe, ""fein"""']) + "\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        assert values(csv(text, encoding=encoding))[0]["description"] == 'Größe, "fein"'


# -- numbers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ('"1,234.50"', "1234.50"),
        ("(12.00)", "-12.00"),
        ("$5", "5.00"),
        ("-0.01", "-0.01"),
        ("9999999999999.99", "9999999999999.99"),
        ("-0", "0.00"),
    ],
)
def test_amounts_as_people_write_them(text, amount):
    assert str(values(csv(f"code,type,amount\na,L,{text}\n"))[0]["amount"]) == amount


@pytest.mark.parametrize("text", ["1.005", "1e3", "NaN", "12,34", "1.234,50", "10000000000000.00", "abc"])
def test_what_is_no_exact_amount_is_refused_with_row_column_and_value(text):
    row, column, value, message = only_error(csv(f'code,type,Amount\nb,L,1.50\na,L,"{text}"\n'))
    assert (row, column, value) == (3, "Amount", text)
    assert text in message


def test_numbers_of_a_workbook_are_exact():
    rows = [["a", "L", 0.1 + 0.2], ["b", "L", 9999999999999.99], ["c", "L", -0.01], ["d", "L", 1260000]]
    found = values(xlsx(HEADER, *rows))
    assert [str(row["amount"]) for row in found] == ["0.30", "9999999999999.99", "-0.01", "1260000.00"]


def test_noise_of_a_formula_is_no_decimal_but_a_decimal_entered_is_refused():
    with_noise = workbook(HEADER, ["a", "L", 7.25])
    noisy = _rewritten(with_noise, b"<v>7.25</v>", b"<v>0.30000000000000004</v>")
    assert values(read(data=noisy))[0]["amount"] == Decimal("0.30")
    assert only_error(xlsx(HEADER, ["a", "L", 1234.567]))[:3] == (2, "amount", "1234.567")
    assert only_error(xlsx(HEADER, ["a", "L", 1000000000000.125]))[:3] == (2, "amount", "1000000000000.125")


def test_quantities_have_four_places_and_work_out_an_amount_half_up_to_the_cent():
    found = values(csv("code,type,qty,unit_cost\na,L,4.6001,0.125\nb,L,3,0.335\n"))
    assert [(row["amount"], row["automatic"]) for row in found] == [
        (Decimal("0.58"), True),
        (Decimal("1.01"), True),
    ]


def test_an_empty_amount_is_not_taken_for_zero():
    assert only_error(csv("code,type,amount\na,L,\n"))[0:2] == (2, "amount")
    assert only_error(xlsx(HEADER, ["a", "L", ("=1/0", "#DIV/0!")]))[0] == 2
    assert only_error(xlsx(HEADER, ["a", "L", ("=B1*2", "")]))[0] == 2


def test_the_value_of_a_formula_counts():
    assert values(xlsx(HEADER, ["a", "L", ("=1+1.5", 2.5)]))[0]["amount"] == Decimal("2.50")


def test_a_number_where_a_code_stands_is_a_code_and_a_date_is_refused():
    assert values(xlsx(HEADER, [3300, "L", 1]))[0]["cost_code"] == "3300"
    row, column, _, message = only_error(xlsx(HEADER, [datetime.date(2000, 3, 30), "L", 1]))
    assert (row, column) == (2, "cost_code")
    assert "2000-03-30" in message and "text" in message


# -- rows -----------------------------------------------------------------------------------------------------


def test_empty_rows_are_skipped_and_rows_are_counted_as_the_spreadsheet_does():
    sheet = xlsx([], HEADER, ["a", "L", 1], [], ["b", "L", 2])
    assert [(row.number, row.values["cost_code"]) for row in sheet.rows] == [(3, "a"), (5, "b")]
    assert [row.number for row in csv("\ncode,type,amount\na,L,1\n,,\nb,L,2\n").rows] == [3, 5]


def test_a_code_twice_names_both_rows():
    row, _, value, message = only_error(csv("job,code,type,amount\n1,a,L,1\n1,a,M,1\n2,a,L,1\n1,a,L,5\n"))
    assert (row, value) == (5, "a")
    assert "rows 2 and 5" in message


def test_a_total_below_the_lines_is_no_line():
    assert "total" in csv("code,type,amount\na,L,1\nTotal,,1\n,,1\n").errors[0].message


def test_every_error_is_told_at_once():
    sheet = csv("code,type,amount,qty\na,L,x,y\n,L,1,\n" + "b" * 41 + ",L,1,\n")
    assert [(error.row, error.column) for error in sheet.errors] == [
        (2, "amount"),
        (2, "qty"),
        (3, "code"),
        (4, "code"),
    ]


def test_our_own_guard_against_formulas_is_taken_off_and_nothing_else():
    found = values(csv("code,type,amount,description\na,L,1,'=1+1\nb,L,1,'tis plain\nc,L,1,=2+2\n"))
    assert [row["description"] for row in found] == ["=1+1", "'tis plain", "=2+2"]


# -- files that are no files of lines ---------------------------------------------------------------------------


def _rewritten(data: bytes, old: bytes, new: bytes, *, moved: bool = False) -> bytes:
    """The workbook with a piece of its sheet replaced, perhaps with the sheet under another name."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
        for name in source.namelist():
            piece = source.read(name)
            if "sheet1" in name:
                piece = piece.replace(old, new)
            if moved:
                name = name.replace("worksheets/sheet1", "elsewhere/one")
                piece = piece.replace(b"worksheets/sheet1", b"elsewhere/one")
            out.writestr(name, piece)
    return made.getvalue()


def bomb(declared: int | None = None) -> bytes:
    """A workbook whose sheet unpacks to 300 MB, perhaps with a lie about that in its directory."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as out:
        with out.open("xl/worksheets/sheet1.xml", "w") as member:
            for _ in range(300):
                member.write(b" " * 1024 * 1024)
        if declared is not None:
            out.getinfo("xl/worksheets/sheet1.xml").file_size = declared
    return made.getvalue()


BESIDE = b'<row r="20000">' + b"<c><v>1</v></c>" * 16_000 + b"</row></sheetData>"
GOOD = workbook(HEADER, ["a", "L", 1])
BAD_FILES = {
    "empty": (b"", "empty"),
    "blank": (b" \n\n", "empty"),
    "header alone": (b"code,type,amount\n", "no lines"),
    "old Excel": (b"\xd0\xcf\x11\xe0" + b"x" * 600, "old Excel file cannot be read"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "CSV|decoded"),
    "cut off": (GOOD[:-300], "damaged"),
    "another zip": (_rewritten(GOOD, b"<sheetData>", b"<nothing>"), "XLSX|damaged|empty"),
    "too large": (b"code,type,amount\n" + b"a,L,1\n" * 3_600_000, "larger than 20 MB"),
    "too many rows": (b"code,type,amount\n" + b"a,L,1\n" * 20_001, "more than 20,000 rows"),
    "too wide": (b"code,type,amount" + b",x" * 58 + b"\na,L,1\n", "more than 60 columns"),
    "zip bomb": (bomb(), "larger than 100 MB"),
    "zip bomb that lies": (bomb(declared=1000), "larger than 100 MB|damaged"),
    "far cell": (_rewritten(GOOD, b'r="C2"', b'r="XFD1048576"'), "reaches to XFD1048576"),
    "cells without a place": (_rewritten(GOOD, b"</sheetData>", BESIDE), "more than 60 cells"),
    "far cell of a sheet under another name": (
        _rewritten(GOOD, b'r="C2"', b'r="XFD1048576"', moved=True),
        "reaches to XFD1048576",
    ),
    "unclosed quote": (b'code,type,amount\na,L,"1\n', "no clean CSV"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_file_of_no_use_is_refused_with_a_sentence(name):
    data, words = BAD_FILES[name]
    with pytest.raises(Unreadable, match=words):
        read(data=data)
