"""What the accountant exports is read to the character, or a sentence names the file, the row and the fix."""

import os
import stat
import time

import pytest
import xlsxwriter

from erp.port import ErpCompany, ErpMisconfigured, ErpUnavailable
from erp.testing.tenant import failure
from file_adapter.backend import FileBackend
from tests.file_adapter.folder import COMPANY, REFERENCE, Folder


def reference(folder: Folder, name: str):
    return folder.root / COMPANY / "reference" / f"{name}.csv"


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("jobs", "code, name, parent, status (and perhaps writable)"),
        ("cost_codes", "code, name (and perhaps parent, active)"),
        ("cost_types", "code, name (and perhaps active)"),
        ("units", "code, name"),
        ("budget", "job, cost_code, cost_type, original, current (and perhaps name, active, unit)"),
    ],
)
def test_check_names_the_missing_file_with_its_columns(folder, name, columns):
    reference(folder, name).unlink()
    said = f"001/reference/{name}.csv is missing: a CSV or XLSX file with the columns {columns}."
    assert folder.backend().check(folder.company) == [said]


def test_check_names_all_that_is_missing_at_once(folder):
    for name in ("jobs", "units"):
        reference(folder, name).unlink()
    assert len(folder.backend().check(folder.company)) == 2


def test_check_says_that_the_folder_is_not_there(folder):
    [said] = folder.out_of_reach().check(folder.company)
    assert "does not show companies.csv" in said


def test_check_says_which_option_it_does_not_know(folder):
    [said] = folder.backend().check(ErpCompany(COMPANY, {"status_ready": "APPR"}))
    assert "status_ready" in said


BAD = {
    "Row 3, status: 'open' is none of pending, started, closed.": ("jobs", 2, "open", 3),
    "Row 3, code: the code is missing.": ("jobs", 2, "", 0),
    "Rows 2 and 3 have the same code. Keep one.": ("cost_codes", 2, "01-100", 0),
    "Row 2, code: '01234567890123456' has more than 16 characters": ("cost_codes", 1, "01234567890123456", 0),
    "Row 2, active: 'perhaps' is neither yes nor no.": ("cost_codes", 1, "perhaps", 3),
    "Row 2, original: '1.000,00' is no amount. Write it like -1250.00.": ("budget", 1, "1.000,00", 3),
}


@pytest.mark.parametrize("said", BAD)
def test_a_mistake_in_a_reference_file_is_named_and_stops_the_connection(folder, said):
    name, row, cell, column = BAD[said]
    rows = [list(each) for each in REFERENCE[name]]
    rows[row][column] = cell
    folder.export(name, *rows)
    erp = folder.backend()
    read = {"jobs": erp.jobs, "cost_codes": erp.cost_codes}.get(
        name, lambda company: erp.reading(company, ["2401"])
    )
    told = str(failure(ErpMisconfigured, lambda: read(folder.company)))
    assert f"001/reference/{name}.csv: {said}" in told
    assert [told] == erp.check(folder.company)


def test_a_number_in_a_workbook_is_no_code(folder):
    reference(folder, "jobs").unlink()
    book = xlsxwriter.Workbook(reference(folder, "jobs").with_suffix(".xlsx"))
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["code", "name", "parent", "status"])
    sheet.write_row(1, 0, [2401, "Harbour hall", "", "started"])
    book.close()
    said = str(failure(ErpMisconfigured, lambda: folder.backend().jobs(folder.company)))
    assert "Row 2, code: 2401.0 is stored as a number or a date. Format the column as text" in said


def test_two_files_of_one_kind_are_refused(folder):
    path = reference(folder, "jobs")
    path.with_suffix(".xlsx").write_bytes(b"PK")
    said = str(failure(ErpMisconfigured, lambda: folder.backend().jobs(folder.company)))
    assert "There is 001/reference/jobs.csv and jobs.xlsx. Keep one of them." in said


def test_a_file_that_is_being_written_is_read_a_moment_later(folder):
    patient = FileBackend(folder=str(folder.root), settle_seconds=60)
    assert failure(ErpUnavailable, lambda: patient.jobs(folder.company)).retry_after == 60
    long_ago = time.time() - 100
    os.utime(reference(folder, "jobs"), (long_ago, long_ago))
    assert [row.code for row in patient.jobs(folder.company)] == ["2401", "2401-A", "2402", "2403"]


def test_semicolons_and_another_encoding_are_understood(folder):
    reference(folder, "units").write_bytes("code;name\nM3;Kubikmeter für Beton\n".encode("cp1252"))
    [unit] = folder.backend().units(folder.company)
    assert unit.name == "Kubikmeter für Beton"


def test_a_company_code_that_is_no_folder_leads_nowhere_else(folder):
    for code in ("../001", "/etc", "..", ""):
        assert folder.backend().check(ErpCompany(code))
        failure(ErpMisconfigured, lambda code=code: folder.backend().jobs(ErpCompany(code)))


def test_a_link_in_the_folder_is_not_followed(folder, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("code,name\nroot,hash\n")
    reference(folder, "units").unlink()
    reference(folder, "units").symlink_to(secret)
    failure(ErpUnavailable, lambda: folder.backend().units(folder.company))


def test_assignments_may_be_left_out_or_say_what_is_inactive(folder):
    assert list(folder.backend().assigned_cost_codes(folder.company, [])) == []
    folder.export(
        "assignments", ["job", "cost_code", "active"], ["2401", "01-100", "no"], ["2402", "01-100", "yes"]
    )
    [row] = folder.backend().assigned_cost_codes(folder.company, ["2401"])
    assert (row.job, row.code, row.active) == ("2401", "01-100", False)


def test_what_tieback_writes_can_be_read_by_the_people_of_the_folder(folder, handed_over):
    path = folder.place("to-enter", handed_over) / f"{handed_over.number}.xlsx"
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
