"""Dana brings a file through the pages: columns, preview, suggestions, load; what is wrong is said with its place."""

import io
from decimal import Decimal
from typing import Any

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from budgets.importing import loading as imports
from budgets.importing import working
from budgets.models import BudgetLine, ImportState, StagedImport
from budgets.services import edit_line, lock
from tests.browser_pages.conftest import Desk, words
from tests.browser_pages.conftest import desk as desk
from tests.support.scene import MAIN, SUB, TOTAL
from workflow.models import Event
from workflow.submissions import new_id

pytestmark = pytest.mark.django_db
HEADER = "job,cost_code,cost_type,description,amount\n"


def workbook(*rows: list[Any], sheets: tuple[str, ...] = ("Lines",)) -> bytes:
    """An XLSX file whose last sheet has these rows."""
    stored = io.BytesIO()
    book = xlsxwriter.Workbook(stored)
    made = [book.add_worksheet(name) for name in sheets]
    for place, row in enumerate(rows):
        for column, cell in enumerate(row):
            made[-1].write(place, column, cell)
    book.close()
    return stored.getvalue()


def bring(desk: Desk, content: bytes | str, name: str = "lines.csv") -> Any:
    """Upload a file and follow to the page it leads to."""
    data = content.encode() if isinstance(content, str) else content
    form = {"submission": new_id(), "file": SimpleUploadedFile(name, data)}
    return desk.client.post(desk.url("import"), form, follow=True)


def paste(desk: Desk, text: str) -> Any:
    return desk.client.post(desk.url("import"), {"submission": new_id(), "pasted": text}, follow=True)


def staged() -> StagedImport:
    return StagedImport.objects.order_by("-created_at")[0]


def load(desk: Desk, **given: Any) -> Any:
    row = staged()
    form = {"submission": new_id(), "version": row.budget_version, **given}
    return desk.client.post(desk.url("import_load", row.pk), form, follow=True)


def line(desk: Desk, code: str, kind: str, job: str = MAIN) -> BudgetLine:
    rows = desk.scene.budget.lines.select_related("job", "cost_code", "cost_type", "unit")
    return next(row for row in rows if (row.job.code, row.code, row.type) == (job, code, kind))


def test_a_file_shows_what_it_would_change_and_is_loaded_when_she_says_so(desk: Desk) -> None:
    text = (
        f"{HEADER}{MAIN},09-68-00,M,Carpet tiles,300.10\n{MAIN},03-30-00,M,,41000\n{MAIN},03-30-00,L,,15000\n"
    )
    preview = bring(desk, text)
    assert {key: number for key, _, number in preview.context["chips"]} == {
        "new": 1,
        "changed": 1,
        "missing": 4,
        "unchanged": 1,
    }
    shown = words(preview)
    assert "<del>40,000.00</del>" in shown and "<ins>41,000.00</ins>" in shown
    assert preview.context["sums"]["before"] == TOTAL
    assert str(preview.context["sums"]["after"]) == "93800.85"
    assert desk.scene.budget.lines.count() == 6
    done = load(desk)
    assert "Loaded lines.csv" in words(done)
    assert staged().result == {
        "new": 1,
        "changed": 1,
        "unchanged": 1,
        "removed": 0,
        "left_out": 0,
        "unknown": 0,
    }
    assert (line(desk, "09-68-00", "M").description, line(desk, "03-30-00", "M").amount) == (
        "Carpet tiles",
        41000,
    )
    assert Event.objects.filter(action="import_file").count() == 1


def test_pasted_rows_without_names_are_understood_by_what_stands_in_them(desk: Desk) -> None:
    preview = paste(desk, "03-30-00\tE\tPump, long reach\t1,200.00\r\n09-68-00\tM\tTiles\t(40.00)\r\n")
    assert [row["amount"] for row in preview.context["groups"][0].rows] == [1200, -40]
    load(desk)
    assert line(desk, "09-68-00", "M").description == "Tiles"  # the one column that is left and holds words
    assert line(desk, "03-30-00", "E").amount == 1200


def test_a_header_nobody_understands_asks_once_and_is_remembered(desk: Desk) -> None:
    text = "Konto;Art;Text;Betrag\n03-30-00;M;Beton;41.000,50\n"
    asked = bring(desk, text)
    assert asked.templates[0].name == "budgets/import/columns.html"
    assert "41.000,50" in words(asked)  # a value of the column stands beside it
    chosen = {"column_cost_code": 0, "column_cost_type": 1, "column_description": 2, "column_amount": 3}
    form = {"submission": new_id(), "sheet": 0, "header": 0, **chosen}
    preview = desk.client.post(desk.url("import_columns", staged().pk), form, follow=True)
    assert preview.context["groups"][0].rows[0]["amount"] == 41000.5
    again = bring(desk, "Konto;Art;Text;Betrag\n03-30-00;M;Beton;42.000,50\n")
    assert "Columns chosen as last time" in words(again)
    assert again.context["groups"][0].rows[0]["changes"][-1] == ["Amount", "40,000.00", "42,000.50"]


def test_a_choice_that_leaves_out_what_is_needed_is_refused_on_the_page(desk: Desk) -> None:
    bring(desk, "a;b;c\n1;2;3\n")
    form = {"submission": new_id(), "sheet": 0, "header": 0, "column_cost_code": 0, "column_cost_type": 0}
    answer = desk.client.post(desk.url("import_columns", staged().pk), form)
    assert answer.status_code == 422
    assert "No column for the amount" in words(answer) and "is chosen for cost code and cost type" in words(
        answer
    )


def test_the_second_sheet_and_another_header_row_can_be_chosen(desk: Desk) -> None:
    data = workbook(
        ["Budget of Quay Street"], ["Code", "Type", "Amount"], ["09-68-00", "M", 5], sheets=("Notes", "B")
    )
    preview = bring(desk, data, "book.xlsx")
    assert preview.context["counts"]["new"] == 1  # the first sheet holds nothing
    look = {"look": "yes", "sheet": 1, "shown_sheet": 0, "header": 0}
    page = desk.client.post(desk.url("import_columns", staged().pk), look)
    assert page.context["layout"].header == 1
    form = {"submission": new_id(), "sheet": 1, "header": 1}
    form |= {"column_cost_code": 0, "column_cost_type": 1, "column_amount": 2}
    preview = desk.client.post(desk.url("import_columns", staged().pk), form, follow=True)
    assert preview.context["counts"]["new"] == 1


def test_a_suggestion_taken_counts_for_every_row_with_that_value(desk: Desk) -> None:
    preview = bring(desk, f"{HEADER},03-3000,E,,1\n,03-3000,O,,2\n26-0299,09-68-00,M,,3\n")
    assert {(row["code"], row["suggestion"]) for row in group(preview, "unknown")} == {
        ("03-3000", "03-30-00")
    }
    assert group(preview, "errors")[0]["suggestion"] == MAIN
    for field, value, by in (("cost_code", "03-3000", "03-30-00"), ("job", "26-0299", MAIN)):
        form = {"submission": new_id(), "field": field, "value": value, "by": by}
        preview = desk.client.post(desk.url("import_fix", staged().pk), form, follow=True)
    assert [row["cost_code"] for row in group(preview, "new")] == ["03-30-00", "03-30-00", "09-68-00"]
    assert preview.context["counts"]["errors"] == preview.context["counts"]["unknown"] == 0
    back = {"submission": new_id(), "field": "job", "value": "26-0299", "by": ""}
    preview = desk.client.post(desk.url("import_fix", staged().pk), back, follow=True)
    assert preview.context["counts"]["errors"] == 1


def group(page: Any, key: str) -> list[dict[str, Any]]:
    return next(group.rows for group in page.context["groups"] if group.key == key)


def test_good_rows_are_loaded_and_the_repair_file_brings_the_others(desk: Desk) -> None:
    bad = (
        f"{HEADER},09-68-00,M,Tiles,1.50\n,09-68-00,E,=HYPERLINK(1),12.345\n,03-30-00,E,,x\n,03-30-00,E,,2\n"
    )
    preview = bring(desk, bad)
    assert preview.context["counts"]["bad"] == 2
    refused = load(desk)
    assert refused.status_code == 422 and "Load the good rows, or nothing" in words(refused)
    repair = desk.client.get(desk.url("import_repair", staged().pk))
    content = b"".join(repair.streaming_content)
    assert "Left out" in words(load(desk, good_rows="yes"))
    assert staged().result["left_out"] == 2
    assert {(row.code, row.type) for row in desk.scene.budget.lines.all()} >= {
        ("09-68-00", "M"),
        ("03-30-00", "E"),
    }
    again = bring(desk, content, "to repair.xlsx")
    assert [(e["row"], e["value"]) for e in group(again, "errors")] == [(2, "12.345"), (3, "x")]
    assert again.context["ignored"] == ["error"]


def test_lines_the_file_lacks_stay_unless_she_has_those_removed_that_may_go(desk: Desk) -> None:
    lock(desk.scene.reload(), user=desk.scene.dana, now=timezone.now())
    from budgets.services import save_modification, unlock

    legs = [(desk.labor, 5), (desk.concrete, -5)]
    save_modification(
        desk.scene.reload(),
        user=desk.scene.dana,
        now=timezone.now(),
        title="x",
        date="2026-11-02",
        lines=legs,
    )
    unlock(desk.scene.reload(), user=desk.scene.dana, now=timezone.now())
    preview = bring(desk, f"{HEADER},01-31-00,L,,20000\n")
    stays = {(row["cost_code"], row["cost_type"]): bool(row["stays"]) for row in group(preview, "missing")}
    assert stays[("03-30-00", "L")] and not stays[("09-68-00", "S")]
    load(desk, remove="yes")
    assert staged().result["removed"] == 3
    assert {(row.job.code, row.code, row.type) for row in desk.scene.budget.lines.select_related("job")} == {
        (MAIN, "01-31-00", "L"),
        (MAIN, "03-30-00", "L"),
        (MAIN, "03-30-00", "M"),
    }


def test_a_line_that_a_bad_row_names_is_not_taken_for_missing(desk: Desk) -> None:
    preview = bring(desk, f'{HEADER},03-30-00,M,,1\n,03-30-00,L,,"3.900,00x"\n')
    assert ("03-30-00", "L") not in {(r["cost_code"], r["cost_type"]) for r in group(preview, "missing")}
    assert "Also remove 4 lines that the file does not have" in words(preview)
    load(desk, good_rows="yes", remove="yes")
    assert (staged().result["removed"], line(desk, "03-30-00", "L").amount) == (4, 15000)


def test_removing_is_not_offered_while_a_row_does_not_say_which_line_it_means(desk: Desk) -> None:
    preview = bring(desk, f"{HEADER},03-30-00,M,,1\n,03-30-00,,,15000\n")
    shown = words(preview)
    assert (
        "Also remove" not in shown
        and "No line can be removed" in shown
        and "in row 3 cannot be read" in shown
    )
    assert all(row["stays"] for row in group(preview, "missing"))
    assert preview.context["sums"]["after_removing"] == preview.context["sums"]["after"]
    refused = load(desk, good_rows="yes", remove="yes")
    assert refused.status_code == 422 and "No line can be removed" in words(refused)
    load(desk, good_rows="yes")
    assert (staged().result["removed"], desk.scene.budget.lines.count()) == (0, 6)


def test_a_budget_changed_since_the_preview_is_shown_again_before_anything_is_loaded(desk: Desk) -> None:
    bring(desk, f"{HEADER},03-30-00,M,,1\n")
    edit_line(desk.labor, user=desk.scene.tom, now=timezone.now(), version=0, values={"amount": "7.00"})
    again = load(desk)
    assert "Nothing was loaded. The budget was changed since this preview was made" in words(again)
    assert line(desk, "03-30-00", "M").amount == 40000
    assert "Loaded" in words(load(desk))
    assert line(desk, "03-30-00", "M").amount == 1


def test_numbers_that_may_mean_two_things_are_asked_about(desk: Desk) -> None:
    preview = bring(desk, 'cost_code;cost_type;amount\n03-30-00;M;"12.500"\n09-68-00;S;3.000\n')
    assert "Does 12,500 in this file mean" in words(preview)
    assert load(desk).status_code == 422
    form = {"submission": new_id(), "decimals": ","}
    preview = desk.client.post(desk.url("import_decimals", staged().pk), form, follow=True)
    assert [row["amount"] for row in group(preview, "changed")] == [12500, 3000]


def test_a_number_with_the_other_decimal_sign_leads_to_the_choice_of_it(desk: Desk) -> None:
    preview = bring(
        desk, f'{HEADER},03-30-00,M,,"1.234,50"\n,03-30-00,L,,15000.00\n,03-30-00,E,,"3.900,00x"\n'
    )
    assert [error["decimals"] for error in group(preview, "errors")] == [",", ""]
    assert "It is one where numbers are written as 1.234,50." in words(preview)
    form = {"submission": new_id(), "decimals": ","}
    assert 'name="decimals" value=","' in preview.content.decode()
    preview = desk.client.post(desk.url("import_decimals", staged().pk), form, follow=True)
    assert [row["amount"] for row in group(preview, "changed")] == [Decimal("1234.50")]
    assert {error["value"]: error["decimals"] for error in group(preview, "errors")} == {
        "15000.00": ".",
        "3.900,00x": "",
    }


def test_pasted_rows_in_the_order_of_the_grid_bring_their_description(desk: Desk) -> None:
    paste(desk, f"09-68-00\t{MAIN}\tTiles, grey\tM\t10\tCY\t4.00\t40.00\r\n")
    load(desk)
    made = line(desk, "09-68-00", "M")
    assert (made.description, made.unit_code, made.amount) == ("Tiles, grey", "CY", 40)


def test_what_somebody_uploaded_is_nobody_elses(desk: Desk) -> None:
    bring(desk, f"{HEADER},03-30-00,M,,1\n")
    row = staged()
    desk.log_in(desk.scene.tom)
    for name in ("import_look", "import_progress", "import_columns", "import_repair"):
        assert desk.get(name, row.pk).status_code == 404
    for name in ("import_load", "import_fix", "import_decimals", "import_again", "import_discard"):
        assert desk.send(name, row.pk, field="job").status_code == 404
    assert StagedImport.objects.filter(pk=row.pk).exists()


def test_a_file_of_no_use_is_refused_and_not_kept(desk: Desk) -> None:
    answer = bring(desk, b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "logo.xlsx")
    assert answer.status_code == 422 and "cannot be decoded" in words(answer)
    assert "Choose a file, or paste rows" in words(paste(desk, " \n"))
    assert not StagedImport.objects.exists()


def test_a_larger_file_is_read_by_a_worker_that_may_come_twice_late_or_never(desk: Desk) -> None:
    rows = "".join(f",03-30-{place:04d},M,Line {place},{place}\n" for place in range(4000))
    page = bring(desk, HEADER + rows)
    assert "The file waits to be read" in words(page)
    row = staged()
    assert working.sweep(now=timezone.now()) == 1  # nobody heard the bell
    first, second = (working.work_on(row.pk, now=timezone.now()) for _ in range(2))
    assert (first.state, first.total, second) == (ImportState.PREVIEW, 4000, None)
    assert desk.get("import_progress", row.pk)["HX-Refresh"] == "true"
    preview = desk.get("import_look", row.pk)
    assert (preview.context["counts"]["new"], len(group(preview, "new"))) == (4000, 50)
    assert len(group(desk.get("import_look", row.pk, show="new"), "new")) == 4000
    assert "Writing 4,000 rows" in words(load(desk))
    for _ in range(2):
        working.work_on(row.pk, now=timezone.now())
    assert desk.scene.budget.lines.count() == 4006
    assert Event.objects.filter(action="import_file").count() == 1


def test_a_worker_that_died_is_followed_by_another_when_its_lease_is_over(desk: Desk) -> None:
    bring(desk, f"{HEADER},03-30-00,M,,1\n")
    row = staged()
    dead = timezone.now() - timezone.timedelta(seconds=1)
    StagedImport.objects.update(
        state="reading", claim="00000000-0000-0000-0000-000000000001", lease_until=dead, tries=1
    )
    assert working.sweep(now=timezone.now()) == 1
    assert working.work_on(row.pk, now=timezone.now()).state == ImportState.PREVIEW
    StagedImport.objects.update(state="reading", claim=None, lease_until=None, tries=5)
    assert working.sweep(now=timezone.now()) == 0  # it ended five workers; a person may ask again
    assert "Asked once more" in words(desk.client.post(desk.url("import_again", row.pk), follow=True))
    assert staged().tries == 0


def test_files_nobody_came_back_to_are_forgotten(desk: Desk) -> None:
    bring(desk, f"{HEADER},03-30-00,M,,1\n")
    assert working.forget_old(now=timezone.now()) == 0
    later = timezone.now() + timezone.timedelta(days=2, seconds=1)
    assert working.forget_old(now=later) == 1


def test_whoever_may_not_import_is_told_why_before_and_after(desk: Desk) -> None:
    bring(desk, f"{HEADER},03-30-00,M,,1\n")
    lock(desk.scene.reload(), user=desk.scene.dana, now=timezone.now())
    assert "The budget is locked" in words(desk.get("import"))
    assert "This cannot be loaded now" in words(desk.get("import_look", staged().pk))
    answer = load(desk)
    assert answer.status_code == 409 and "The budget is locked" in words(answer)
    assert bring(desk, f"{HEADER},03-30-00,M,,1\n").status_code == 409
    assert SUB and line(desk, "03-30-00", "M").amount == 40000


def test_a_file_can_be_dropped_without_loading_anything(desk: Desk) -> None:
    bring(desk, f"{HEADER},03-30-00,M,,1\n")
    answer = desk.client.post(desk.url("import_discard", staged().pk), {"submission": new_id()}, follow=True)
    assert "Nothing was loaded" in words(answer) and not StagedImport.objects.exists()


@pytest.mark.parametrize("by", ["her own page", "a worker"])
def test_what_is_being_loaded_or_is_loaded_cannot_be_forgotten(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    bring(desk, f"{HEADER},03-30-00,M,,1\n")
    row, meanwhile, real = staged(), [], imports.import_rows

    def discard() -> Any:
        return desk.client.post(desk.url("import_discard", row.pk), {"submission": new_id()}, follow=True)

    def loads(*args: Any, **given: Any) -> Any:
        result = real(*args, **given)
        meanwhile.append(discard())
        return result

    monkeypatch.setattr(imports, "import_rows", loads)
    if by == "a worker":
        StagedImport.objects.update(state="loading", choices={"good_rows": False, "remove": False})
        working.work_on(row.pk, now=timezone.now())
    else:
        load(desk)
    assert meanwhile[0].status_code == 409 and "cannot be forgotten now" in words(meanwhile[0])
    answer = discard()
    assert answer.status_code == 409 and "was loaded before you asked" in words(answer)
    assert "Nothing was loaded" not in words(answer) + words(meanwhile[0])
    assert (staged().state, line(desk, "03-30-00", "M").amount) == (ImportState.DONE, 1)


def test_a_load_whose_import_was_taken_away_meanwhile_leaves_no_line_behind(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(desk, f"{HEADER},03-30-00,M,,1\n")
    row, real = staged(), imports.import_rows

    def loads(*args: Any, **given: Any) -> Any:
        result = real(*args, **given)
        StagedImport.objects.filter(pk=row.pk).update(claim=new_id())
        return result

    monkeypatch.setattr(imports, "import_rows", loads)
    StagedImport.objects.update(state="loading", choices={"good_rows": False, "remove": False})
    working.work_on(row.pk, now=timezone.now())
    assert (staged().state, line(desk, "03-30-00", "M").amount) == (ImportState.LOADING, 40000)
    assert not Event.objects.filter(action="import_file").exists()
