"""What a line still costs: automatic until somebody sets it by hand, with a note; never money of the ERP's."""

from decimal import Decimal

import pytest
from django.apps import apps
from django.utils import timezone

from budgets.errors import Conflict, InvalidInput
from budgets.forecasts import projection
from budgets.forecasts.services import Wish, set_forecast, set_forecasts
from budgets.models import Forecast
from budgets.services import delete_line
from projects.models import BudgetLevel, ProjectRole
from tests.support import scene as acts
from tests.support.scene import MAIN
from tests.workflow.sql import refused, update
from workflow.actions import ActionBlocked
from workflow.models import Event

CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")
NOTE = "Two pours are left."


def put(scene, key=CONCRETE, *, by=None, amount="12,500.00", note=NOTE, version=0):
    return set_forecast(
        scene.lines[key],
        user=by or scene.dana,
        now=timezone.now(),
        version=version,
        amount=amount,
        note=note,
    )


@pytest.mark.parametrize(
    ("revised", "cost", "left", "in_the_end", "over_under"),
    [
        ("100", "30", "70", "100", "0"),
        ("100", "130", "0", "130", "-30"),  # overspent: nothing more to come, and the overrun shows
        ("100", "-20", "120", "100", "0"),  # a credit came in; the budget is still to be spent
        ("0", "30", "0", "30", "-30"),
        ("0", "-30", "0", "-30", "30"),
        ("-50", "0", "-50", "-50", "0"),  # a credit that is still to come
        ("-50", "-80", "0", "-80", "30"),
    ],
)
def test_an_automatic_forecast_is_what_is_left_and_never_turns_round(
    revised, cost, left, in_the_end, over_under
):
    given = Decimal(revised), Decimal(cost), None
    assert projection.to_complete(*given) == Decimal(left)
    assert projection.at_completion(*given) == Decimal(in_the_end)
    assert projection.over_under(*given) == Decimal(over_under)


def test_without_costs_nothing_is_said_of_the_end_but_what_a_person_says():
    by_hand = Decimal("5.00")
    for said, forecast in ((None, None), (by_hand, by_hand)):
        assert projection.to_complete(Decimal(100), None, said) == forecast
        assert projection.at_completion(Decimal(100), None, said) is None
        assert projection.over_under(Decimal(100), None, said) is None


def test_an_amount_by_hand_counts_instead_of_what_is_left():
    given = Decimal("100.00"), Decimal("30.00"), Decimal("90.00")
    assert projection.at_completion(*given) == Decimal("120.00")
    assert projection.over_under(*given) == Decimal("-20.00")


def test_dana_sets_a_forecast_and_leaves_it_to_be_automatic_again(scene):
    done = put(scene)
    assert (done.amount, done.note, done.changed_by, done.version) == (
        Decimal("12500.00"),
        NOTE,
        scene.dana,
        1,
    )
    event = Event.objects.latest("pk")
    assert (event.action, event.sentence) == ("forecast", "Set the forecast of 03-30-00 M to 12,500.00")
    again = put(scene, amount="", note="", version=1)
    assert (again.pk, again.amount, again.note, again.version) == (done.pk, None, "", 2)
    assert Event.objects.latest("pk").sentence == "Left the forecast of 03-30-00 M to be automatic again"


def test_old_and_new_forecasts_are_kept_for_good(scene):
    put(scene)
    put(scene, amount="9000", note="Bought out.", version=1)
    kept = apps.get_model("budgets", "ForecastEvent").objects.order_by("pgh_id")
    assert list(kept.values_list("amount", "note")) == [
        (Decimal("12500.00"), NOTE),
        (Decimal("9000.00"), "Bought out."),
    ]


def test_a_forecast_is_set_while_the_budget_is_locked_and_while_accounting_has_it(scene):
    acts.lock(scene)
    put(scene)
    acts.send(scene)
    before = scene.reload().state, scene.budget.hold
    assert put(scene, version=1).version == 2
    assert (scene.reload().state, scene.budget.hold) == before == ("sent", "waiting")


def test_an_amount_by_hand_needs_a_note_and_must_be_an_amount(scene):
    for amount, note, field, words in (
        ("10", " ", "note", "Say in a few words"),
        ("1.005", NOTE, "amount", "more than 2 decimals"),
        ("ten", NOTE, "amount", "is not a number"),
        ("10", "x" * 4001, "note", "At most 4,000 characters"),
    ):
        with pytest.raises(InvalidInput) as told:
            put(scene, amount=amount, note=note)
        assert list(told.value.errors) == [field]
        assert words in told.value.errors[field]
    assert not Forecast.objects.exists()


def test_the_second_who_sets_a_forecast_is_told_by_whom_it_was_changed(scene):
    put(scene, by=scene.tom)
    with pytest.raises(Conflict, match="Tom Baptiste changed the forecast of 03-30-00 M before you saved it"):
        put(scene, amount="1")
    assert Forecast.objects.get().amount == Decimal("12500.00")


def test_many_forecasts_are_set_together_or_not_at_all(scene):
    now = timezone.now()
    wishes = [
        Wish(scene.lines[CONCRETE].pk, 0, "10.00", "a"),
        Wish(scene.lines[CARPET].pk, 0, "20.00", ""),
    ]
    with pytest.raises(InvalidInput) as told:
        set_forecasts(scene.budget, wishes, user=scene.dana, now=now)
    assert list(told.value.errors) == [f"{scene.lines[CARPET].pk}.note"]
    assert not Forecast.objects.exists()
    wishes[1] = Wish(scene.lines[CARPET].pk, 0, Decimal("20.00"), "b")
    set_forecasts(scene.budget, wishes, user=scene.dana, now=now)
    assert sorted(Forecast.objects.values_list("amount", flat=True)) == [Decimal(10), Decimal(20)]
    assert Event.objects.latest("pk").sentence == "Set the forecasts of 2 lines"


def test_standard_people_forecast_and_readers_do_not(scene):
    with pytest.raises(ActionBlocked):
        put(scene, by=scene.ruth)
    ProjectRole.objects.filter(user=scene.ruth).update(level=BudgetLevel.STANDARD)
    assert put(scene, by=scene.ruth).changed_by == scene.ruth


def test_a_line_of_another_budget_is_no_line(scene):
    stranger = scene.other_budget.lines.get()
    with pytest.raises(Conflict, match="Somebody deleted this line"):
        set_forecasts(scene.budget, [Wish(stranger.pk, 0, "1", NOTE)], user=scene.dana, now=timezone.now())


def test_a_line_takes_its_forecast_along_when_it_is_deleted(scene):
    put(scene)
    delete_line(scene.lines[CONCRETE], user=scene.dana, now=timezone.now())
    assert not Forecast.objects.exists()
    assert apps.get_model("budgets", "ForecastEvent").objects.filter(pgh_label="delete").count() == 1


def test_the_database_refuses_an_amount_without_a_note_and_what_is_no_number(scene):
    done = put(scene)
    with refused("forecast_by_hand_has_a_note"):
        update(done, note="")
    with refused("forecast_is_a_number"):
        update(done, amount="NaN")
