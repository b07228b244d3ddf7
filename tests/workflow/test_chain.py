"""Events are only ever added, and a chain that was touched is found out."""

import pytest
from django.db import transaction
from django.utils import timezone

from tests.support import scene as acts
from tests.workflow.sql import delete, refused, run, triggers_off, undone, update
from workflow import events
from workflow.models import ChainHead, Event


@pytest.fixture
def chain(scene):
    """The events of a company after some work."""
    acts.reject(scene, acts.send(scene))
    acts.send(scene)
    return scene.company.pk


def the(seq, chain):
    return Event.objects.get(chain=chain, seq=seq)


def test_what_people_do_is_one_chain_that_holds(scene, chain):
    count, touched = events.verify(chain)
    assert touched is None
    assert count == Event.objects.filter(chain=chain).count() >= 4
    actions = list(Event.objects.filter(chain=chain).values_list("action", flat=True))
    assert actions[-3:] == ["send", "reject", "send"]


def test_no_event_is_changed_or_deleted_by_the_application(scene, chain):
    event = the(1, chain)
    with refused("Cannot update or delete rows from workflow_event"):
        update(event, sentence="Nothing happened")
    with refused("Cannot update or delete rows from workflow_event"):
        delete(event)
    with refused("event_once_per_place_in_chain"):
        Event.objects.bulk_create([_like(event)])


def _like(event):
    event.pk = None
    return event


TOUCHES = (
    {"sentence": "Nothing happened"},
    {"actor": "Olga Novak"},
    {"actor_pk": 99},
    {"action": "look"},
    {"note": "by agreement"},
    {"to_state": "posted"},
    {"at": timezone.now()},
    {"data": {"amount": "0.00"}},
    {"about": ["budgets.budget:1"]},
    {"prev_hash": "0" * 64},
    {"hash": "0" * 64},
)


@pytest.mark.parametrize("seq", [1, 2, 3])
def test_an_owner_who_switches_triggers_off_and_edits_is_found_at_the_first_touched_event(chain, seq):
    for columns in TOUCHES:
        with undone():
            with triggers_off(Event):
                update(the(seq, chain), **columns)
                update(the(seq + 1, chain), note="and this one later")
            assert events.verify(chain) == (seq - 1, the(seq, chain)), columns
    assert events.verify(chain)[1] is None


def test_a_deleted_event_is_seen_at_the_one_that_followed_it(scene, chain):
    with triggers_off(Event):
        delete(the(2, chain))
    assert events.verify(chain) == (1, the(3, chain))


def test_a_chain_cut_off_at_its_end_is_seen_against_its_head(scene, chain):
    last = Event.objects.filter(chain=chain).latest("seq")
    with triggers_off(Event):
        delete(last)
    count, touched = events.verify(chain)
    assert (count, touched) == (last.seq - 1, the(last.seq - 1, chain))


def test_an_edit_that_hashes_its_own_row_again_breaks_the_next_one(scene, chain):
    event = the(2, chain)
    event.sentence = "Nothing happened"
    with triggers_off(Event):
        update(event, sentence=event.sentence, hash=events.digest(event))
    assert events.verify(chain) == (2, the(3, chain))


def test_two_events_swapped_are_found(scene, chain):
    first, second = the(1, chain), the(2, chain)
    with triggers_off(Event):
        update(first, seq=0)
        update(second, seq=1)
        update(first, seq=2)
    assert events.verify(chain)[0] == 0


def test_each_company_has_a_chain_of_its_own(scene, chain):
    acts.add_line(scene.other_budget, scene.olga, "26-0900", "03-30-00", "E", "1.00")
    with triggers_off(Event):
        update(the(1, scene.other_company.pk), note="touched")
    assert events.verify(chain)[1] is None
    assert events.verify(scene.other_company.pk)[0] == 0


def test_a_chain_whose_events_are_all_gone_does_not_hold(scene, chain):
    with triggers_off(Event):
        run("DELETE FROM workflow_event WHERE chain = %s", chain)
    count, touched = events.verify(chain)
    assert (count, touched.seq) == (0, 1)


@pytest.mark.django_db
def test_a_company_without_events_has_nothing_to_touch():
    assert events.verify(4711) == (0, None)


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_a_mistake_of_the_programmer():
    with pytest.raises(RuntimeError, match="belongs to the transaction"):
        events.record(chain=1, at=timezone.now(), actor=None, action="x", about=[])
    assert not ChainHead.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_event_goes_when_its_change_is_rolled_back():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        events.record(chain=1, at=timezone.now(), actor=None, action="x", about=[])
        raise ZeroDivisionError
    assert events.verify(1) == (0, None)
    assert not Event.objects.exists()
