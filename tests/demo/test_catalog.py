"""The demo's data are what its description says, the same each time."""

import csv
import io

from budgets.files.spreadsheets import read
from demo import catalog, cmic_seed


def test_harborline_has_134_lines_on_three_jobs_worth_52_267_200():
    sheet = read(data=catalog.true_file().encode())
    assert sheet.errors == []
    assert len(sheet.rows) == 134
    assert sum(row.values["amount"] for row in sheet.rows) == 52_267_200
    assert {row.values["job"] for row in sheet.rows} == set(catalog.CENTER.codes)


def test_the_demo_copy_differs_in_two_codes_alone():
    true, copy = catalog.true_file().splitlines(), catalog.demo_copy().splitlines()
    changed = [(a, b) for a, b in zip(true, copy, strict=True) if a != b]
    assert len(changed) == 2
    assert all(a.replace("03-30-00", "03-3000") == b for a, b in changed)


def test_generated_budgets_are_the_same_each_time_and_in_whole_hundreds():
    for job in catalog.JOBS:
        lines = catalog.lines_of(job)
        assert lines == catalog.lines_of(job)
        assert len({line.key for line in lines}) == len(lines) == job.lines
        assert all(line.amount % 100 == 0 and line.amount > 0 for line in lines)
        if lines:
            rows = list(csv.DictReader(io.StringIO(catalog.file_of(job))))
            assert [int(row["amount"]) for row in rows] == [line.amount for line in lines]


def test_cmic_is_seeded_with_every_code_the_budgets_use_and_none_of_harborlines_slips():
    seed = cmic_seed.seed()
    phases = {row["code"] for row in seed["phases"] if row["company"] == "001"}
    used = {line.kind.cost_code for job in catalog.JOBS for line in catalog.lines_of(job)}
    assert used <= phases
    assert "03-3000" not in phases
    assert all(len(row["code"]) <= 10 and len(row["name"]) <= 60 for row in seed["jobs"])
