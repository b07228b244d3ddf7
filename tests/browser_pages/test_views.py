"""The pages of views: choosing columns with plain posts, the switch on the budget page, links with a view."""

from html import unescape
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook

from budgets.models import SavedView
from tests.browser_pages.conftest import Desk, words

pytestmark = pytest.mark.django_db


def form(*, name: str = "Buyout", show: tuple[str, ...] = ("revised", "description"), **more: object) -> dict:
    """The form as the page fills it in: all columns in an order, those ticked, and a blank calculated one."""
    order = [*show, *(key for key in ("original", "in_erp") if key not in show)]
    blank = {"calc_key": "", "calc_label": "", "calc_expression": "", "calc_kind": "money"}
    return {"name": name, "column": order, "show": list(show), "do": "save", **blank, **more}


def heads(page) -> list[str]:
    """The heads of the grid's columns."""
    text = page.content.decode().partition("<thead>")[2].partition("</thead>")[0]
    return [cell.partition("</th>")[0].rpartition(">")[2] for cell in text.split("<th ")[1:]]


def test_dana_chooses_columns_and_sees_them_in_her_order(desk: Desk) -> None:
    answer = desk.send("view_new", **form())
    view = SavedView.objects.get()
    assert answer["Location"].endswith(f"views/open/?view={view.pk}")
    page = desk.get("page", view=view.pk)
    assert heads(page) == ["Cost code", "Revised", "Description"]
    assert "Saved the view Buyout. It is yours alone until you share it." in words(page)
    assert heads(desk.get("page"))[1] == "Job"


def test_the_arrows_move_a_column_without_saving_anything(desk: Desk) -> None:
    page = desk.send("view_new", **form(do="down:revised"))
    order = [choice.key for choice in page.context["choices"]]
    assert order[:2] == ["description", "revised"]
    page = desk.send("view_new", **form(do="up:revised"))  # the first stays the first
    assert [choice.key for choice in page.context["choices"]][:2] == ["revised", "description"]
    assert not SavedView.objects.exists()


def test_a_calculated_column_is_checked_named_shown_and_explained(desk: Desk) -> None:
    bad = {"calc_label": "Left to buy", "calc_expression": "revised - in_epr", "do": "check"}
    page = words(desk.send("view_new", **form(**bad)))
    assert "Unknown column “in_epr” at 11; did you mean in_erp?" in page
    assert "In formulas: <code>left_to_buy</code>" in page
    good = {"calc_label": "Part", "calc_expression": "modifications / original", "calc_kind": "percent"}
    desk.send("view_new", **form(**good))
    page = desk.get("page", view=SavedView.objects.get().pk)
    assert heads(page) == ["Cost code", "Revised", "Description", "Part"]
    assert 'data-col="part" class="figure-cell zero">0.0 %' in page.content.decode()
    assert "modifications / original. The total is calculated from the totals." in words(page)


@pytest.mark.parametrize("label", ["{", "Cost {0}", "{erp}", "{erp:>30000000}"])
def test_whatever_a_calculated_column_is_called_is_shown_as_it_was_typed(desk: Desk, label: str) -> None:
    desk.send("view_new", **form(calc_label=label, calc_expression="original * 2"))
    view = SavedView.objects.get()
    desk.send("view_default", view=view.pk)
    for name in ("page", "print", "rows"):
        page = desk.get(name, division="03")
        assert page.status_code == 200, name
        assert name == "rows" or unescape(heads(page)[-1]) == label, name
    assert desk.get("view_edit", view.pk).status_code == 200
    answer = desk.get("view_export", view=view.pk)
    sheet = CalamineWorkbook.from_filelike(BytesIO(b"".join(answer.streaming_content))).get_sheet_by_index(0)
    assert sheet.to_python()[0][-1] == label


def test_an_empty_cell_where_nothing_can_be_calculated_and_a_total_that_is_the_sum(desk: Desk) -> None:
    desk.send("view_new", **form(calc_label="Twice", calc_expression="original * 2"))
    page = desk.get("page", view=SavedView.objects.get().pk).content.decode()
    assert '<td data-col="twice" class="figure-cell">185,001.50</td>' in page.partition("<tfoot>")[2]
    view = SavedView.objects.get()
    view.calculated = [{**view.calculated[0], "expression": "in_erp * 2"}]
    view.save()
    assert (
        '<td data-col="twice" class="figure-cell none">–</td>'
        in desk.get("page", view=view.pk).content.decode()
    )


def test_a_view_whose_first_column_is_a_sum_still_names_its_divisions(desk: Desk) -> None:
    desk.send("view_new", **form(show=("revised",)))
    page = words(desk.get("page", view=SavedView.objects.get().pk))
    assert "</a> Concrete</th>" in page


def test_a_view_of_words_alone_has_no_sums(desk: Desk) -> None:
    desk.send("view_new", **form(show=("description", "unit")))
    assert heads(desk.get("page", view=SavedView.objects.get().pk)) == ["Cost code", "Description", "Unit"]


def test_a_link_with_a_view_works_for_those_it_is_shared_with_and_is_explained_to_others(desk: Desk) -> None:
    desk.send("view_new", **form())
    view = SavedView.objects.get()
    desk.log_in(desk.scene.ruth)
    page = desk.get("page", view=view.pk)
    assert "is another person’s own" in words(page)
    assert heads(page)[1] == "Job"
    assert desk.get("view_edit", view.pk).status_code == 404
    desk.log_in(desk.scene.dana).send("view_share", view.pk)
    assert heads(desk.log_in(desk.scene.ruth).get("page", view=view.pk))[1] == "Revised"
    page = words(desk.get("view_edit", view.pk))
    assert "This view cannot be changed by you" in page
    assert "Copy it" in page
    assert 'value="Buyout (copy)"' in words(desk.get("view_new", **{"from": view.pk}))


@pytest.mark.parametrize("asked", ["999999", "x", "-1", "1" * 30])
def test_a_view_that_is_no_view_shows_the_standard_one_and_says_so(desk: Desk, asked: str) -> None:
    page = desk.get("page", view=asked)
    assert page.status_code == 200
    assert "The view of this address was deleted" in words(page)


def test_the_second_of_two_editors_is_told_what_differs_and_may_put_it_over(desk: Desk) -> None:
    desk.send("view_new", **form())
    view = SavedView.objects.get()
    desk.send("view_share", view.pk)
    desk.log_in(desk.scene.tom).send("view_edit", view.pk, **form(name="Toms", version=1))
    desk.log_in(desk.scene.dana)
    answer = desk.send("view_edit", view.pk, **form(show=("revised",), version=1))
    assert answer.status_code == 409
    page = words(answer)
    assert "Tom Baptiste changed this view before you saved it." in page
    assert '<th scope="row">Columns</th><td>Revised, Description</td><td>Revised</td>' in page
    assert 'name="version" value="2"' in page
    assert desk.send("view_edit", view.pk, **form(show=("revised",), version=2)).status_code == 302


def test_deleting_asks_and_says_for_how_many_it_opens(desk: Desk) -> None:
    desk.send("view_new", **form())
    view = SavedView.objects.get()
    desk.send("view_share", view.pk)
    desk.log_in(desk.scene.tom).send("view_default", view=view.pk)
    assert heads(desk.get("page"))[1] == "Revised"
    desk.log_in(desk.scene.dana)
    page = words(desk.get("view_delete", view.pk))
    assert "Delete the view Buyout?" in page
    assert "For 1 other person it opens by itself" in page
    desk.send("view_delete", view.pk, version=1)
    assert not SavedView.objects.exists()
    assert heads(desk.log_in(desk.scene.tom).get("page"))[1] == "Job"


def test_a_view_is_taken_away_as_a_workbook_that_ties_with_the_page(desk: Desk) -> None:
    desk.send("view_new", **form(calc_label="=Twice", calc_expression="original * 2"))
    view = SavedView.objects.get()
    assert f"views/export/?view={view.pk}" in words(desk.get("page", view=view.pk))
    answer = desk.get("view_export", view=view.pk)
    sheet = CalamineWorkbook.from_filelike(BytesIO(b"".join(answer.streaming_content))).get_sheet_by_index(0)
    rows = sheet.to_python()
    assert rows[0] == ["Cost code", "Revised", "Description", "'=Twice"]
    assert rows[-1] == ["Total", 92500.75, "", 185001.5]
    assert len(rows) == 8
    assert "Quay Street Buyout" in answer["Content-Disposition"]


def test_a_view_opens_grouped_filtered_and_dense_as_it_says_and_lets_itself_be_changed(desk: Desk) -> None:
    desk.send("view_new", **form(by="type", only="warnings", density="compact"))
    view = SavedView.objects.get()
    opened = desk.get("view_open", view=view.pk)
    assert opened["Location"] == f"{desk.url('page')}?view={view.pk}&by=type&show=warnings#lines"
    assert opened.cookies["tieback_density"].value == "compact"
    page = desk.get("page", view=view.pk)
    assert not page.context["look"].filters  # an address that says less shows less
    desk.send("view_default", view=view.pk)
    assert desk.get("page")["Location"] == f"{desk.url('page')}?view={view.pk}&by=type&show=warnings"
    lost = desk.get("view_open", view="999")
    assert "was deleted" in words(desk.client.get(lost["Location"]))
    refused = desk.send("view_new", **form(name="x", by="moon", only="sun", density="thick"))
    assert set(refused.context["errors"]) == {"by", "only", "density"}


def test_a_list_says_whose_each_is_and_what_may_be_done(desk: Desk) -> None:
    desk.send("view_new", **form())
    page = words(desk.get("views"))
    for text in ("Standard", "Buyout", "Yours", "My default", "Make it my default", "Share"):
        assert text in page
    desk.send("view_share", SavedView.objects.get().pk)
    page = words(desk.log_in(desk.scene.ruth).get("views"))
    assert "Shared</span> by Dana Reyes" in page
    assert "Everybody in the company sees this view, so you may not change it." in page
