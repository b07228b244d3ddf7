"""Moving a company to another ERP: stopped until it was verified there, and nothing read before counts."""

from datetime import timedelta

import pytest
from django.utils import timezone

from budgets.errors import InvalidInput
from erp.decision import deciding
from erp.delivery import circuit
from erp.delivery.silence import silence_of
from erp.models import Confirmation, CostTypeLink, ErpReading
from erp.port import ErpUnavailable
from erp.posting import confirmations
from erp.posting import polling as posting
from erp.setup import stopping as connections
from erp.setup import switching
from erp.sync import readings
from tests.support import scene as stage
from tests.workflow.cases import met
from workflow.actions import ActionBlocked
from workflow.models import Event


def move(scene, *, alias: str = "other", erp_company: str = "001"):
    return switching.switch_erp(
        scene.connection, user=scene.jonas, now=timezone.now(), alias=alias, erp_company=erp_company
    )


def test_the_connection_stays_stopped_until_it_is_verified_there(two_erps):
    moved = move(two_erps)
    assert (moved.alias, moved.erp_company, moved.options) == ("other", "001", {})
    assert (moved.verified_at, moved.synced_at, moved.read_marks) == (None, None, {})
    assert moved.stopped_because == (
        "Jonas Lindqvist moved the company here from CMiC: verify it, then read everything."
    )
    stage.lock(two_erps)
    budget = two_erps.reload()
    met(budget, "send", two_erps.dana, "never_synced")
    assert (
        "The connection to Ledger is not in use"
        in met(budget, "send", two_erps.dana, "connection_stopped").sentence
    )
    assert connections.verify(moved, user=two_erps.jonas, now=timezone.now()) == []
    moved.refresh_from_db()
    assert (moved.stopped_at, bool(moved.verified_at)) == (None, True)


def test_matches_of_cost_types_are_made_and_confirmed_anew_and_the_old_ones_are_on_record(two_erps):
    mine = CostTypeLink.objects.filter(erp_cost_type__connection=two_erps.connection)
    before = dict(mine.values_list("cost_type__code", "erp_cost_type__code"))
    others = CostTypeLink.objects.exclude(erp_cost_type__connection=two_erps.connection).count()
    move(two_erps)
    assert CostTypeLink.objects.count() == others
    event = Event.objects.get(action="switch_erp")
    assert event.sentence == "Moved the company from CMiC to Ledger"
    assert event.data["matches"] == before
    assert event.data["alias"] == {"old": "paper", "new": "other"}


def test_what_people_read_names_the_new_erp_at_once(two_erps):
    stage.lock(two_erps)
    stage.send(two_erps)
    assert two_erps.reload().hold_data["erp"] == "CMiC"
    move(two_erps)
    assert two_erps.reload().hold_data["erp"] == "Ledger"


def test_a_reading_that_is_being_made_of_the_erp_before_is_dropped(two_erps):
    asked = readings.ask(two_erps.budget, now=timezone.now())
    move(two_erps)
    readings.make(asked, now=timezone.now())  # the worker was at it
    row = ErpReading.objects.get(pk=asked.pk)
    assert (row.state, row.error) == ("failed", "the company was moved away from CMiC meanwhile.")


@pytest.mark.parametrize(
    ("alias", "code", "field"),
    [
        ("paper", "001", "alias"),
        ("nowhere", "001", "alias"),
        ("other", "", "erp_company"),
        ("other", "9" * 9, "erp_company"),
    ],
)
def test_odd_choices_are_told_at_their_field(two_erps, alias, code, field):
    with pytest.raises(InvalidInput) as refused:
        move(two_erps, alias=alias, erp_company=code)
    assert list(refused.value.errors) == [field]


def test_a_company_of_the_erp_belongs_to_one_company_of_ours(two_erps):
    other = two_erps.other_budget.project.company.erp_connection
    other.alias = "other"
    other.save()
    with pytest.raises(InvalidInput) as refused:
        move(two_erps, erp_company=other.erp_company)
    assert "is connected to 002 there already" in refused.value.errors["erp_company"]


def test_what_the_erp_before_held_is_nothing_to_accept_on(two_erps):
    stage.lock(two_erps)
    batch = stage.send(two_erps)
    seen = two_erps.budget.readings.filter(state="made")[0]
    mine = CostTypeLink.objects.filter(erp_cost_type__connection=two_erps.connection)
    matches = list(mine.values("cost_type_id", "erp_cost_type_id", "confirmed_by_id"))
    moved = move(two_erps)
    assert connections.verify(moved, user=two_erps.jonas, now=timezone.now()) == []
    CostTypeLink.objects.bulk_create(CostTypeLink(**ends, confirmed_at=timezone.now()) for ends in matches)
    with pytest.raises(ActionBlocked, match="being read"):
        deciding.accept(batch, user=two_erps.mira, now=timezone.now(), reading_hash=seen.hash)
    stage.read(two_erps)
    assert stage.accept(two_erps, batch).state == "accepted"


def test_a_word_given_by_hand_is_not_held_against_an_erp_that_never_saw_the_document(two_erps):
    stage.lock(two_erps)
    batch = stage.send(two_erps)
    stage.accept(two_erps, batch)
    stage.deliver(batch)
    stage.ask(batch)
    confirmations.confirm_posted(batch, user=two_erps.mira, now=timezone.now(), note="Seen in the ledger.")
    moved = move(two_erps)
    connections.verify(moved, user=two_erps.jonas, now=timezone.now())
    for minutes in (1, 30, 60):
        assert posting.poll(now=timezone.now() + timedelta(minutes=minutes)) == 0
    assert Confirmation.objects.get().state == "watched"
    assert Event.objects.get(action="switch_erp").data["unwatched"] == 1


def test_the_silence_of_the_erp_before_is_not_the_new_ones(two_erps):
    for _ in range(circuit.OPENS_AFTER):
        with pytest.raises(ErpUnavailable), circuit.through(two_erps.connection, now=timezone.now()):
            raise ErpUnavailable("no answer")
    assert silence_of(two_erps.connection)
    moved = move(two_erps)
    assert connections.verify(moved, user=two_erps.jonas, now=timezone.now()) == []
    assert circuit.open_circuit(moved) is None
    assert not Event.objects.filter(sentence="Ledger answers again").exists()
