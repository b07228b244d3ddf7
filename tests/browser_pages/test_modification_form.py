"""The form of a modification without JavaScript: lines found, balanced and spread by plain buttons."""

from typing import Any

import pytest

from budgets.models import BudgetLine, Modification
from tests.browser_pages.conftest import Desk, words
from tests.support.scene import MAIN, SUB, lock, modify
from workflow.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def locked(desk: Desk) -> None:
    """A modification is of a locked budget."""
    lock(desk.scene)


def press(desk: Desk, deed: str, *rows: tuple[Any, str], **more: Any) -> Any:
    """Press one of the form's own buttons with these lines and amounts in it."""
    given = {"title": "Re-split", "date": "2026-11-20", "note": "", "do": deed, **more}
    return desk.send("modification_new", line=[r[0] for r in rows], amount=[r[1] for r in rows], **given)


def sheet(answer: Any) -> list[tuple[str, str]]:
    """The lines of the form that came back, each with its amount."""
    assert answer.status_code == 200
    assert not Modification.objects.exists()
    return [(row.name, row.amount) for row in answer.context["typed"].rows]


def found(answer: Any) -> list[str]:
    return [f"{line.job.code} {line}" for line, _ in answer.context["found"].lines]


@pytest.mark.parametrize(
    ("words_typed", "lines"),
    [
        ("03-30 m", [f"{MAIN} 03-30-00 M", f"{SUB} 03-30-00 M"]),
        ("concrete labor", [f"{MAIN} 03-30-00 L"]),
        ("carp", [f"{MAIN} 09-68-00 S", f"{SUB} 09-68-00 O"]),
        (f"09-68 {SUB}", [f"{SUB} 09-68-00 O"]),
        ("nothing like it", []),
    ],
)
def test_lines_are_found_by_code_words_type_and_job(desk: Desk, words_typed: str, lines: list[str]) -> None:
    assert found(press(desk, "look", q=words_typed)) == lines


def test_the_one_line_that_is_found_is_added_and_several_are_ticked(desk: Desk) -> None:
    assert sheet(press(desk, "find", q="concrete labor")) == [("03-30-00 L", "")]
    answer = press(desk, "find", q="carp")
    assert sheet(answer) == []
    picked = [line.pk for line, _ in answer.context["found"].lines]
    assert [name for name, _ in sheet(press(desk, "add", q="carp", pick=picked))] == [
        "09-68-00 S",
        "09-68-00 O",
    ]
    assert len(sheet(press(desk, "all", q="03-30"))) == 3
    assert "Tick the lines to add first." in words(press(desk, "add"))


def test_one_line_takes_the_difference_of_the_others(desk: Desk) -> None:
    carpet = desk.scene.lines[MAIN, "09-68-00", "S"]
    rows = (desk.concrete.pk, "-100.10"), (desk.labor.pk, "50.05"), (carpet.pk, "")
    assert sheet(press(desk, "balance:2", *rows))[2] == ("09-68-00 S", "50.05")


def test_the_difference_is_spread_evenly_or_as_the_lines_are_large(desk: Desk) -> None:
    carpet = desk.scene.lines[MAIN, "09-68-00", "S"]
    rows = (desk.concrete.pk, "-100.00"), (desk.labor.pk, ""), (carpet.pk, "")
    assert [a for _, a in sheet(press(desk, "spread", *rows, how="evenly"))] == ["-100.00", "50.00", "50.00"]
    # 15,000.00 and 12,500.50 of 27,500.50
    shares = [a for _, a in sheet(press(desk, "spread", *rows, how="revised"))]
    assert shares == ["-100.00", "54.54", "45.46"]
    ticked = sheet(press(desk, "spread", *rows, how="evenly", spread="0.01", tick=["1", "2"]))
    assert [a for _, a in ticked] == ["-100.00", "0.01", ""]
    assert [a for _, a in sheet(press(desk, "percent", *rows, percent="-2.5%", tick="1"))][1] == "-375.00"
    assert "more than 2 decimals" in words(press(desk, "spread", *rows, spread="0.001"))
    assert "Enter an amount to spread" in words(press(desk, "spread", (desk.labor.pk, "")))


def test_a_division_of_twelve_lines_is_split_again_to_the_cent(desk: Desk) -> None:
    lines = BudgetLine.objects.bulk_create(
        BudgetLine(
            budget=desk.scene.budget,
            job=desk.concrete.job,
            cost_code_text=f"01-{place:02}-00",
            cost_type=desk.concrete.cost_type,
            changed_by=desk.scene.dana,
            changed_at=desk.concrete.changed_at,
        )
        for place in range(60, 72)
    )
    rows = ((desk.concrete.pk, "-1000.00"), *((line.pk, "") for line in lines))
    split = [amount for _, amount in sheet(press(desk, "spread", *rows))][1:]
    assert split == ["83.34"] * 4 + ["83.33"] * 8


def test_rows_are_taken_out_one_by_one_or_ticked(desk: Desk) -> None:
    rows = (desk.concrete.pk, "1"), (desk.labor.pk, "2")
    assert sheet(press(desk, "remove:0", *rows)) == [("03-30-00 L", "2")]
    assert sheet(press(desk, "remove", *rows, tick="1")) == [("03-30-00 M", "1")]
    assert "Tick the lines to take out first." in words(press(desk, "remove", *rows))


def test_what_a_line_falls_below_is_said_and_stops_nobody(desk: Desk) -> None:
    rows = (desk.labor.pk, "-15000.01"), (desk.concrete.pk, "15000.01")
    page = press(desk, "look", *rows)
    assert "goes below zero" in words(page) and "(0.01)" in words(page)
    answer = _save(desk, *rows, then="effective")
    assert Modification.objects.get().state == "effective"
    assert "goes below zero" in words(desk.client.get(answer["Location"]))


def _save(desk: Desk, *rows: tuple[Any, str], then: str, title: str = "Re-split") -> Any:
    return desk.send(
        "modification_new",
        title=title,
        date="2026-11-20",
        note="",
        then=then,
        line=[r[0] for r in rows],
        amount=[r[1] for r in rows],
    )


# -- a line the budget lacks ------------------------------------------------------------------------------

NEW = {"new_job": SUB, "new_cost_code": "01-31-00", "new_cost_type": "O", "new_description": "Site office"}


def test_a_modification_makes_the_line_that_the_budget_lacks(desk: Desk) -> None:
    answer = press(desk, "newline", (desk.concrete.pk, "-5.00"), **NEW)
    assert sheet(answer)[1] == ("01-31-00 O", "")
    new = answer.context["typed"].rows[1].value
    _save(desk, (desk.concrete.pk, "-5.00"), (new, "5.00"), then="effective")
    made = desk.scene.budget.lines.get(job__code=SUB, cost_code__code="01-31-00")
    assert (made.amount, made.description, made.changes.get().amount) == (0, "Site office", 5)
    assert "added 01-31-00 O" in Event.objects.get(action="save_modification").sentence


def test_a_line_that_is_there_is_taken_and_an_unknown_code_gets_a_suggestion(desk: Desk) -> None:
    there = NEW | {"new_cost_code": "03-30-00", "new_cost_type": "M"}
    assert sheet(press(desk, "newline", **there)) == [("03-30-00 M", "")]
    page = words(press(desk, "newline", **NEW | {"new_cost_code": "03-3000"}))
    assert "03-3000 is no cost code of this company. Did you mean 03-30-00?" in page
    assert "Choose a cost type." in words(press(desk, "newline", **NEW | {"new_cost_type": ""}))


def test_who_may_not_add_lines_writes_neither_the_line_nor_the_modification(desk: Desk) -> None:
    desk.scene.ruth.project_roles.update(level=2)
    new = press(desk, "newline", **NEW).context["typed"].rows[0].value
    desk.log_in(desk.scene.ruth)
    before = desk.scene.budget.lines.count()
    answer = _save(desk, (desk.concrete.pk, "-5.00"), (new, "5.00"), then="draft")
    assert answer.status_code == 409
    assert "You may not add lines to this budget." in words(answer)
    assert "New line" in words(answer), "what was typed is still there"
    assert (desk.scene.budget.lines.count(), Modification.objects.count()) == (before, 0)


def test_a_line_is_not_made_where_the_modification_is_refused(desk: Desk) -> None:
    new = press(desk, "newline", **NEW).context["typed"].rows[0].value
    before = desk.scene.budget.lines.count()
    answer = _save(desk, (desk.concrete.pk, "-5.00"), (new, "5.00"), then="draft", title=" ")
    assert answer.status_code == 422
    made_up = '{"job": "26-0288", "cost_code": "99-99-99", "cost_type": "M"}'
    answer = _save(desk, (made_up, "5.00"), (desk.concrete.pk, "-5.00"), then="draft")
    assert "is no cost code with a cost type of this company" in words(answer)
    deep = '{"a":' * 100_000, '{"job": ' + "[" * 900 + "]" * 900 + "}", '{"job": ' + "9" * 5000 + "}"
    for nonsense in ("{}", "{[", '{"job": 5}', *deep):
        assert _save(desk, (nonsense, "5.00"), then="draft").status_code == 422
    assert (desk.scene.budget.lines.count(), Modification.objects.count()) == (before, 0)


# -- the grand total --------------------------------------------------------------------------------------


def test_the_form_says_beforehand_whether_the_total_may_change_and_who_can_allow_it(desk: Desk) -> None:
    page = words(desk.get("modification_new"))
    assert "In Northgate Builders a modification nets to zero" in page
    assert "Jonas Lindqvist can allow changes of the grand total." in page


def test_a_change_of_the_grand_total_is_asked_for_by_its_sum(desk: Desk) -> None:
    desk.scene.company.allow_total_change = True
    desk.scene.company.save()
    assert "allows changes of the grand total; you are asked" in words(desk.get("modification_new"))
    answer = _save(desk, (desk.labor.pk, "24000"), then="effective")
    draft = Modification.objects.get()
    assert answer["Location"] == desk.url("modification_act", draft.pk, "make_effective")
    page = words(desk.client.get(answer["Location"]))
    assert "24,000.00</span>?" in page and "116,500.75" in page
    for net in ({}, {"net": "23000.00"}):
        again = desk.send("modification_act", draft.pk, "make_effective", version=1, **net)
        assert again["Location"] == answer["Location"]
    desk.send("modification_act", draft.pk, "make_effective", version=1, net="24000.00")
    draft.refresh_from_db()
    assert (draft.state, draft.number) == ("effective", 1)


def test_an_effective_one_is_changed_from_what_its_lines_are_without_it(desk: Desk) -> None:
    one = modify(desk.scene, "x", ((MAIN, "03-30-00", "M"), "-5.00"), ((MAIN, "03-30-00", "L"), "5.00"))
    row = desk.get("modification_edit", one.pk).context["typed"].rows[0]
    assert (row.before, row.change.after) == (40000, 39995)
