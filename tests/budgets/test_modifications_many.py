"""Many modifications in one action: out of a file, or made effective together."""

import io
from datetime import date
from decimal import Decimal
from functools import partial

import pytest
import xlsxwriter
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from budgets import selectors, services
from budgets.errors import InvalidInput
from budgets.files.workbooks import Unreadable
from budgets.models import Modification
from budgets.modifications import many as modification_many
from budgets.modifications.files import read
from budgets.modifications.many import Written
from tests.support import scene as acts
from tests.support.scene import MAIN, SUB
from tests.workflow.racing import race
from workflow import events
from workflow.actions import ActionBlocked
from workflow.models import Event

CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")
HEADER = "modification,title,date,note,job,cost code,type,amount\n"


@pytest.fixture
def locked(scene):
    """The scene with its budget locked."""
    acts.lock(scene)
    return scene


def file(text, header=HEADER):
    return (header + text).encode()


def said(found):
    return [(error.row, error.column, error.value, error.message) for error in found.errors]


def write(scene, many, who=None, **more):
    return modification_many.write_many(
        scene.budget, user=who or scene.dana, now=timezone.now(), many=many, source="month.csv", **more
    )


def transfer(scene, title="buyout", amount="5.00", back=None):
    lines = scene.lines[CONCRETE].pk, scene.lines[CARPET].pk
    amounts = Decimal(amount) * -1, Decimal(back or amount)
    return Written(title, date(2026, 11, 20), "", list(zip(lines, amounts, strict=True)))


# -- reading ----------------------------------------------------------------------------------------------


def test_rows_of_one_key_become_one_modification(locked):
    found = read(
        locked.budget,
        data=file(
            "A,Buyout,2026-11-03,steel,,03-30-00,M,-214000.00\n"
            "B,Firestopping,2026-11-10,,26-0288,03-30-00,Labor,38000\n"
            'A,,,,26-0288,09-68-00,s,"214,000.00"\n'
            "B,,,,26-0288-01,01-31-00,O,(38000.00)\n"
        ),
    )
    assert said(found) == []
    first, second = found.modifications
    assert (first.title, first.note, first.net, first.moved) == ("Buyout", "steel", 0, 214000)
    assert [key for key, _ in first.amounts] == [locked.lines[CONCRETE].pk, locked.lines[CARPET].pk]
    assert second.new_lines == ["26-0288-01 01-31-00 O"]
    assert second.amounts[1] == ((SUB, "01-31-00", "O"), Decimal("-38000.00"))


@pytest.mark.parametrize(
    ("row", "column", "message"),
    [
        ("A,T,2026-11-03,,,03-3000,M,5", "cost code", "03-3000 is unknown. Did you mean 03-30-00?"),
        ("A,T,2026-11-03,,26-9,03-30-00,M,5", "job", "26-9 is no job of this project."),
        ("A,T,2026-11-03,,,03-30-00,X,5", "type", "X is no cost type. Use E, L, M, O, S."),
        ("A,T,11/03/2026,,,03-30-00,M,5", "date", "11/03/2026 is no date. Write it like 2026-11-20."),
        ("A,T,2026-11-03,,,03-30-00,M,5.001", "amount", "5.001 has more than 2 decimals"),
        ("A,T,2026-11-03,,,03-30-00,M,0", "amount", "The amount is 0.00."),
        ("A,T,2026-11-03,,,03-30-00,M,", "amount", "The amount is empty."),
        ("A,,2026-11-03,,,03-30-00,M,5", "title", "A title has from 1 to 120 characters."),
    ],
)
def test_each_error_names_row_column_and_what_to_do(locked, row, column, message):
    found = read(locked.budget, data=file(row))
    ((number, where, _, words),) = said(found)
    assert (number, where) == (2, column)
    assert words.startswith(message)
    assert found.modifications[0].bad or column in ("title", "date")


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("effective", "Modification 3 is effective already; a file brings new ones only. Take its rows out."),
        ("Void", "Modification 3 is void already; a file brings new ones only. Take its rows out."),
        ("open", "open is no state of a new modification. Leave it empty, or enter draft."),
    ],
)
def test_what_was_numbered_once_is_not_brought_again(locked, state, message):
    header = HEADER.replace("amount", "amount,state")
    found = read(locked.budget, data=file(f"3,T,2026-11-03,,,03-30-00,M,5,{state}", header))
    assert said(found) == [(2, "state", state, message)]
    for new in ("", "draft", "Draft"):
        assert read(locked.budget, data=file(f"3,T,2026-11-03,,,03-30-00,M,5,{new}", header)).errors == []


def test_a_line_twice_and_two_titles_for_one_key_are_told(locked):
    found = read(
        locked.budget,
        data=file("A,T,2026-11-03,,,03-30-00,M,5\nA,Other,2026-11-03,,,03-30-00,M,-5\n"),
    )
    assert [words for *_, words in said(found)] == [
        "Row 2 calls modification A “T”. One key, one title.",
        "This line is in the modification already. Add both up.",
    ]


def test_a_workbook_with_real_dates_and_numbers_is_read_the_same(locked):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, ["Amount", "Type", "Cost Code", "Date", "Title"])
        for row, (amount, kind) in enumerate([(0.1 + 0.2, "M"), (-0.3, "L")], 1):
            sheet.write_row(row, 0, [amount, kind, "03-30-00"])
            sheet.write_datetime(row, 3, date(2026, 11, 3), day)
            sheet.write(row, 4, "Rounding")
    found = read(locked.budget, data=out.getvalue())
    assert said(found) == []
    assert (found.modifications[0].net, found.modifications[0].date) == (0, date(2026, 11, 3))


def test_a_file_of_no_use_says_what_it_needs(locked):
    with pytest.raises(Unreadable, match="No column for date, amount"):
        read(locked.budget, data=b"title,code,type\nx,03-30-00,M\n")
    for empty in (b"", HEADER.encode()):
        with pytest.raises(Unreadable):
            read(locked.budget, data=empty)


# -- writing ----------------------------------------------------------------------------------------------


def test_all_are_written_as_drafts_with_one_event_and_the_lines_they_need(locked):
    new = Written("new line", date(2026, 11, 3), "why", [((SUB, "01-31-00", "O"), Decimal(5))])
    outcomes = write(locked, [transfer(locked), new])
    assert [one.modification.state for one in outcomes] == ["draft", "draft"]
    assert Modification.objects.get(title="new line").lines.get().line.code == "01-31-00"
    event = Event.objects.latest("seq")
    assert event.sentence == "Wrote 2 draft modifications from month.csv"
    assert events.verify(locked.company.pk)[1] is None
    changed = write(locked, [transfer(locked)])[0].modification
    services.delete_modification(changed, user=locked.dana, now=timezone.now())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"title": " "}, "A title has from 1"),
        ({"note": "x" * 4001}, "A note has at most"),
        ({"amounts": []}, "It has no lines."),
        ({"amounts": [(1, Decimal(5)), (1, Decimal(-5))]}, "there twice"),
        ({"amounts": [(1, Decimal(0))]}, "An amount is 0.00"),
        ({"amounts": [(999_999, Decimal(5))]}, "Somebody deleted a line"),
        ({"amounts": [((SUB, "03-30-00", "M"), Decimal(5))]}, "is in this budget already"),
    ],
)
def test_one_that_is_none_refuses_them_all(locked, change, message):
    bad = Written(**{**transfer(locked).__dict__, **change})
    with pytest.raises(InvalidInput, match=message):
        write(locked, [transfer(locked), bad])
    assert not Modification.objects.exists()


def test_who_may_not_modify_or_add_lines_writes_nothing(locked):
    with pytest.raises(ActionBlocked, match="You may not write modifications"):
        write(locked, [transfer(locked)], who=locked.ruth)
    locked.ruth.project_roles.update(level=2)
    new = Written("new", date(2026, 11, 3), "", [((SUB, "01-31-00", "O"), Decimal(5))])
    with pytest.raises(ActionBlocked, match="You may not add lines"):
        write(locked, [transfer(locked), new], who=locked.ruth)
    assert not Modification.objects.exists()


def test_those_that_balance_count_at_once_and_each_other_says_why_not(locked):
    lame = transfer(locked, title="lame", back="6.00")
    outcomes = write(locked, [transfer(locked, title="a"), lame, transfer(locked, title="b")], effective=True)
    assert [one.modification.number for one in outcomes] == [1, None, 2]
    assert [b.code for b in outcomes[1].blockers] == ["modification_unbalanced"]
    assert Event.objects.latest("seq").sentence.endswith("and made 2 of them effective")
    stored = Modification.objects.order_by("pk").values_list("state", "number", "version")
    assert list(stored) == [("effective", 1, 2), ("draft", None, 1), ("effective", 2, 2)]
    assert selectors.modified(locked.budget)[locked.lines[CARPET].pk] == 10


def test_what_is_here_already_stays_a_draft_unless_it_shall_count_anyway(locked):
    first = write(locked, [transfer(locked)], effective=True)[0].modification
    again, other = write(locked, [transfer(locked), transfer(locked, amount="6.00")], effective=True)
    assert (again.done, again.looks_like, again.modification.state) == (False, "Modification 1", "draft")
    assert (other.done, other.modification.number) == (True, 2)
    assert selectors.modified(locked.budget)[locked.lines[CARPET].pk] == 11
    assert write(locked, [transfer(locked)], effective=True, anyway=True)[0].modification.number == 3
    for row in Modification.objects.exclude(state="draft").exclude(pk=other.modification.pk):
        services.void_modification(row, user=locked.dana, now=timezone.now())
    services.delete_modification(again.modification, user=locked.dana, now=timezone.now())
    first.refresh_from_db()
    assert first.state == "void"
    assert write(locked, [transfer(locked)], effective=True)[0].done


def test_the_number_of_statements_does_not_grow(locked):
    counted = []
    for many in (5, 200):
        with CaptureQueriesContext(
            connection,
        ) as caught:
            write(locked, [transfer(locked, title=f"{many}") for _ in range(many)], effective=True)
        counted.append(len(caught))
    assert counted[0] == counted[1]


# -- several drafts ---------------------------------------------------------------------------------------


def drafts(scene):
    lame = transfer(scene, title="lame", back="6.00")
    return [one.modification for one in write(scene, [transfer(scene, title="good"), lame])]


def count(scene, rows, **more):
    return modification_many.make_many_effective(
        scene.budget, user=scene.dana, now=timezone.now(), seen={row.pk: row.version for row in rows}, **more
    )


def test_several_drafts_count_each_that_can_or_all_or_none(locked):
    rows = drafts(locked)
    with pytest.raises(ActionBlocked, match="out of balance by 1.00"):
        count(locked, rows, together=True)
    assert not Modification.objects.filter(state="effective").exists()
    good, lame = count(locked, rows)
    assert (good.done, good.modification.number, lame.done) == (True, 1, False)


def test_a_draft_that_was_changed_since_is_left_alone(locked):
    good, _ = drafts(locked)
    services.save_modification(
        locked.budget,
        user=locked.tom,
        now=timezone.now(),
        title="other",
        date=good.date,
        lines=[(locked.lines[CONCRETE], Decimal(-1)), (locked.lines[CARPET], Decimal(1))],
        modification=good,
    )
    (outcome,) = count(locked, [good])
    assert (outcome.done, outcome.changed_by) == (False, "Tom Baptiste")
    with pytest.raises(InvalidInput, match="Tom Baptiste changed “other”"):
        count(locked, [good], together=True)


def test_drafts_wait_while_the_budget_is_away(locked):
    acts.send(locked)
    (good, _) = drafts(locked)
    (outcome,) = count(locked, [good])
    assert [b.code for b in outcome.blockers] == ["waiting_for_accounting"]


# -- races ------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_no_number_is_given_twice_to_many_who_press_at_once(locked):
    """Dana and Tom each make a handful effective, together and one by one, while Dana loads a file."""
    rows = [one.modification for one in write(locked, [transfer(locked) for _ in range(8)])]
    dana, tom = rows[:4], rows[4:7]

    def some(who, chosen):
        seen = {row.pk: row.version for row in chosen}
        return modification_many.make_many_effective(locked.budget, user=who, now=timezone.now(), seen=seen)

    ended = race(
        partial(some, locked.dana, dana),
        partial(some, locked.tom, tom),
        partial(services.make_effective, rows[7], user=locked.tom, now=timezone.now()),
        partial(write, locked, [transfer(locked, title="new") for _ in range(5)], effective=True),
    )
    assert [one.error for one in ended] == [None] * 4
    numbers = Modification.objects.values_list("number", flat=True).order_by("number")
    assert list(numbers) == list(range(1, 14))
    assert events.verify(locked.company.pk)[1] is None
