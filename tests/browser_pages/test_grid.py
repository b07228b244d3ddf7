"""The Cost Code Detail: rows by division, single rows, and links that land on a cell."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from budgets import links, services
from budgets.files import spreadsheets
from budgets.grid import columns
from budgets.grid import groups as grid
from budgets.importing import loading as imports
from projects.models import CostCode
from tests.browser_pages.conftest import Desk, words
from tests.support.scene import MAIN, SUB, add_line, lock, modify, read, reject, send

pytestmark = pytest.mark.django_db


def row_of(page: str, pk: int) -> str:
    """One row's HTML."""
    found = re.search(rf'<tr class="line" id="line-{pk}".*?</tr>', page)
    assert found is not None
    return found[0]


def test_a_row_is_the_same_on_the_page_among_its_division_and_alone(desk: Desk) -> None:
    page, division, alone = (
        desk.get("page"),
        desk.get("rows", division="03"),
        desk.get("row", line=desk.concrete.pk),
    )
    rows = {row_of(answer.content.decode(), desk.concrete.pk) for answer in (page, division, alone)}
    assert len(rows) == 1
    assert f'data-version="{desk.concrete.version}"' in rows.pop()
    assert words(alone).count("<tr") == 1


def test_the_rows_of_a_division_are_of_one_job_where_the_address_names_it(desk: Desk) -> None:
    assert words(desk.get("rows", division="03")).count('<tr class="line"') == 3
    assert words(desk.get("rows", division="03", job=SUB)).count('<tr class="line"') == 1
    unknown = add_line(desk.scene.budget, desk.scene.dana, MAIN, "no such", "M", "1.00")
    assert f'id="line-{unknown.pk}"' in words(desk.get("rows", division="?"))


def test_each_cell_names_its_column_and_each_head_the_field_that_may_be_changed(desk: Desk) -> None:
    page = desk.get("page").content.decode()
    cells = re.findall(r'data-col="(\w+)"', row_of(page, desk.concrete.pk))
    assert cells == [column.key for column in columns.chosen()]
    head = page[page.index("<thead>") : page.index("</thead>")]
    assert re.findall(r'data-field="(\w+)"', head) == [c.field for c in columns.chosen() if c.field]


def test_what_the_erp_holds_on_no_line_is_said_beside_the_total(desk: Desk) -> None:
    desk.scene.sheet.hold(MAIN, "03-30-00", "2000", "100.00")
    desk.scene.sheet.hold(MAIN, "09-68-00", "3000", "6500.00")
    read(desk.scene)
    total = words(desk.get("page")).partition("<tfoot>")[2]
    assert re.search(r"CMiC holds .*6,500\.00.* more on codes that are no line here", total)
    assert "100.00" in total.partition("no line here")[2]
    add_line(desk.scene.budget, desk.scene.dana, MAIN, "09-68-00", "E", "0.00")
    assert "more on codes" not in words(desk.get("page"))


HOSTILE = '"><script>alert(1)</script>'


def test_what_people_typed_is_text_wherever_a_row_is_written(desk: Desk) -> None:
    typed = {
        "cost_code": HOSTILE,
        "cost_type": "<i>'",
        "unit": '"><b>',
        "description": HOSTILE,
        "amount": "1",
    }
    line = services.add_line(desk.scene.budget, user=desk.scene.dana, now=timezone.now(), values=typed)
    CostCode.objects.filter(code="03").update(name=HOSTILE)
    places = [
        desk.get("page"),
        desk.get("row", line=line.pk),
        desk.get("rows", division="?"),
        desk.get("print"),
    ]
    for place in (
        *places,
        desk.get("page", q=HOSTILE),
        desk.get("page", by="type"),
        desk.get("line_about", line.pk),
    ):
        assert place.status_code == 200
        html = place.content.decode()
        assert "&lt;script&gt;" in html
        assert not [part for part in ("<script>alert", "<i>", "<b>") if part in html]


@pytest.mark.parametrize("name", ["rows", "row"])
def test_another_companys_people_get_no_rows(desk: Desk, name: str) -> None:
    query = {"division": "03", "line": str(desk.concrete.pk)}
    assert desk.log_in(desk.scene.olga).get(name, **query).status_code == 404


@pytest.mark.parametrize("pk", ["", "x", "999999", "²", "99999999999999999999"])
def test_a_row_that_is_not_there_is_not_found(desk: Desk, pk: str) -> None:
    assert desk.get("row", line=pk).status_code == 404


def test_a_link_to_a_cell_names_line_and_column(desk: Desk) -> None:
    link = links.cell(desk.concrete, desk.scene.project.pk, "original")
    assert link == f"{desk.url('page')}?line={desk.concrete.pk}&cell=original#line-{desk.concrete.pk}"


# -- sums, groups, filters ------------------------------------------------------------------------------------


def sums_of(page: str, key: str) -> list[str]:
    """The amounts of the group with this key, `|` for the total: original, modifications, revised and so on."""
    found = re.search(rf'<tr[^>]*data-sums="{re.escape(key)}".*?</tr>', page, re.DOTALL)
    assert found is not None, key
    return re.findall(r'figure-cell[^"]*">([^<]*)</td>', found[0])


def body(answer: Any) -> str:
    """A page as it came."""
    return answer.content.decode()


@pytest.fixture
def many_shown_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Budgets of more than four lines are long, and two rows are many."""
    monkeypatch.setattr(grid, "WHOLE", 4)
    monkeypatch.setattr(grid, "WINDOW", 2)
    monkeypatch.setattr(grid, "MOST_ROWS", 4)


def test_every_grouping_sums_to_the_same_total(desk: Desk) -> None:
    lock(desk.scene)
    modify(
        desk.scene, "More concrete", ((MAIN, "03-30-00", "M"), "500.25"), ((MAIN, "09-68-00", "S"), "-500.25")
    )
    by_division, by_type, by_job = (body(desk.get("page", by=by)) for by in ("division", "type", "job"))
    for page in (by_division, by_type, by_job):
        assert sums_of(page, "|")[:3] == ["92,500.75", "0.00", "92,500.75"]
    assert sums_of(by_division, "|03")[:3] == ["60,000.25", "500.25", "60,500.50"]
    assert sums_of(by_type, "|M")[:3] == ["45,000.25", "500.25", "45,500.50"]
    assert sums_of(by_job, f"{MAIN}|03")[:3] == ["55,000.00", "500.25", "55,500.25"]
    assert sums_of(by_job, f"{SUB}|")[:3] == ["5,000.25", "0.00", "5,000.25"]


def test_sent_held_and_differing_amounts_are_summed_as_the_rows_show_them(desk: Desk) -> None:
    desk.scene.sheet.hold(MAIN, "03-30-00", "4000", "100.00")
    lock(desk.scene)
    send(desk.scene)
    page = body(desk.get("page"))
    rows = [row_of(page, line.pk) for (_, code, _), line in desk.scene.lines.items() if code == "03-30-00"]
    cells = [dict(re.findall(r'data-col="(\w+)" class="figure-cell[^"]*">([^<]*)<', row)) for row in rows]
    for place, key in enumerate(("original", "modifications", "revised", "sent", "in_erp", "difference")):
        assert as_money(sums_of(page, "|03")[place]) == sum(as_money(cell[key]) for cell in cells), key


def as_money(text: str) -> Decimal:
    """An amount of the page as a number."""
    number = Decimal(text.strip("()").replace(",", ""))
    return -number if text.startswith("(") else number


@pytest.mark.usefixtures("many_shown_closed")
def test_a_long_budget_shows_its_sums_and_each_division_on_demand(desk: Desk) -> None:
    closed = body(desk.get("page"))
    assert '<tr class="line"' not in closed
    assert sums_of(closed, "|03")[0] == "60,000.25" and sums_of(closed, "|")[0] == "92,500.75"
    opened = body(desk.get("page", open="|09"))
    assert opened.count('<tr class="line"') == 2
    assert body(desk.get("page", expand="all")).count('<tr class="line"') == 6


@pytest.mark.usefixtures("many_shown_closed")
def test_a_long_division_is_shown_in_windows_that_follow_one_another(desk: Desk) -> None:
    first, rest = body(desk.get("page", open="|03")), body(desk.get("page", open="|03", start="2"))
    assert "Rows 1 to 2 of 3" in first and "Show the next 1" in first
    assert "Rows 3 to 3 of 3" in rest and "Show rows before" in rest
    shown = [re.findall(r'id="line-(\d+)"', page) for page in (first, rest)]
    assert [len(rows) for rows in shown] == [2, 1] and not {*shown[0]} & {*shown[1]}
    beyond = body(desk.get("page", open="|03", start="900"))
    assert re.findall(r'id="line-(\d+)"', beyond) == shown[1]


@pytest.mark.usefixtures("many_shown_closed")
def test_a_page_never_holds_more_rows_than_are_quick_unless_somebody_wants_them_all(desk: Desk) -> None:
    page = body(desk.client.get(desk.url("page") + "?open=|01&open=|03&open=|09"))
    assert page.count('<tr class="line"') == 3
    assert page.count('aria-expanded="true"') == 2


@pytest.mark.usefixtures("many_shown_closed")
def test_a_link_to_a_line_opens_its_division_at_its_rows(desk: Desk) -> None:
    last = desk.scene.lines[SUB, "03-30-00", "M"]
    answer = desk.client.get(links.cell(last, desk.scene.project.pk, "original"))
    assert f'id="line-{last.pk}"' in body(answer)


def test_search_finds_codes_and_words_together(desk: Desk) -> None:
    desk.send(
        "line_edit", desk.concrete.pk, **desk.line_form(desk.concrete, description="Slab 100% on grade")
    )
    for words_, expected in (
        ("03-30", 3),
        ("slab grade", 1),
        ("03-30 labor", 1),
        ("carpet", 2),
        (SUB, 2),
        ("%", 1),
        ("_", 0),
        ("slab carpet", 0),
    ):
        found = body(desk.get("page", q=words_))
        assert found.count('<tr class="line"') == expected, words_
        assert ("No line matches" in found) is not bool(expected), words_


def test_filters_combine_and_say_that_the_sums_are_of_what_is_shown(desk: Desk) -> None:
    desk.scene.sheet.hold(MAIN, "03-30-00", "4000", "40000.00")
    read(desk.scene)
    odd = add_line(desk.scene.budget, desk.scene.dana, MAIN, "no such", "M", "1.00")
    page = words(desk.get("page"))
    assert "Differs from CMiC" in page
    warned = body(desk.get("page", show="warnings"))
    assert re.findall(r'id="line-(\d+)"', warned) == [str(odd.pk)]
    assert "1 line</span>: the sums above are of these" in warned
    assert sums_of(warned, "|")[0] == "92,501.75"
    both = desk.client.get(desk.url("page") + "?show=warnings&show=differs&q=03-30")
    assert "No line matches" in words(both) and "Show all 7 lines" in words(both)


def test_what_was_changed_since_the_last_send_is_marked_and_found(desk: Desk) -> None:
    lock(desk.scene)
    send(desk.scene)
    assert "changed since sent" not in words(desk.get("page"))
    desk.send("act", "retrieve")
    desk.send("act", "unlock")
    desk.concrete.refresh_from_db()
    desk.send("line_edit", desk.concrete.pk, **desk.line_form(desk.concrete, amount="41000.00"))
    shown = body(desk.get("page", show="changed"))
    assert re.findall(r'id="line-(\d+)"', shown) == [str(desk.concrete.pk)]
    assert "changed since sent" in row_of(shown, desk.concrete.pk)


def test_a_remark_is_marked_shown_below_its_line_and_found(desk: Desk) -> None:
    lock(desk.scene)
    batch = send(desk.scene)
    reject(desk.scene, batch, remarks={desk.concrete.pk: "Too high."})
    shown = body(desk.get("page", show="remarks"))
    assert re.findall(r'id="line-(\d+)"', shown) == [str(desk.concrete.pk)]
    for answer in (
        shown,
        body(desk.get("rows", division="03")),
        body(desk.get("row", line=desk.concrete.pk)),
    ):
        assert "Too high." in answer


def test_the_dense_grid_is_remembered(desk: Desk) -> None:
    answer = desk.send("density", density="compact", back=desk.url("page") + "?by=type")
    assert answer["Location"] == desk.url("page") + "?by=type"
    assert 'class="scroll grid compact"' in body(desk.get("page"))
    for back in ("https://evil.example/", f"{desk.url('page')}../../../admin/", f"{desk.url('page')}%2e%2e/"):
        elsewhere = desk.send("density", density="comfortable", back=back)
        assert elsewhere["Location"] == desk.url("page"), back
    assert 'class="scroll grid compact"' not in body(desk.get("page"))


@pytest.mark.usefixtures("many_shown_closed")
def test_paper_holds_every_row_with_sums_job_and_state(desk: Desk) -> None:
    page = desk.get("print")
    assert body(page).count('<tr class="line"') == 6
    assert sums_of(body(page), "|")[0] == "92,500.75"
    assert MAIN in words(page) and "Draft" in words(page) and "Printed" in words(page)
    assert "Not the whole budget: 2 of 6 lines" in re.sub("<[^>]+>", "", words(desk.get("print", q="carpet")))


def test_all_that_is_known_about_a_line_stands_on_its_page_and_in_the_panel(desk: Desk) -> None:
    desk.send("line_edit", desk.concrete.pk, **desk.line_form(desk.concrete, amount="41000.00"))
    lock(desk.scene)
    key = (MAIN, "03-30-00", "M")
    modify(desk.scene, "Buyout", (key, "-1000.00"), ((MAIN, "03-30-00", "L"), "1000.00"))
    for name in ("line_edit", "line_about"):
        page = words(desk.get(name, desk.concrete.pk))
        assert "<del>40,000.00</del> → <ins>41,000.00</ins>" in page, name
        assert "Modification 1" in page and "(1,000.00)" in page and "Dana Reyes" in page
    assert "<del>" not in words(desk.log_in(desk.scene.ruth).get("line_about", desk.concrete.pk))


def test_the_panel_of_another_companys_line_is_not_found(desk: Desk) -> None:
    assert desk.log_in(desk.scene.olga).get("line_about", desk.concrete.pk).status_code == 404


def test_an_address_that_makes_no_sense_shows_the_plain_page(desk: Desk) -> None:
    for query in (
        "by=x",
        "start=x",
        "start=-1",
        "expand=x",
        "show=x",
        "open=x",
        "line=0",
        "line=" + 30 * "9",
    ):
        assert body(desk.client.get(f"{desk.url('page')}?{query}")).count('<tr class="line"') == 6, query


# -- many lines -----------------------------------------------------------------------------------------------


def asked(desk: Desk, **query: Any) -> int:
    """How many questions the page asks the database."""
    desk.get("page", **query)  # what the first page of a session asks for once
    with CaptureQueriesContext(connection) as questions:
        desk.get("page", **query)
    return len(questions)


def import_many(desk: Desk, number: int, *, first: int = 0) -> None:
    """Dana imports a file of so many lines, each with a code of its own."""
    places = range(first, first + number)
    company = desk.scene.company
    CostCode.objects.bulk_create(
        CostCode(company=company, code=f"{place % 40 + 50}-{place:05}", division=f"{place % 40 + 50}")
        for place in places
    )
    rows = [f"{MAIN},{place % 40 + 50}-{place:05},M,Line {place},1.00" for place in places]
    data = "\n".join(["job,cost_code,cost_type,description,amount", *rows]).encode()
    imports.import_rows(
        desk.scene.budget,
        user=desk.scene.dana,
        now=timezone.now(),
        sheet=spreadsheets.read(data=data),
        source="many.csv",
    )


def test_the_page_asks_as_much_of_the_database_for_a_thousand_lines_as_for_ten(desk: Desk) -> None:
    queries = ({}, {"by": "job"}, {"q": "line", "show": "warnings"}, {"open": "|03"})
    import_many(desk, 10)
    few = [asked(desk, **query) for query in queries]
    import_many(desk, 990, first=10)
    page = body(desk.get("page"))
    assert '<tr class="line"' not in page and len(page) < 150_000
    assert [asked(desk, **query) for query in queries] == few
