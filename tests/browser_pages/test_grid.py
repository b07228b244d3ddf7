"""The Cost Code Detail: rows by division, single rows, and links that land on a cell."""

import re

import pytest

from budgets import columns, links
from tests.browser_pages.conftest import Desk, words
from tests.support.scene import MAIN, SUB, add_line

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
