"""What the grid's editing asks for and is answered: every answer, without a browser."""

from functools import partial
from typing import Any

import pytest
from django.test import Client

from budgets.models import BudgetLine
from tests.browser_pages.conftest import Desk, words
from tests.support.scene import MAIN, SUB, lock, reject, send
from tests.workflow.racing import race, split
from workflow.models import Event
from workflow.submissions import new_id

pytestmark = pytest.mark.django_db


def type_in(desk: Desk, line: BudgetLine, *, follow: bool = True, **values: Any) -> Any:
    """Type into a cell of a line as it was seen, and get what the page gets."""
    form = {"submission": new_id(), "version": line.version, **values}
    return desk.client.post(desk.url("cell", line.pk), form, follow=follow)


def test_a_saved_cell_is_answered_with_its_row_every_sum_and_what_was_done(desk: Desk) -> None:
    answer = words(type_in(desk, desk.concrete, amount="(1,234.50)"))
    assert 'data-answer="saved"' in answer
    assert "Saved: 03-30-00 M, Original amount (1,234.50)." in answer
    assert f'data-line="{desk.concrete.pk}" data-version="1"' in answer
    assert '<td data-col="original" class="figure-cell negative">(1,234.50)</td>' in answer
    assert 'data-sums="|03"' in answer
    assert '<td data-col="original" class="figure-cell">51,266.25</td>' in answer  # the grand total
    assert 'id="standing"' in answer
    assert 'id="totals"' in answer
    desk.concrete.refresh_from_db()
    assert str(desk.concrete.amount) == "-1234.50"


def test_nothing_is_left_for_the_next_page_to_tell(desk: Desk) -> None:
    type_in(desk, desk.concrete, amount="5.00")
    assert "Saved:" not in words(desk.get("page"))


def test_a_fix_takes_its_blocker_off_the_list_at_once(desk: Desk) -> None:
    desk.send("line_add", cost_code="03-30-00", amount="5.00", description="No type yet")
    line = BudgetLine.objects.get(description="No type yet")
    assert "without a cost code or cost type" in words(desk.get("page"))
    assert "without a cost code or cost type" not in words(type_in(desk, line, cost_type="E"))


def test_sums_follow_the_levels_of_the_senders_page(desk: Desk) -> None:
    answer = words(type_in(desk, desk.concrete, amount="1.00", where="?by=job&line=7"))
    assert f'data-sums="{MAIN}|03"' in answer
    assert f'data-sums="{SUB}|"' in answer
    assert 'data-col="job"' not in answer


def test_the_numbers_beside_the_table_follow_the_filter_of_the_senders_page(desk: Desk) -> None:
    form = {"cost_code": "09-68-99", "cost_type": "S", "amount": "100.00", "where": "?q=09-68&show=warnings"}
    answer = words(desk.client.post(desk.url("add_here"), {"submission": new_id(), **form}, follow=True))
    assert '<span data-number-of="warnings">1</span>' in answer
    assert '<span data-number-of="rows">1 row</span>' in answer
    shown = answer.split('<tr data-sums="shown">')[1].split("</tr>")[0]
    assert "<td data-count>1 line</td>" in shown
    assert '<td data-col="original" class="figure-cell">100.00</td>' in shown
    whole = answer.split('<tr data-sums="|">')[1].split("</tr>")[0]
    assert '<td data-col="original" class="figure-cell">92,600.75</td>' in whole
    page = words(desk.get("page", q="09-68", show="warnings"))
    assert '<span class="count" data-number-of="warnings">1</span>' in page
    assert '<span data-number-of="rows">1 row</span>' in page
    assert '<tr class="shown" data-sums="shown">' in page


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("amount", "12x", "is not a number"),
        ("amount", "1.005", "more than 2 decimals"),
        ("amount", "99999999999999", "too large"),
        ("quantity", "1.23456", "more than 4 decimals"),
        ("description", "x" * 201, "At most 200 characters"),
        ("job", "26-0900", "is no job of this project"),
        ("automatic", "yes", "An automatic amount needs a quantity and a unit cost."),
    ],
)
def test_a_bad_value_is_refused_with_the_sentence_and_changes_nothing(
    desk: Desk, field: str, typed: str, told: str
) -> None:
    answer = type_in(desk, desk.concrete, **{field: typed})
    assert answer.status_code == 422
    assert 'data-answer="invalid"' in words(answer)
    assert told in words(answer)
    assert BudgetLine.objects.get(pk=desk.concrete.pk).version == 0


def test_a_cell_of_a_taken_code_names_the_line_that_has_it(desk: Desk) -> None:
    answer = type_in(desk, desk.concrete, cost_type="L")
    assert answer.status_code == 422
    assert "03-30-00 L is in this budget already" in words(answer)


def test_an_amount_follows_its_factors_until_it_is_typed(desk: Desk) -> None:
    line = desk.concrete
    for values in ({"quantity": "2.5"}, {"unit_cost": "10"}, {"amount": "="}):
        answer = words(type_in(desk, line, **values))
        line.refresh_from_db()
    assert (line.automatic, str(line.amount)) == (True, "25.00")
    assert "The amount is quantity × unit cost: 25.00." in answer
    assert 'data-follows="yes"' in answer
    assert "The amount is quantity × unit cost: 30.00." in words(type_in(desk, line, quantity="3"))
    line.refresh_from_db()
    assert "no longer follows quantity × unit cost" in words(type_in(desk, line, amount="31"))
    line.refresh_from_db()
    assert (line.automatic, str(line.amount)) == (False, "31.00")


def test_a_code_is_known_in_any_case_and_kept_as_text_where_it_is_unknown(desk: Desk) -> None:
    type_in(desk, desk.concrete, cost_type="e", unit="cy")
    desk.concrete.refresh_from_db()
    assert (desk.concrete.cost_type.code, desk.concrete.unit.code) == ("E", "CY")  # type: ignore[union-attr]
    answer = words(type_in(desk, desk.concrete, cost_code="03-99-99"))
    assert "03-99-99 is no cost code of this company; it is kept as you typed it." in answer
    assert 'data-group="|?"' in answer


def test_the_second_of_two_sees_who_was_first_what_they_did_and_both_values(desk: Desk) -> None:
    seen = desk.concrete
    as_tom = Desk(desk.scene).log_in(desk.scene.tom)
    type_in(as_tom, seen, amount="41,000.00")
    answer = type_in(desk, seen, amount="39000")
    assert answer.status_code == 409
    told = words(answer)
    assert 'data-answer="conflict" data-version="1"' in told
    assert "Tom Baptiste changed this line before you saved it." in told
    assert "Original amount: 40000.00 became 41000.00" in told
    assert '<th scope="row">Original amount</th><td>41000.00</td><td>39000</td>' in told
    seen.refresh_from_db()
    assert "Original amount 39,000.00" in words(type_in(desk, seen, amount="39000"))


def test_a_line_that_is_gone_says_so_and_can_be_added_again(desk: Desk) -> None:
    desk.send("line_delete", desk.concrete.pk)
    answer = type_in(desk, desk.concrete, amount="5")
    assert answer.status_code == 409
    assert 'data-answer="gone"' in words(answer)
    assert f'data-restore="{desk.concrete.pk}"' in words(answer)
    again = words(desk.client.post(desk.url("restore"), {"line": desk.concrete.pk}, follow=True))
    assert "Undone: 26-0288 03-30-00 M is here again, added as new" in again
    assert BudgetLine.objects.filter(budget=desk.scene.budget).count() == 6


def test_a_locked_budget_says_everything_that_stands_in_the_way(desk: Desk) -> None:
    lock(desk.scene)
    answer = type_in(desk, desk.concrete, amount="5")
    assert answer.status_code == 409
    assert 'data-answer="blocked"' in words(answer)
    assert "its original amounts are frozen" in words(answer)
    assert 'data-editable="no"' in words(desk.get("page"))
    why = words(desk.get("cell", desk.concrete.pk, column="original"))
    assert "its original amounts are frozen" in why


def test_a_reader_is_told_whom_to_ask(desk: Desk) -> None:
    reader = Desk(desk.scene).log_in(desk.scene.ruth)
    answer = type_in(reader, desk.concrete, amount="5")
    assert answer.status_code == 409
    assert "You may not edit lines of this budget. Ask Dana Reyes" in words(answer)
    assert "You may not edit lines" in words(reader.get("cell", desk.concrete.pk, column="original"))


def test_columns_nobody_types_and_posted_codes_say_why(desk: Desk) -> None:
    ask = partial(desk.get, "cell", desk.concrete.pk)
    assert 'data-answer="why"></div>' in words(ask(column="original"))
    assert "follows by itself" in words(ask(column="revised"))
    assert "worked out" in words(ask(column="cost"))
    BudgetLine.objects.filter(pk=desk.concrete.pk).update(was_posted=True)
    assert "its job, code and type stay" in words(ask(column="type"))
    assert 'data-posted="yes"' in words(desk.get("page"))


def test_another_budgets_line_is_no_cell_of_this_one(desk: Desk) -> None:
    theirs = desk.scene.other_budget.lines.get()
    assert type_in(desk, theirs, amount="5").status_code == 404
    assert desk.get("cell", theirs.pk, column="original").status_code == 404
    assert type_in(Desk(desk.scene).log_in(desk.scene.olga), desk.concrete, amount="5").status_code == 404
    assert (
        Client().post(desk.url("cell", desk.concrete.pk), {"amount": "5"}).status_code == 302
    )  # to the login
    theirs.refresh_from_db()
    assert str(theirs.amount) == "700.00"


def test_the_same_save_sent_twice_has_one_effect_and_one_answer(desk: Desk) -> None:
    form = {"submission": new_id(), "version": 0, "amount": "5.00"}
    answers = [
        words(desk.client.post(desk.url("cell", desk.concrete.pk), form, follow=True)) for _ in range(2)
    ]
    assert all("Saved: 03-30-00 M, Original amount 5.00." in answer for answer in answers)
    assert BudgetLine.objects.get(pk=desk.concrete.pk).version == 1


def test_whatever_is_no_field_saves_nothing(desk: Desk) -> None:
    answer = type_in(desk, desk.concrete, was_posted="yes")
    assert answer.status_code == 422
    assert "Nothing was typed" in words(answer)


def test_codes_are_found_by_code_and_by_words(desk: Desk) -> None:
    def offered(field: str, search: str) -> str:
        return words(desk.get("choose", field=field, search=search))

    assert 'data-code="03-30-00"' in offered("cost_code", "03")
    assert 'data-code="03-30-00"' in offered("cost_code", "place concr")
    assert 'data-code="09-68-00"' not in offered("cost_code", "concr")
    assert 'data-code="03"' not in offered("cost_code", "")  # a division carries no money
    assert 'data-code="E"' in offered("cost_type", "equip")
    assert f'data-code="{SUB}"' in offered("job", "")
    assert 'data-code="26-0900"' not in offered("job", "26")
    assert 'data-code="CY"' in offered("unit", "cubic")
    assert desk.get("choose", field="amount", search="").status_code == 404


def test_lines_are_added_in_place_and_what_is_wrong_is_named_by_field(desk: Desk) -> None:
    form = {"submission": new_id(), "cost_code": "09-68-00", "cost_type": "e", "amount": "1,500.25"}
    answer = words(desk.client.post(desk.url("add_here"), form, follow=True))
    assert "Added 26-0288 09-68-00 E." in answer
    assert 'data-group="|09"' in answer
    bad = desk.send("add_here", cost_code="09-68-00", cost_type="S", amount="x")
    assert bad.status_code == 422
    assert '<p class="error" data-field="amount">' in words(bad)


def test_a_line_added_in_place_has_a_code_and_a_type_and_an_unknown_code_gets_a_suggestion(
    desk: Desk,
) -> None:
    bare = desk.send("add_here", cost_code=" ", cost_type="", description="Carpet", amount="x")
    assert bare.status_code == 422
    assert '<p class="error" data-field="cost_code">Enter a cost code.</p>' in words(bare)
    assert '<p class="error" data-field="cost_type">Enter a cost type.</p>' in words(bare)
    assert 'data-field="amount"' in words(bare)
    narrow = words(desk.send("add_here", cost_code="09-68-00"))
    assert "Enter a cost type. This view has no column for it: choose another view" in narrow
    form = {"submission": new_id(), "cost_code": "09-68-0O", "cost_type": "S"}
    answer = words(desk.client.post(desk.url("add_here"), form, follow=True))
    assert (
        "09-68-0O is no cost code of this company; it is kept as you typed it. Did you mean 09-68-00?"
        in answer
    )


def test_deleting_several_asks_first_with_their_number_and_sum(desk: Desk) -> None:
    lines = [desk.concrete.pk, desk.labor.pk]
    asked = words(desk.get("delete_many", line=lines))
    assert "Delete these 2 lines?" in asked
    assert "55,000.00" in asked
    answer = desk.client.post(desk.url("delete_many"), {"line": lines, "submission": new_id()}, follow=True)
    assert "Deleted 2 lines. Undo brings them back." in words(answer)
    assert f'data-gone="{desk.labor.pk}"' in words(answer)
    assert BudgetLine.objects.filter(budget=desk.scene.budget).count() == 4


def test_a_line_without_code_is_called_that_where_it_is_told_of(desk: Desk) -> None:
    desk.send("line_add", cost_type="S", description="No code yet", amount="5.00")
    line = BudgetLine.objects.get(description="No code yet")
    asked = words(desk.get("delete_many", line=[line.pk]))
    assert f"Delete {MAIN} line without code (S)?" in asked
    desk.send("delete_many", line=[line.pk])
    assert Event.objects.latest("seq").sentence == "Deleted a line without code (S)"


def test_deleting_several_says_which_must_stay_and_why_and_deletes_none(desk: Desk) -> None:
    BudgetLine.objects.filter(pk=desk.concrete.pk).update(was_posted=True)
    lines = [desk.concrete.pk, desk.labor.pk]
    asked = words(desk.get("delete_many", line=lines))
    assert "Nothing is deleted: not all of these 2 lines can go" in asked
    assert "26-0288 03-30-00 M</a>" in asked
    assert "data-delete=" not in asked
    refused = desk.send("delete_many", line=lines)
    assert refused.status_code == 409
    assert "This line was posted in the ERP, so it stays." in words(refused)
    assert BudgetLine.objects.filter(budget=desk.scene.budget).count() == 6


def test_lines_that_are_gone_are_not_deleted_twice(desk: Desk) -> None:
    desk.send("delete_many", line=desk.concrete.pk)
    assert "Nothing to delete" in words(desk.get("delete_many", line=desk.concrete.pk))
    assert desk.send("delete_many", line=desk.concrete.pk).status_code == 409
    theirs = desk.scene.other_budget.lines.get()
    assert desk.send("delete_many", line=theirs.pk).status_code == 409


def test_lines_with_an_open_remark_are_told_to_the_page_until_they_are_changed(desk: Desk) -> None:
    lock(desk.scene)
    reject(desk.scene, send(desk.scene), remarks={desk.concrete.pk: "Why?", desk.labor.pk: "Too low"})
    wanting = f'id="sheet-remarks" data-lines="{desk.labor.pk} {desk.concrete.pk} "'
    assert wanting in words(desk.get("page"))
    desk.send("act", "unlock")
    answer = words(type_in(desk, desk.labor, amount="5"))
    assert f'id="sheet-remarks" data-lines="{desk.concrete.pk} "' in answer


@pytest.mark.django_db(transaction=True)
def test_eight_people_raise_one_amount_and_no_step_is_lost(desk: Desk) -> None:
    """Each types over what was read, and looks again when somebody was faster."""
    people = [Desk(desk.scene, Client()).log_in(desk.scene.dana) for _ in range(8)]

    def raise_it(person: Desk) -> None:
        for _ in range(100):
            seen = BudgetLine.objects.get(pk=desk.concrete.pk)
            if type_in(person, seen, follow=False, amount=str(seen.amount + 1)).status_code == 302:
                return
        raise AssertionError("never got through")

    split(race(*(partial(raise_it, person) for person in people)), AssertionError)
    line = BudgetLine.objects.get(pk=desk.concrete.pk)
    assert (str(line.amount), line.version) == ("40008.00", 8)
    assert Event.objects.filter(action="edit_line").count() == 8
