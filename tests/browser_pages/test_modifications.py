"""Writing modifications through their pages."""

from decimal import Decimal
from typing import Any

import pytest

from budgets.models import BudgetLine, Modification
from budgets.modifications.forms import MOST_ROWS
from budgets.services import save_modification
from tests.browser_pages.conftest import Desk, words
from tests.support.scene import lock

pytestmark = pytest.mark.django_db


def form(desk: Desk, *amounts: str, **more: Any) -> dict[str, Any]:
    lines = [desk.concrete.pk, desk.labor.pk, ""][: len(amounts)]
    return {
        "title": "Buyout savings",
        "date": "2026-11-20",
        "note": "",
        "line": lines,
        "amount": list(amounts),
        **more,
    }


def test_a_transfer_is_made_effective_in_one_go(desk: Desk) -> None:
    lock(desk.scene)
    answer = desk.send("modification_new", **form(desk, "(1,000.50)", "1000.50", then="effective"))
    modification = Modification.objects.get()
    assert answer["Location"] == desk.url("modification", modification.pk)
    assert (modification.state, modification.number) == ("effective", 1)
    page = words(desk.client.get(answer["Location"]))
    assert "Modification 1 is effective. Send the budget to bring it to accounting." in page
    assert "(1,000.50)" in page


def test_what_does_not_balance_stays_a_draft_and_says_by_how_much(desk: Desk) -> None:
    lock(desk.scene)
    answer = desk.send("modification_new", **form(desk, "24000", then="effective"))
    page = words(desk.client.get(answer["Location"]))
    assert Modification.objects.get().state == "draft"
    assert "Saved as a draft, but it does not count yet" in page
    assert "out of balance by 24,000.00" in page


def test_rows_that_cannot_be_read_come_back_as_typed_with_a_sentence_each(desk: Desk) -> None:
    lock(desk.scene)
    values = form(desk, "12,34", "1.005", "7.00", then="draft")
    answer = desk.send("modification_new", **values)
    page = words(answer)
    assert answer.status_code == 422
    assert "3 rows to put right below." in page
    assert 'value="12,34"' in page
    assert "more than 2 decimals" in page
    assert "Choose the line this amount belongs to." in page
    assert 'value="Buyout savings"' in page
    assert not Modification.objects.exists()


def test_a_modification_of_a_draft_budget_is_refused_and_nothing_typed_is_lost(desk: Desk) -> None:
    answer = desk.send("modification_new", **form(desk, "1.00", "-1.00", then="effective"))
    assert answer.status_code == 409
    assert "The budget is a draft. Lock it first." in words(answer)
    assert 'value="Buyout savings"' in words(answer)


def test_the_second_writer_of_a_modification_is_told(desk: Desk) -> None:
    lock(desk.scene)
    desk.send("modification_new", **form(desk, "1.00", "-1.00", then="draft"))
    draft = Modification.objects.get()
    first = form(desk, "2.00", "-2.00", then="draft", version=draft.version)
    assert desk.send("modification_edit", draft.pk, **first).status_code == 302
    second = form(desk, "3.00", "-3.00", then="draft", version=draft.version)
    answer = desk.send("modification_edit", draft.pk, **second)
    assert answer.status_code == 409
    assert "changed this modification before you saved it" in words(answer)
    assert 'value="3.00"' in words(answer)


def test_a_draft_is_made_effective_voided_and_stays_in_the_list(desk: Desk) -> None:
    lock(desk.scene)
    desk.send("modification_new", **form(desk, "1.00", "-1.00", then="draft"))
    draft = Modification.objects.get()
    desk.send("modification_act", draft.pk, "make_effective", version=draft.version)
    assert "Void this modification?" in words(desk.get("modification_act", draft.pk, "void"))
    desk.send("modification_act", draft.pk, "void")
    page = words(desk.get("modifications"))
    assert "Buyout savings" in page
    assert "Void" in page


def test_nobody_lets_count_or_overwrites_what_was_changed_since_they_looked(desk: Desk) -> None:
    lock(desk.scene)
    desk.send("modification_new", **form(desk, "1.00", "-1.00", then="draft"))
    draft = Modification.objects.get()
    assert f'name="version" value="{draft.version}"' in words(desk.get("modification", draft.pk))
    changed = form(desk, "2.00", "-2.00", then="draft", version=draft.version)
    desk.send("modification_edit", draft.pk, **changed)
    for seen in ({"version": draft.version}, {}):
        answer = desk.send("modification_act", draft.pk, "make_effective", **seen)
        assert answer.status_code == 409
        assert "Dana Reyes changed this modification before you made it effective." in words(answer)
        api = desk.client.post(
            f"/api/v1/budgets/{desk.scene.project.pk}/modifications/{draft.pk}/make-effective/",
            {"version": draft.version},
            content_type="application/json",
        )
        assert api.status_code == 409
    unseen = form(desk, "3.00", "-3.00", then="draft")
    assert desk.send("modification_edit", draft.pk, **unseen).status_code == 409
    draft.refresh_from_db()
    assert draft.state == "draft"


def many_lines(desk: Desk, number: int) -> list[BudgetLine]:
    line = desk.concrete
    return BudgetLine.objects.bulk_create(
        BudgetLine(
            budget=desk.scene.budget,
            job=line.job,
            cost_code_text=f"X-{place:05}",
            cost_type=line.cost_type,
            changed_by=desk.scene.dana,
            changed_at=line.changed_at,
        )
        for place in range(number)
    )


def test_more_lines_than_the_form_takes_are_refused_and_not_cut(desk: Desk) -> None:
    lock(desk.scene)
    lines = many_lines(desk, MOST_ROWS + 1)
    amounts = ["1.00"] * MOST_ROWS + [f"-{MOST_ROWS}.00"]
    values = form(desk) | {"line": [line.pk for line in lines], "amount": amounts, "then": "draft"}
    answer = desk.send("modification_new", **values)
    assert answer.status_code == 422
    assert "This form takes at most 500 lines." in words(answer)
    assert words(answer).count('name="amount"') == MOST_ROWS + 1
    assert not Modification.objects.exists()


def test_a_modification_larger_than_the_form_is_shown_and_loses_no_line(desk: Desk) -> None:
    lock(desk.scene)
    now = desk.concrete.changed_at
    pairs = [(line, Decimal(1)) for line in many_lines(desk, MOST_ROWS + 1)]
    big = save_modification(
        desk.scene.budget, user=desk.scene.dana, now=now, title="Big", date=now.date(), lines=pairs
    )
    page = desk.get("modification_edit", big.pk)
    assert "This modification has more than 500 lines" in words(page)
    assert 'name="amount"' not in words(page)
    small = form(desk, "1.00", "-1.00", then="draft", version=big.version)
    assert desk.send("modification_edit", big.pk, **small).status_code == 409
    assert big.lines.count() == MOST_ROWS + 1


def test_whoever_does_not_confirm_goes_back_to_the_thing_itself(desk: Desk) -> None:
    lock(desk.scene)
    desk.send("modification_new", **form(desk, "1.00", "-1.00", then="draft"))
    draft = Modification.objects.get()
    for page, home in (
        (desk.url("act", "unlock"), desk.url("page")),
        (desk.url("act", "retrieve"), desk.url("page")),
        (
            desk.url("modification_act", draft.pk, "delete_modification"),
            desk.url("modification", draft.pk),
        ),
    ):
        asked = words(desk.client.get(page, headers={"referer": "https://evil.example/"}))
        assert f'href="{home}">No, go back' in asked
        assert "evil" not in asked
