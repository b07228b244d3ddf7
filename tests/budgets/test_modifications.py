"""Dana moves money between the lines of a locked budget."""

from datetime import date
from decimal import Decimal

import pytest
from django.utils import timezone

from budgets import selectors, services
from budgets.errors import Conflict, InvalidInput
from budgets.models import BudgetLine, Modification, ModificationLine
from erp import services as erp_services
from tests.support import scene as acts
from tests.support.scene import MAIN, SUB
from workflow.actions import ActionBlocked
from workflow.models import Event

CONCRETE, CARPET, LABOR = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S"), (MAIN, "01-31-00", "L")
TRANSFER = (CONCRETE, "-5.00"), (CARPET, "5.00")


def now():
    return timezone.now()


def write(scene, *amounts, who=None, title="buyout", modification=None, version=None, note=""):
    return services.save_modification(
        scene.budget,
        user=who or scene.dana,
        now=now(),
        title=title,
        date=date(2026, 11, 20),
        note=note,
        lines=[(scene.lines[key], Decimal(amount)) for key, amount in amounts],
        modification=modification,
        version=version,
    )


def effective(scene, modification, who=None):
    return services.make_effective(modification, user=who or scene.dana, now=now())


def void(scene, modification):
    return services.void_modification(modification, user=scene.dana, now=now())


def net_of(scene):
    return selectors.totals(scene.reload()).modifications


@pytest.fixture
def locked(scene):
    """The scene with its budget locked."""
    acts.lock(scene)
    return scene


# -- writing ----------------------------------------------------------------------------------------------


def test_a_draft_counts_nothing_and_has_no_number(locked):
    draft = write(locked, *TRANSFER, note=" as agreed ")
    assert (draft.state, draft.number, draft.version, draft.note) == ("draft", None, 1, "as agreed")
    assert str(draft) == "Draft modification: buyout"
    assert selectors.modified(locked.budget) == {}


def test_a_transfer_over_three_lines_nets_to_nothing_and_counts_on_each(locked):
    effective(locked, write(locked, (CONCRETE, "-100.10"), (CARPET, "50.05"), (LABOR, "50.05")))
    assert net_of(locked) == 0
    assert selectors.modified(locked.budget) == {
        locked.lines[CONCRETE].pk: Decimal("-100.10"),
        locked.lines[CARPET].pk: Decimal("50.05"),
        locked.lines[LABOR].pk: Decimal("50.05"),
    }
    assert selectors.totals(locked.budget).revised == acts.TOTAL


@pytest.mark.parametrize(
    ("amounts", "title", "field", "sentence"),
    [
        ([], "buyout", "lines", "Choose at least one line and enter an amount."),
        ([*TRANSFER], "  ", "title", "Say in a few words what this modification is for."),
        ([(CONCRETE, "0.00")], "buyout", "lines", "The amount of 03-30-00 M is 0.00."),
        ([(CONCRETE, "1.00"), (CONCRETE, "-1.00")], "buyout", "lines", "03-30-00 M is there twice."),
        ([(CONCRETE, "0.005"), (CARPET, "-0.005")], "buyout", "lines", "0.005 has more than 2 decimals"),
        ([(CONCRETE, "1E+13")], "buyout", "lines", "too large: at most 9,999,999,999,999.99"),
        ([(CONCRETE, "NaN")], "buyout", "lines", "NaN is not a number"),
    ],
)
def test_what_makes_no_modification_is_told_by_field(locked, amounts, title, field, sentence):
    with pytest.raises(InvalidInput) as told:
        write(locked, *amounts, title=title)
    assert sentence in told.value.errors[field]
    assert not Modification.objects.exists()


def test_another_budgets_line_is_refused_by_name(locked):
    foreign = locked.other_budget.lines.get()
    locked.lines["foreign"] = foreign
    with pytest.raises(InvalidInput, match="is no line of this budget"):
        write(locked, ("foreign", "5.00"), (CONCRETE, "-5.00"))


def test_the_second_to_save_a_draft_is_told_who_was_first(locked):
    draft = write(locked, *TRANSFER)
    write(locked, (CONCRETE, "-6.00"), (CARPET, "6.00"), modification=draft, version=1, who=locked.tom)
    with pytest.raises(Conflict) as told:
        write(locked, *TRANSFER, modification=draft, version=1)
    assert told.value.sentence == "Tom Baptiste changed this modification before you saved it."
    assert [change.amount for change in told.value.current.lines.all()] == [Decimal(-6), Decimal(6)]


def test_a_deleted_draft_is_gone_with_its_amounts_for_whoever_comes_next(locked):
    draft = write(locked, *TRANSFER)
    services.delete_modification(draft, user=locked.dana, now=now())
    assert not ModificationLine.objects.exists()
    for late in (
        lambda: write(locked, *TRANSFER, modification=draft, version=1),
        lambda: effective(locked, draft),
        lambda: services.delete_modification(draft, user=locked.tom, now=now()),
    ):
        with pytest.raises(Conflict, match="Somebody deleted this modification"):
            late()


def test_drafts_are_written_while_the_budget_is_away_and_become_effective_when_it_is_back(locked):
    acts.send(locked)
    draft = write(locked, *TRANSFER)
    with pytest.raises(ActionBlocked, match="waits for accounting"):
        effective(locked, draft)
    erp_services.retrieve(locked.budget, user=locked.dana, now=now())
    assert effective(locked, draft).number == 1


# -- numbers ----------------------------------------------------------------------------------------------


def test_numbers_follow_each_other_in_the_order_of_becoming_effective(locked):
    first, second = write(locked, *TRANSFER, title="first"), write(locked, *TRANSFER, title="second")
    assert effective(locked, second).number == 1
    assert effective(locked, first).number == 2
    event = Event.objects.latest("seq")
    assert event.sentence == "Made modification 2 effective: first"
    assert (event.from_state, event.to_state) == ("draft", "effective")


def test_a_number_is_never_given_again(locked):
    one = effective(locked, write(locked, *TRANSFER))
    void(locked, one)
    assert effective(locked, write(locked, *TRANSFER)).number == 2


# -- balance ----------------------------------------------------------------------------------------------


def test_a_draft_may_be_out_of_balance_but_does_not_become_effective(locked):
    lame = write(locked, (CONCRETE, "-5.00"), (CARPET, "5.01"))
    with pytest.raises(ActionBlocked, match="out of balance by 0.01"):
        effective(locked, lame)
    assert Modification.objects.get().state == "draft"


def test_an_effective_modification_is_not_changed_out_of_balance(locked):
    one = effective(locked, write(locked, *TRANSFER))
    with pytest.raises(ActionBlocked, match=r"Modification 1 is out of balance by 1\.00"):
        write(locked, (CONCRETE, "-5.00"), (CARPET, "6.00"), modification=one)
    assert sorted(change.amount for change in one.lines.all()) == [Decimal(-5), Decimal(5)]


# -- void -------------------------------------------------------------------------------------------------


def test_a_void_modification_counts_no_more_but_stays_in_the_list(locked):
    one = effective(locked, write(locked, *TRANSFER))
    assert void(locked, one).state == "void"
    assert selectors.modified(locked.budget) == {}
    assert [m.number for m in locked.budget.modifications.all()] == [1]
    assert Event.objects.latest("seq").sentence == "Voided modification 1"


def test_an_effective_one_is_voided_and_never_deleted(locked):
    one = effective(locked, write(locked, *TRANSFER))
    with pytest.raises(ActionBlocked, match="is effective already"):
        services.delete_modification(one, user=locked.dana, now=now())


# -- batches ----------------------------------------------------------------------------------------------


def test_a_modification_is_frozen_while_it_is_in_a_batch(locked):
    one = effective(locked, write(locked, *TRANSFER))
    acts.send(locked)
    for change in (
        lambda: void(locked, one),
        lambda: write(locked, *TRANSFER, modification=one),
    ):
        with pytest.raises(ActionBlocked, match="in a batch that is under way"):
            change()


@pytest.mark.parametrize("how", ["rejected", "retrieved"])
def test_after_a_rejection_or_a_retrieval_it_may_be_changed_or_voided(locked, how):
    one = effective(locked, write(locked, *TRANSFER))
    batch = acts.send(locked)
    if how == "rejected":
        acts.reject(locked, batch)
    else:
        erp_services.retrieve(locked.budget, user=locked.dana, now=now())
    changed = write(locked, (CONCRETE, "-7.00"), (CARPET, "7.00"), modification=one)
    assert (changed.number, changed.state) == (1, "effective")
    assert selectors.modified(locked.budget)[locked.lines[CARPET].pk] == 7
    frozen = [row.delta for row in batch.items.get(kind="modification").lines.all()]
    assert frozen == [Decimal(-5), Decimal(5)], "the batch that was sent keeps what was sent"
    void(locked, one)


def test_a_posted_modification_stays_as_it_is(locked):
    one = effective(locked, write(locked, *TRANSFER))
    batch = acts.accept(locked, acts.send(locked))
    acts.deliver(batch)
    acts.post(batch)
    with pytest.raises(ActionBlocked, match="with the opposite amounts instead"):
        void(locked, one)
    with pytest.raises(ActionBlocked, match="with the opposite amounts instead"):
        write(locked, *TRANSFER, modification=one)


# -- people -----------------------------------------------------------------------------------------------


def test_standard_people_modify_and_readers_and_strangers_do_not(locked):
    for who in (locked.ruth, locked.mira, locked.olga):
        with pytest.raises(ActionBlocked, match="You may not write modifications"):
            write(locked, *TRANSFER, who=who)
    locked.ruth.project_roles.update(level=2)
    draft = write(locked, *TRANSFER, who=locked.ruth)
    assert effective(locked, draft, who=locked.ruth).changed_by == locked.ruth


def test_a_modification_brings_money_to_a_line_added_after_locking(locked):
    new = acts.add_line(locked.budget, locked.tom, SUB, "01-31-00", "O", "0.00")
    locked.lines["new"] = new
    effective(locked, write(locked, (CONCRETE, "-0.01"), ("new", "0.01")))
    assert (new.amount, selectors.modified(locked.reload())[new.pk]) == (0, Decimal("0.01"))


def test_a_line_that_was_deleted_meanwhile_is_named(locked):
    shown = BudgetLine.objects.get(pk=locked.lines[LABOR].pk)
    fresh = acts.add_line(locked.budget, locked.dana, MAIN, "09-68-00", "L", "0.00")
    seen = BudgetLine.objects.get(pk=fresh.pk)
    services.unlock(locked.budget, user=locked.dana, now=now())
    services.delete_line(fresh, user=locked.dana, now=now())
    services.lock(locked.budget, user=locked.dana, now=now())
    amounts = [(shown, Decimal("-5.00")), (seen, Decimal("5.00"))]
    with pytest.raises(InvalidInput) as refused:
        services.save_modification(
            locked.budget, user=locked.dana, now=now(), title="late", date=date(2026, 11, 20), lines=amounts
        )
    assert refused.value.errors == {"lines": "Somebody deleted 09-68-00 L. Take it out."}
    assert not Modification.objects.exists()
