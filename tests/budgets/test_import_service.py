"""A project manager imports a file into her draft: what it changes, and what it leaves alone."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from budgets.errors import Conflict, InvalidInput
from budgets.files import spreadsheets
from budgets.importing.loading import BadRows, import_rows
from budgets.models import BudgetLine
from budgets.services import edit_line, lock
from tests.support.scene import MAIN, SUB, Scene
from workflow.actions import ActionBlocked
from workflow.models import Event

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
HEADER = "job,cost_code,cost_type,description,uom,qty,unit_cost,amount\n"


def bring(scene: Scene, text: str, *, header: str = HEADER):
    sheet = spreadsheets.read(data=(header + text).encode())
    assert sheet.errors == []
    return import_rows(scene.reload(), user=scene.dana, now=NOW, sheet=sheet, source="lines.csv")


def line(scene: Scene, code: str, kind: str, job: str = MAIN) -> BudgetLine:
    return next(
        row
        for row in scene.budget.lines.select_related("job", "cost_code", "cost_type", "unit")
        if (row.job.code, row.code, row.type) == (job, code, kind)
    )


def test_new_lines_are_added_changed_ones_changed_and_the_others_stay(scene):
    before = scene.budget.lines.count()
    result = bring(
        scene,
        f"{MAIN},09-68-00,M,Carpet tiles,CY,3,0.10,0.30\n"
        f"{MAIN},09-68-00,S,,,,,13000\n"
        f"{MAIN},03-30-00,M,,,,,40000.00\n",
    )
    assert (result.new, result.changed, result.unchanged, result.unknown) == (1, 1, 1, [])
    assert scene.budget.lines.count() == before + 1
    made = line(scene, "09-68-00", "M")
    assert (made.description, made.quantity, made.unit_code) == ("Carpet tiles", Decimal("3.0000"), "CY")
    assert (made.unit_cost, made.amount, made.changed_by) == (
        Decimal("0.1000"),
        Decimal("0.30"),
        scene.dana,
    )
    assert line(scene, "09-68-00", "S").amount == Decimal("13000.00")


def test_the_same_file_twice_changes_nothing(scene):
    text = f"{MAIN},09-68-00,M,Carpet,XX,3,0.10,\n,0009-aa,S,Unknown code,,,,5\n"
    first = bring(scene, text)
    rows = list(scene.budget.lines.order_by("pk").values())
    again = bring(scene, text)
    assert (first.new, again.new, again.changed, again.unchanged) == (2, 0, 0, 2)
    assert list(scene.budget.lines.order_by("pk").values()) == rows


def test_a_code_nobody_knows_stays_as_text_with_what_may_have_been_meant(scene):
    result = bring(scene, f"{MAIN},03-3000,L,,cy,,,1\n{MAIN},zz,m,,,,,2\n")
    found = {(u.field, u.code): (u.suggestion, u.rows) for u in result.unknown}
    assert found == {
        ("cost_code", "03-3000"): ("03-30-00", (2,)),
        ("cost_code", "zz"): ("", (3,)),
        ("cost_type", "m"): ("M", (3,)),
        ("unit", "cy"): ("CY", (2,)),
    }
    kept = line(scene, "03-3000", "L")
    assert (kept.cost_code, kept.cost_code_text, kept.unit, kept.unit_text) == (None, "03-3000", None, "cy")


def test_columns_that_the_file_lacks_leave_their_values_alone(scene):
    bring(scene, f"{MAIN},03-30-00,M,Ready mix,CY,10,,40000\n")
    bring(scene, "03-30-00,M,41000\n", header="code,type,amount\n")
    kept = line(scene, "03-30-00", "M")
    assert (kept.description, kept.quantity, kept.unit_code, kept.amount) == (
        "Ready mix",
        Decimal("10.0000"),
        "CY",
        Decimal("41000.00"),
    )


def test_an_automatic_amount_is_worked_out_and_ends_when_the_file_brings_another(scene):
    bring(scene, f"{MAIN},09-68-00,M,,CY,3,0.115,\n")
    assert line(scene, "09-68-00", "M").automatic
    assert line(scene, "09-68-00", "M").amount == Decimal("0.35")
    bring(scene, f"{MAIN},09-68-00,M,,CY,3,0.115,0.35\n")
    assert line(scene, "09-68-00", "M").automatic
    bring(scene, f"{MAIN},09-68-00,M,,CY,3,0.115,0.40\n")
    assert not line(scene, "09-68-00", "M").automatic


def test_a_job_of_another_project_refuses_the_whole_file(scene):
    before = list(scene.budget.lines.values())
    with pytest.raises(BadRows) as refused:
        bring(scene, f"{MAIN},09-68-00,M,,,,,5\n26-9999,09-68-00,M,,,,,5\n")
    assert [(e.row, e.value) for e in refused.value.rows] == [(3, "26-9999")]
    assert MAIN in str(refused.value) and SUB in str(refused.value)
    assert list(scene.budget.lines.values()) == before


def test_an_empty_job_is_the_main_job_and_so_a_double_is_seen(scene):
    with pytest.raises(BadRows, match="rows 2 and 3"):
        bring(scene, f"{MAIN},09-68-00,M,,,,,5\n,09-68-00,M,,,,,6\n")


def test_a_locked_budget_and_a_reader_import_nothing(scene):
    with pytest.raises(ActionBlocked) as blocked:
        sheet = spreadsheets.read(data=(HEADER + ",09-68-00,M,,,,,5\n").encode())
        import_rows(scene.reload(), user=scene.ruth, now=NOW, sheet=sheet)
    assert blocked.value.blockers[0].code == "no_right_to_edit_lines"
    lock(scene.reload(), user=scene.dana, now=NOW)
    with pytest.raises(ActionBlocked) as blocked:
        bring(scene, ",09-68-00,M,,,,,5\n")
    assert [b.code for b in blocked.value.blockers] == ["budget_locked"]


def test_an_import_is_one_event_and_its_history_names_the_same_change(scene):
    before = Event.objects.count()
    bring(scene, ",09-68-00,M,,,,,5\n,09-68-00,S,,,,,7\n")
    assert Event.objects.count() == before + 1
    event = Event.objects.order_by("seq").last()
    assert (event.action, event.data["new"], event.data["changed"]) == ("import_file", 1, 1)
    kept = BudgetLine.pgh_event_model.objects  # type: ignore[attr-defined]
    history = kept.filter(pgh_context__metadata__change_set=event.data["change_set"])
    assert sorted(row.pgh_label for row in history) == ["insert", "update"]


def test_somebody_who_had_a_line_open_is_told_that_the_import_changed_it(scene):
    opened = line(scene, "09-68-00", "S")
    bring(scene, ",09-68-00,S,,,,,7\n")
    with pytest.raises(Conflict, match="Dana Reyes changed this line"):
        edit_line(opened, user=scene.tom, now=NOW, version=opened.version, values={"amount": "9"})


def test_a_thousand_lines_take_as_many_statements_as_ten(scene):
    def statements(number: int, amount: int) -> int:
        text = "".join(f"{MAIN},{place:05},L,Line {place},CY,{place},,{amount}\n" for place in range(number))
        with CaptureQueriesContext(connection) as caught:
            bring(scene, text)
        return len(caught)

    few = statements(10, 1), statements(10, 2)
    many = statements(990, 3), statements(990, 4)
    assert max(many) <= max(few) + 1 <= 30  # one more: the first adds lines and changes some
    assert scene.budget.lines.count() == 996
    assert line(scene, "00007", "L").amount == 4


# -- lines the file does not name ---------------------------------------------------------------------------


def remove(scene: Scene, text: str) -> int:
    sheet = spreadsheets.read(data=(HEADER + text).encode())
    return import_rows(
        scene.reload(), user=scene.dana, now=NOW, sheet=sheet, good_rows=True, remove=True
    ).removed


def test_a_line_that_a_bad_row_names_is_not_removed(scene):
    assert remove(scene, f'{MAIN},03-30-00,M,,,,,1\n,03-30-00,L,,,,,"3.900,00x"\n') == 4
    assert {(row.code, row.type) for row in scene.budget.lines.all()} == {
        ("03-30-00", "M"),
        ("03-30-00", "L"),
    }


@pytest.mark.parametrize(
    ("unclear", "rows"),
    [
        (",,L,,,,,5\n", "3"),
        (f",{'0' * 41},L,,,,,5\n", "3"),
        (",03-30-00,,,,,,5\n", "3"),
        ("26-9999,03-30-00,L,,,,,5\n", "3"),
        ("26-9999,03-30-00,L,,,,,x\n", "3"),
        (f",03-30-00,L,,,,,5\n{MAIN},03-30-00,L,,,,,6\n", "3, 4"),
        (",03-30-00,L,,,,,5\n,03-30-00,L,,,,,6\n", "3, 4"),
        (",03-30-00,L,,,,,5\n,03-30-00,L,,,,,x\n", "3, 4"),
    ],
    ids="no code,long code,no type,no job,no job and amount,twice by main job,twice,twice once bad".split(
        ","
    ),
)
def test_nothing_is_removed_while_a_row_does_not_say_which_line_it_means(scene, unclear, rows):
    before = list(scene.budget.lines.order_by("pk").values())
    with pytest.raises(InvalidInput, match=f"No line can be removed.* in rows? {rows} cannot"):
        remove(scene, f"{MAIN},03-30-00,M,,,,,1\n{unclear}")
    assert list(scene.budget.lines.order_by("pk").values()) == before
