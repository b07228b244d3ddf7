"""Files people take away: all lines, exact, harmless in a spreadsheet, and an import of them changes nothing."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from python_calamine import CalamineWorkbook

from budgets.files import spreadsheets
from budgets.files.cells import escaped, unescaped
from budgets.importing.plan import plan
from budgets.models import Budget
from budgets.services import add_line, lock, make_effective, save_modification
from tests.browser_pages.conftest import Desk
from tests.browser_pages.conftest import desk as desk
from tests.support.scene import MAIN, SUB, Scene

pytestmark = pytest.mark.django_db
TRIGGERS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "'=1",
    "''=1",
    "'tis plain",
    '=HYPERLINK("x")',
    "a=b",
    "'",
]
KINDS = ["xlsx", "csv"]


def taken_away(desk: Desk, kind: str) -> tuple[bytes, str]:
    answer = desk.get("export", kind)
    return b"".join(answer.streaming_content), answer["Content-Disposition"]


def changes(budget: Budget, content: bytes) -> tuple[int, int, int]:
    """What an import of a file would do: new, changed, missing; nothing in it may be wrong."""
    sheet = spreadsheets.read(data=content)
    made = plan(budget, sheet)
    assert [*sheet.errors, *made.errors] == []
    return len(made.new), len(made.changed), len(made.missing)


def table(content: bytes, kind: str) -> list[list[Any]]:
    if kind == "csv":
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
        return book.get_sheet_by_index(0).to_python()


def odd_lines(scene: Scene) -> None:
    """Lines with everything a person may have typed somewhere, each under a code of its own."""
    texts = [
        *TRIGGERS,
        "line\nbreak",
        " blanks around ",
        "_x0041_",
        "  ",
        "Größe 3 × 4 – “fein”",
        'a "quote", and; more',
    ]
    for place, text in enumerate(texts):
        unit = "" if "\n" in text else text.strip()[:5]
        values = {"cost_code": f"00{place:02d}", "cost_type": "M", "description": text, "unit": unit}
        values |= {"quantity": "3.3333", "unit_cost": "-0.0001", "amount": "-0.01"}
        add_line(scene.reload(), user=scene.dana, now=timezone.now(), values=values)
    for text in dict.fromkeys(text.strip() for text in TRIGGERS):
        values = {"job": SUB, "cost_code": text, "cost_type": text[:10], "amount": "1"}
        add_line(scene.reload(), user=scene.dana, now=timezone.now(), values=values)
    large = {"quantity": "99999999999999.9999", "unit_cost": "0.1000", "amount": "9999999999999.99"}
    auto = {"quantity": "3", "unit_cost": "0.335", "automatic": True}
    for code, numbers in (("big", large), ("auto", auto)):
        values = {"cost_code": code, "cost_type": "O", **numbers}
        add_line(scene.reload(), user=scene.dana, now=timezone.now(), values=values)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_exported_and_brought_back_changes_nothing(desk: Desk, kind: str) -> None:
    odd_lines(desk.scene)
    before = list(desk.scene.budget.lines.order_by("pk").values())
    content, _ = taken_away(desk, kind)
    assert changes(desk.scene.reload(), content) == (0, 0, 0)
    form = {"file": SimpleUploadedFile(f"x.{kind}", content), "load": "true"}
    told = desk.client.post(f"/api/v1/budgets/{desk.scene.project.pk}/import/", form).json()
    assert (told["new"], told["changed"], told["unchanged"], told["errors"]) == (0, 0, len(before), [])
    assert list(desk.scene.budget.lines.order_by("pk").values()) == before


@pytest.mark.parametrize("kind", KINDS)
def test_no_cell_is_a_formula_and_numbers_are_numbers(desk: Desk, kind: str) -> None:
    odd_lines(desk.scene)
    rows = table(taken_away(desk, kind)[0], kind)
    for row in rows[1:]:
        for cell in row[:4]:
            assert not str(cell).startswith(("=", "+", "-", "@", "\t", "\r")), cell
    amounts = [row[7] for row in rows[1:]]
    assert all(isinstance(amount, float) for amount in amounts) if kind == "xlsx" else "-0.01" in amounts


@pytest.mark.parametrize("text", [*TRIGGERS, "\0x", "", "plain", "’=1"])
def test_the_apostrophe_that_is_put_there_is_the_one_taken_off(text: str) -> None:
    assert unescaped(escaped(text)) == text
    assert not escaped(text).startswith(("=", "+", "-", "@", "\t", "\r", "\0"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_is_named_after_project_job_and_date_and_shows_what_was_modified(
    desk: Desk, kind: str
) -> None:
    scene = desk.scene
    lock(scene.reload(), user=scene.dana, now=timezone.now())
    legs = [(desk.labor, Decimal("5.00")), (desk.concrete, Decimal("-5.00"))]
    modification = save_modification(
        scene.reload(), user=scene.dana, now=timezone.now(), title="x", date="2026-11-02", lines=legs
    )
    make_effective(modification, user=scene.dana, now=timezone.now())
    content, name = taken_away(desk, kind)
    assert f'filename="Quay Street {MAIN} 20' in name and name.endswith(f'budget.{kind}"')
    rows = [dict(zip(table(content, kind)[0], row, strict=True)) for row in table(content, kind)[1:]]
    concrete = next(
        row for row in rows if (row["Cost code"], row["Cost type"], row["Job"]) == ("03-30-00", "M", MAIN)
    )
    assert [float(concrete[key]) for key in ("Original amount", "Modifications", "Revised")] == [
        40000,
        -5,
        39995,
    ]
    assert sum(float(row["Original amount"]) for row in rows) == 92500.75
    assert spreadsheets.read(data=content).ignored == ["Modifications", "Revised", "Sent", "In ERP"]


def test_the_file_of_an_empty_budget_is_a_template_with_examples_beside(desk: Desk) -> None:
    desk.scene.budget.lines.all().delete()
    content, _ = taken_away(desk, "xlsx")
    with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
        assert book.sheet_names == ["Budget", "How to fill in"]
        assert [row[0] for row in book.get_sheet_by_index(0).to_python()] == ["Job"]
        assert "Ready-mix concrete" in [
            cell for row in book.get_sheet_by_index(1).to_python() for cell in row
        ]


def test_json_holds_all_lines_at_once_with_exact_amounts(desk: Desk) -> None:
    odd_lines(desk.scene)
    told = desk.client.get(f"/api/v1/budgets/{desk.scene.project.pk}/export/").json()
    assert len(told["lines"]) == desk.scene.budget.lines.count()
    sums = sum(Decimal(line["amount"]) for line in told["lines"])
    assert sums == sum(row.amount for row in desk.scene.budget.lines.all())
    assert {"amount": "9999999999999.99", "quantity": "99999999999999.9999"}.items() <= next(
        line for line in told["lines"] if line["cost_code"] == "big"
    ).items()


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_may_not_see_the_budget_gets_no_file(desk: Desk, kind: str) -> None:
    desk.log_in(desk.scene.olga)
    assert desk.get("export", kind).status_code == 404
    for rest in ("", "xlsx/", "csv/"):
        assert desk.client.get(f"/api/v1/budgets/{desk.scene.project.pk}/export/{rest}").status_code == 404
    desk.log_in(desk.scene.ruth)  # reads the budget, so she may take it away
    assert desk.get("export", kind).status_code == 200
