"""Adding, editing and deleting lines through their pages."""

import pytest

from budgets.models import BudgetLine
from tests.browser_pages.conftest import Desk, words
from tests.support.scene import lock
from workflow.submissions import new_id

pytestmark = pytest.mark.django_db


def test_a_line_is_added_with_amounts_the_way_people_write_them(desk: Desk) -> None:
    answer = desk.send(
        "line_add", cost_code="09-68-00", cost_type="E", amount="(1,234.50)", unit="CY", quantity="1"
    )
    line = BudgetLine.objects.get(cost_code__code="09-68-00", cost_type__code="E")
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"#line-{line.pk}")
    assert str(line.amount) == "-1234.50"
    assert "(1,234.50)" in words(desk.get("page"))


def test_a_bad_amount_comes_back_with_the_sentence_beside_the_field(desk: Desk) -> None:
    answer = desk.send(
        "line_add", cost_code="09-68-00", cost_type="S", amount="1.005", description="Carpet tiles"
    )
    assert answer.status_code == 422
    assert "more than 2 decimals" in words(answer)
    assert 'value="1.005"' in words(answer)
    assert 'value="Carpet tiles"' in words(answer)
    assert not BudgetLine.objects.filter(description="Carpet tiles").exists()


def test_the_second_editor_is_told_and_keeps_what_she_typed(desk: Desk) -> None:
    seen = desk.line_form(desk.concrete, amount="950.00", description="Her words")
    desk.send("line_edit", desk.concrete.pk, **desk.line_form(desk.concrete, amount="990.00"))
    answer = desk.send("line_edit", desk.concrete.pk, **seen)
    assert answer.status_code == 409
    assert "changed this line before you saved it" in words(answer)
    assert '<th scope="row">Original amount</th><td>990.00</td><td>950.00</td>' in words(answer)
    assert 'value="Her words"' in words(answer)
    desk.concrete.refresh_from_db()
    assert str(desk.concrete.amount) == "990.00"


def test_after_the_warning_the_second_editor_may_save_over_the_first(desk: Desk) -> None:
    desk.send("line_edit", desk.concrete.pk, **desk.line_form(desk.concrete, amount="990.00"))
    told = desk.send("line_edit", desk.concrete.pk, **desk.line_form(desk.concrete, amount="950.00"))
    assert f'name="version" value="{desk.concrete.version + 1}"' in words(told)
    again = desk.line_form(desk.concrete, amount="950.00", version=desk.concrete.version + 1)
    assert desk.send("line_edit", desk.concrete.pk, **again).status_code == 302


def test_whoever_edits_a_line_that_is_gone_is_told_and_shown_what_was_typed(desk: Desk) -> None:
    form = desk.line_form(desk.concrete, description="Words I typed")
    desk.send("line_delete", desk.concrete.pk)
    answer = desk.send("line_edit", desk.concrete.pk, **form)
    assert answer.status_code == 409
    assert "Somebody deleted this line" in words(answer)
    assert "Words I typed" in words(answer)


def test_deleting_asks_first_and_says_what_goes(desk: Desk) -> None:
    assert "Delete this line?" in words(desk.get("line_delete", desk.concrete.pk))
    assert BudgetLine.objects.filter(pk=desk.concrete.pk).exists()
    desk.send("line_delete", desk.concrete.pk)
    assert not BudgetLine.objects.filter(pk=desk.concrete.pk).exists()


def test_a_locked_line_shows_why_it_cannot_be_edited_instead_of_a_form(desk: Desk) -> None:
    lock(desk.scene)
    page = words(desk.get("line_edit", desk.concrete.pk))
    assert "This line cannot be edited now" in page
    assert "The budget is locked, so its original amounts are frozen." in page
    assert 'name="amount"' not in page
    refused = desk.send("line_edit", desk.concrete.pk, **desk.line_form(desk.concrete, amount="1.00"))
    assert refused.status_code == 409
    assert "The budget is locked" in words(refused)


def test_the_same_form_twice_adds_one_line_and_gets_the_same_answer(desk: Desk) -> None:
    form = {"submission": new_id(), "cost_code": "09-68-00", "cost_type": "E", "amount": "5.00"}
    answers = [desk.client.post(desk.url("line_add"), form) for _ in range(3)]
    assert {answer["Location"] for answer in answers} == {answers[0]["Location"]}
    assert BudgetLine.objects.filter(cost_code__code="09-68-00", cost_type__code="E").count() == 1


def test_a_line_of_another_budget_is_no_page_of_this_one(desk: Desk) -> None:
    assert desk.get("line_edit", 999_999).status_code == 404


def test_a_form_that_another_person_opened_is_refused(desk: Desk) -> None:
    form = {"submission": new_id(), "cost_code": "09-68-00", "cost_type": "E", "amount": "5.00"}
    desk.client.post(desk.url("line_add"), form)
    answer = desk.log_in(desk.scene.tom).client.post(desk.url("line_add"), form)
    assert answer.status_code == 409
    assert "This form belongs to another login" in words(answer)
