"""What an accountant finds in the folder: whole documents to enter, as CSV and as an XLSX form."""

import csv
import io
import json
from dataclasses import replace

import pytest
from python_calamine import CalamineWorkbook

from erp.port import ErpDocument, ErpRefused, ErpUnavailable, ErpUnconfirmed
from erp.testing.tenant import ClaimLost, Diary, failure
from file_adapter.cells import FORMULA_STARTS, guarded, text_of
from tests.file_adapter.folder import CLOSED, STARTED, Folder


def names(folder: Folder, document: ErpDocument, kind: str = "to-enter") -> list[str]:
    place = folder.place(kind, document)
    return sorted(path.name for path in place.iterdir()) if place.exists() else []


def sheet(folder: Folder, document: ErpDocument) -> list[list]:
    path = folder.place("to-enter", document) / f"{document.number}.xlsx"
    return CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python(skip_empty_area=False)


def test_a_document_is_a_folder_with_a_csv_an_xlsx_and_a_manifest(folder, handed_over):
    number = handed_over.number
    assert names(folder, handed_over) == [f"{number}.csv", f"{number}.json", f"{number}.xlsx"]
    manifest = json.loads((folder.place("to-enter", handed_over) / f"{number}.json").read_text())
    assert (manifest["content_hash"], manifest["job"]) == (handed_over.content_hash, STARTED)
    assert manifest["lines"][0] == [STARTED, "01-100", "L", "-250.00"]


def test_the_form_says_what_to_do_and_holds_the_amounts_as_numbers_and_the_codes_as_text(folder, handed_over):
    cells = sheet(folder, handed_over)
    assert cells[0][0] == f"{handed_over.number}  Move the crane"
    assert "Move this document's folder from to-enter to taken" in cells[2][0]
    header = next(row for row in cells if row[0] == "Number")
    first = dict(zip(header, cells[cells.index(header) + 1], strict=True))
    assert (first["Job"], first["Cost code"], first["Change"], first["Posted"]) == (
        STARTED,
        "01-100",
        -250.0,
        -250.0,
    )
    assert (first["Status"], first["Posted on"]) == ("", "")


def test_the_same_document_gives_the_same_bytes(folder, transfer, tmp_path):
    twin = Folder(tmp_path / "twin")
    for room in (folder, twin):
        room.backend().push(transfer, Diary())
    for name in names(folder, transfer):
        one, two = (room.place("to-enter", transfer) / name for room in (folder, twin))
        assert one.read_bytes() == two.read_bytes(), name


def test_nothing_is_shown_before_it_is_whole(folder, transfer):
    for _ in range(3):
        failure(ClaimLost, lambda: folder.backend().push(transfer, Diary(lost_before=2)))
        assert names(folder, transfer) == []
    assert len(names(folder, transfer, "being-written")) == 3


def test_a_file_that_went_missing_is_put_back_and_one_that_was_written_into_is_left(folder, handed_over):
    place = folder.place("to-enter", handed_over)
    (place / f"{handed_over.number}.csv").unlink()
    form = place / f"{handed_over.number}.xlsx"
    form.write_bytes(b"notes of an accountant")
    diary = Diary()
    folder.backend().push(handed_over, diary)
    assert [told["step"] for told in diary.told_before] == ["csv"]
    assert form.read_bytes() == b"notes of an accountant"


def test_an_original_names_what_is_nothing_too_and_what_it_shall_be(folder):
    a, b, *_ = folder.keys
    document = folder.original(
        (a, "1000.00", "1250.00"), (b, "0.00", "0.00"), job=STARTED, number="TB-STARTED0"
    )
    receipt = folder.backend().push(document, Diary())
    rows = folder.rows(document)
    assert [(row["Before"], row["Shall be"], row["Change"]) for row in rows] == [
        ("1000.00", "1250.00", "250.00"),
        ("0.00", "0.00", "0.00"),
    ]
    assert (receipt.lines, str(receipt.total)) == (2, "250.00")


@pytest.mark.parametrize("start", FORMULA_STARTS)
def test_no_text_runs_as_a_formula_and_all_come_back_whole(folder, transfer, start):
    if start == "\0":  # no file format and no database of ours keeps it; the cell is guarded all the same
        assert text_of(guarded(f"{start}1+1")) == f"{start}1+1"
        return
    said = f"{start}cmd|' /C calc'!A0"
    lines = (replace(transfer.lines[0], description=said), *transfer.lines[1:])
    document = replace(transfer, lines=lines, title=said)
    folder.backend().push(document, Diary())
    path = folder.place("to-enter", document) / f"{document.number}.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        text = next(csv.DictReader(file))["Description"]
    cells = sheet(folder, document)
    shown = next(row for row in cells if row[0] == document.number)[5]
    assert text[0] == shown[0] == "'"
    assert text_of(text) == said
    assert all(
        not str(cell).startswith(FORMULA_STARTS) for row in cells for cell in row if isinstance(cell, str)
    )


@pytest.mark.parametrize("text", ["'quoted", "''", "'", "'=1", "plain", ""])
def test_an_apostrophe_of_ones_own_is_kept(text):
    assert text_of(guarded(text)) == text


def test_a_code_that_looks_like_a_formula_is_written_safely_and_read_exactly(folder):
    codes = ["+10", "-10"]
    header, *rows = [["code", "name"], *([code, code] for code in codes)]
    folder.export("cost_codes", header, *([guarded(code), name] for code, name in rows))
    keys = [replace(folder.keys[0], cost_code=code) for code in codes]
    document = folder.modification((keys[0], "1.00"), (keys[1], "-1.00"))
    folder.backend().push(document, Diary())
    path = folder.place("to-enter", document) / f"{document.number}.csv"
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))
    assert [row[3] for row in rows[1:]] == ["'+10", "'-10"]
    folder.fill_in(document, lambda rows: rows[0].update({"Status": "posted", "Posted on": "2026-11-23"}))
    assert folder.backend().postings([document])[0].state == "posted"


# -- who may not be written for ---------------------------------------------------------------------------


def refused(folder: Folder, document: ErpDocument) -> list[str]:
    found = failure(ErpRefused, lambda: folder.backend().push(document, Diary())).findings
    assert names(folder, document) == names(folder, document, "being-written") == []
    return [finding.code for finding in found]


def test_a_closed_or_unknown_job_is_refused_before_any_write(folder, transfer):
    assert refused(folder, replace(transfer, job=CLOSED)) == ["job_closed"]
    assert refused(folder, replace(transfer, job="nowhere")) == ["job_not_visible"]


def test_a_company_that_does_not_let_us_assign_gets_budgeted_codes_alone(folder, transfer):
    company = replace(folder.company, options={"assign_missing": False})
    assert refused(folder, replace(transfer, company=company)) == ["not_assigned", "not_assigned"]


def test_changed_originals_of_a_started_job_wait_for_the_companys_word(folder):
    document = folder.original((folder.keys[0], "1000.00", "1250.00"), job=STARTED, number="TB-STARTED0")
    assert refused(folder, replace(document, company=replace(folder.company, options={}))) == [
        "originals_on_started_off"
    ]


# -- a share with bad days ---------------------------------------------------------------------------------


def test_an_empty_mount_point_gets_nothing_written_into_it(folder, transfer):
    (folder.root / "companies.csv").unlink()
    said = failure(ErpUnavailable, lambda: folder.backend().push(transfer, Diary())).reason
    assert "is the folder there and the share mounted?" in said
    assert names(folder, transfer, "being-written") == []


def test_a_disk_that_is_full_wrote_nothing(folder, transfer, monkeypatch):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("file_adapter.disk.os.fsync", full)
    diary = Diary()
    assert "No space left" in failure(ErpUnavailable, lambda: folder.backend().push(transfer, diary)).reason
    assert [told["outcome"] for told in diary.told_after] == ["unavailable"]
    assert names(folder, transfer, "being-written") == []


def test_a_rename_without_an_answer_is_not_taken_for_a_no(folder, transfer):
    folder.cut(4)
    unknown = failure(ErpUnconfirmed, lambda: folder.backend().push(transfer, Diary()))
    assert unknown.step == "ready"
    assert folder.backend().find(transfer) is not None
