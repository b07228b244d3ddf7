"""A route of several steps: each frozen at send, taken once, in order, by people none of whom takes another."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from erp import services
from erp.approval import stepping
from erp.models import ApprovalRule, Batch, BatchStep, Delegation, Notice, RuleKind
from erp.queue.listing import desk_memberships, mine, queue
from projects.models import Membership
from tests.support import scene as acts
from tests.support.scene import MAIN, TOTAL, Scene
from tests.workflow.cases import codes
from tests.workflow.sql import delete, refused, undone, update
from workflow.events import events_about

CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")


def rule(scene: Scene, name: str, *people, **more) -> ApprovalRule:
    """The company asks for one more step."""
    made = ApprovalRule.objects.create(
        company=scene.company,
        position=scene.company.approval_rules.count() + 1,
        name=name,
        anybody=not people,
        **more,
    )
    made.people.set(people)
    return made


def lend(scene: Scene, giver, taker, limit: str = "", **more) -> Delegation:
    """Somebody lets another act for them for a week, as far as they may themselves if no limit is said."""
    now = timezone.now()
    own = Membership.objects.get(user=giver, company=scene.company).approval_limit
    limit = limit or str(own or "1000000.00")
    given = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(days=7), **more}
    return Delegation.objects.create(
        company=scene.company, from_user=giver, to_user=taker, limit=Decimal(limit), made_by=giver, **given
    )


def fresh(batch: Batch) -> Batch:
    return Batch.objects.get(pk=batch.pk)


def names(batch: Batch) -> list[str]:
    return list(batch.steps.filter(needed=True).values_list("name", flat=True))


# -- what the rules ask for ---------------------------------------------------------------------------------


def test_without_rules_a_batch_takes_one_step_by_whoever_may_push(scene):
    batch = acts.send(scene)
    assert [(step.name, step.anybody) for step in batch.steps.all()] == [("Accounting", True)]
    acts.accept(scene, batch)
    step = batch.steps.get()
    assert (step.taken_by, step.on_behalf_of, fresh(batch).state) == (scene.mira, None, "accepted")


def test_a_batch_of_two_steps_goes_when_the_second_is_taken(scene):
    rule(scene, "Approver")
    rule(scene, "Controller", scene.jonas)
    batch = acts.send(scene)
    after = acts.accept(scene, batch)
    assert after.state == "waiting"
    assert not batch.documents.exists()
    assert scene.budget.state == "sent"
    told = events_about(batch).get(action="approve")
    assert told.sentence == "Approved batch 1 as Approver (1 of 2)"
    assert (told.from_state, told.to_state) == ("", "")
    after = acts.accept(scene, batch, by=scene.jonas)
    assert (after.state, after.accepted_by) == ("accepted", scene.jonas)
    assert [(s.taken_by, s.reading_id) for s in batch.steps.all()] == [
        (scene.mira, after.reading_id),
        (scene.jonas, after.reading_id),
    ]
    assert batch.documents.count() == 1


def test_the_reading_an_earlier_step_rests_on_is_kept_and_the_posted_budget_is_still_compared(scene):
    rule(scene, "Approver")
    rule(scene, "Controller", scene.jonas)
    batch = acts.send(scene)
    acts.accept(scene, batch)
    acts.read(scene)
    acts.accept(scene, batch, by=scene.jonas)
    rests_on = list(batch.steps.values_list("reading", flat=True))
    assert len(set(rests_on)) == 2
    acts.deliver(batch)
    acts.post(batch)
    for _ in range(2):
        newest = acts.read(scene)
    assert sorted(scene.budget.readings.values_list("pk", flat=True)) == [*rests_on, newest.pk]
    assert scene.reload().hold == "differs", "paper holds nothing of what was posted"


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        (RuleKind.ORIGINAL, True),
        (RuleKind.MODIFICATION, False),
        (RuleKind.TOTAL, False),
        (RuleKind.ANY, True),
    ],
)
def test_a_step_may_be_for_originals_or_modifications_alone(scene, kind, asked):
    rule(scene, "Approver")
    rule(scene, "Controller", scene.jonas, kind=kind)
    assert names(acts.send(scene)) == (["Approver", "Controller"] if asked else ["Approver"])


def test_a_transfer_is_a_modification_that_leaves_the_total(scene):
    rule(scene, "Approver")
    rule(scene, "Cost engineer", scene.tom, kind=RuleKind.MODIFICATION)
    rule(scene, "Controller", scene.jonas, kind=RuleKind.TOTAL)
    acts.lock(scene)
    acts.modify(scene, "buyout", (CONCRETE, "-5.00"), (CARPET, "5.00"))
    assert names(acts.send(scene)) == ["Approver", "Cost engineer"]


def test_a_change_of_the_total_takes_its_own_step(scene):
    scene.company.allow_total_change = True
    scene.company.save()
    rule(scene, "Controller", scene.jonas, kind=RuleKind.TOTAL)
    acts.lock(scene)
    acts.modify(scene, "owner's change", (CONCRETE, "5.00"))
    assert names(acts.send(scene)) == ["Controller"]


@pytest.mark.parametrize(("least", "asked"), [("92500.75", True), ("92500.76", False)])
def test_a_step_may_be_for_large_amounts_alone(scene, least, asked):
    rule(scene, "Controller", scene.jonas, moved_from=Decimal(least))
    assert names(acts.send(scene, read_it=False)) == (["Controller"] if asked else ["Accounting"])


def test_a_step_for_large_amounts_counts_once_a_reading_shows_that_so_much_moves(scene):
    rule(scene, "Approver")
    rule(scene, "Controller", scene.jonas, moved_from=TOTAL + 100)
    batch = acts.send(scene, read_it=False)
    assert names(batch) == ["Approver"]
    scene.sheet.hold(MAIN, "03-30-00", "1000", "-500.00")
    acts.read(scene)
    assert names(batch) == ["Approver", "Controller"]
    scene.sheet.hold(MAIN, "03-30-00", "1000", "0.00")
    acts.read(scene)
    assert names(batch) == ["Approver", "Controller"]


def test_a_step_may_need_two_people(scene):
    rule(scene, "Approver", needed=2)
    batch = acts.send(scene)
    assert names(batch) == ["Approver, 1 of 2", "Approver, 2 of 2"]
    acts.accept(scene, batch)
    assert "step_taken_for_you" in codes(batch, "accept", scene.mira)
    assert acts.accept(scene, batch, by=scene.tom).state == "accepted"


def test_a_change_of_rules_does_not_change_a_batch_under_way(scene):
    first = rule(scene, "Controller", scene.jonas)
    batch = acts.send(scene)
    first.people.set([scene.mira])
    rule(scene, "Another")
    assert "not_your_step" in codes(batch, "accept", scene.mira)
    assert acts.accept(scene, batch, by=scene.jonas).state == "accepted"


# -- limits, rejecting, retrieving, notices ------------------------------------------------------------------


def test_the_limit_of_a_person_counts_at_the_step_that_lets_the_batch_go(scene):
    rule(scene, "Approver")
    rule(scene, "Second approver")
    Membership.objects.filter(user=scene.mira).update(approval_limit=Decimal("5.00"))
    batch = acts.send(scene)
    assert codes(batch, "accept", scene.mira) == []
    acts.accept(scene, batch, by=scene.tom)
    assert codes(batch, "accept", scene.mira) == ["over_your_limit"]
    assert codes(batch, "accept", scene.jonas) == []


def test_whoever_may_send_back_rejects_at_any_step_and_whoever_is_let_on_alone_at_none(scene):
    rule(scene, "Approver", scene.tom)
    rule(scene, "Controller", scene.jonas)
    Membership.objects.filter(user__in=[scene.tom, scene.jonas]).update(direction="out")
    Membership.objects.filter(user=scene.mira).update(direction="back")
    batch = acts.send(scene)
    acts.accept(scene, batch, by=scene.tom)
    assert codes(batch, "reject", scene.jonas) == ["only_sends_on"]
    assert codes(batch, "accept", scene.mira)[:2] == ["only_sends_back", "not_your_step"]
    acts.reject(scene, batch)
    assert fresh(batch).state == "rejected"
    assert [bool(step.taken_by_id) for step in batch.steps.all()] == [True, False]


def test_the_project_manager_retrieves_until_the_last_step(scene):
    rule(scene, "Approver")
    rule(scene, "Controller", scene.jonas)
    batch = acts.send(scene)
    acts.accept(scene, batch)
    services.retrieve(scene.budget, user=scene.dana, now=timezone.now())
    assert fresh(batch).state == "retrieved"


def test_the_people_of_the_next_step_hear_of_it_at_once_and_once(scene):
    rule(scene, "Approver")
    rule(scene, "Controller", scene.jonas)
    batch = acts.send(scene)
    acts.accept(scene, batch)
    notice = Notice.objects.get(kind="step")
    assert (notice.to, notice.subject) == (scene.jonas, "Your turn to approve: Quay Street, batch 1")
    assert f"/admin/erp/batch/{batch.pk}/change/" in notice.text


def test_the_budget_says_who_approved_and_for_whom_it_waits(scene):
    rule(scene, "Approver")
    rule(scene, "Controller", scene.jonas)
    acts.accept(scene, acts.send(scene))
    from budgets.states import state_of

    word = state_of(scene.reload())
    assert word.words == "Waiting for accounting, step 2 of 2"
    assert word.next == "Approved by Mira Osei. Waiting for Controller: Jonas Lindqvist."


# -- who can take it, twice said: the rules in Python, the queue in SQL ---------------------------------------


def test_the_queue_holds_a_batch_for_exactly_those_who_can_take_its_step(scene):
    rule(scene, "Approver")
    rule(scene, "Controller", scene.jonas)
    batch = acts.send(scene, by=scene.tom)
    lend(scene, scene.jonas, scene.mira, "100000.00")

    def agree() -> Iterator[str]:
        for who in (scene.dana, scene.tom, scene.mira, scene.jonas, scene.ruth, scene.olga):
            memberships = desk_memberships(who)
            moment = timezone.now()
            found = queue(who, memberships, now=moment).filter(mine(memberships, now=moment)).exists()
            mays = {"no_right_to_decide", "you_prepared_it", "step_taken_for_you", "not_your_step"}
            mays |= {"over_your_limit", "would_leave_nobody"}
            stopped = mays & set(codes(batch, "accept", who))
            assert found is not bool(stopped), (who.username, stopped)
            if found:
                yield who.username

    assert list(agree()) == ["mira"], "Jonas is the only one for the second step"
    acts.accept(scene, batch)
    assert list(agree()) == ["jonas"]


# -- the database --------------------------------------------------------------------------------------------


def taking(scene: Scene, who, **more) -> dict:
    reading = scene.budget.readings.first()
    return {"taken_by_id": who.pk, "taken_at": timezone.now(), "reading_id": reading.pk, **more}


@pytest.fixture
def two_steps(scene: Scene) -> tuple[BatchStep, BatchStep]:
    """Dana's batch waits for an approver, then for Jonas or Ruth."""
    rule(scene, "Approver")
    rule(scene, "Controller", scene.jonas, scene.mira)
    first, second = acts.send(scene).steps.all()
    return first, second


def test_the_database_keeps_the_order_and_other_eyes_at_each_step(scene, two_steps):
    first, second = two_steps
    with refused("in order"):
        update(second, **taking(scene, scene.jonas))
    with refused("whoever prepared a batch"):
        update(first, **taking(scene, scene.dana))
    update(first, **taking(scene, scene.mira))
    with refused("nobody takes two steps"):
        update(second, **taking(scene, scene.mira))
    with refused("by those who were named"):
        update(second, **taking(scene, scene.tom))
    with undone():
        update(second, **taking(scene, scene.jonas))


def test_the_database_accepts_no_batch_with_a_step_left(scene, two_steps):
    first, second = two_steps
    update(first, **taking(scene, scene.mira))
    yes = {
        "state": "accepted",
        "accepted_by_id": scene.jonas.pk,
        "accepted_at": timezone.now(),
        "reading_id": scene.budget.readings.first().pk,
    }
    with refused("every step of its route"):
        update(first.batch, **yes)
    update(second, **taking(scene, scene.jonas))
    with undone():
        update(first.batch, **yes)


def test_the_database_freezes_a_step_and_what_was_decided(scene, two_steps):
    first, second = two_steps
    for columns in ({"name": "x"}, {"anybody": False}, {"position": 9}, {"needed": False}):
        with refused("Cannot update rows"):
            update(first, **columns)
    with refused("Cannot delete rows"):
        delete(first)
    update(first, **taking(scene, scene.mira))
    with refused("Cannot update rows"):
        update(first, taken_by_id=scene.tom.pk)
    with refused("Cannot update (or delete )?rows"):
        update(second.people.first(), user_id=scene.tom.pk)


def test_the_database_lets_nobody_act_for_another_without_a_delegation_that_holds(scene, two_steps):
    first, second = two_steps
    update(first, **taking(scene, scene.mira))
    for_jonas = {"on_behalf_of_id": scene.jonas.pk}
    with refused("without a delegation"):
        update(second, **taking(scene, scene.tom, **for_jonas))
    ended = timezone.now() - timedelta(minutes=1)
    lend(scene, scene.jonas, scene.tom, starts_at=ended - timedelta(days=1), ends_at=ended)
    with refused("without a delegation"):
        update(second, **taking(scene, scene.tom, **for_jonas))
    lend(scene, scene.jonas, scene.tom)
    with undone():
        update(second, **taking(scene, scene.tom, **for_jonas))
    lend(scene, scene.mira, scene.tom)
    with refused("nobody takes two steps"):
        update(second, **taking(scene, scene.tom, on_behalf_of_id=scene.mira.pk))


def test_no_step_of_a_decided_batch_is_taken(scene, two_steps):
    first, _ = two_steps
    services.retrieve(scene.budget, user=scene.dana, now=timezone.now())
    with refused("no step of a decided batch"):
        update(first, **taking(scene, scene.mira))


# -- naming somebody -----------------------------------------------------------------------------------------


def test_an_erp_admin_names_another_where_a_step_has_lost_its_people(scene):
    rule(scene, "Controller", scene.tom)
    batch = acts.send(scene)
    Membership.objects.filter(user=scene.tom).update(can_push=False)
    assert "step_without_people" in codes(batch, "accept", scene.mira)
    stepping.name_for_step(batch, user=scene.jonas, now=timezone.now(), person_id=scene.mira.pk)
    told = events_about(batch).get(action="name_for_step")
    assert told.sentence == "Named Mira Osei for the step Controller of batch 1"
    assert Notice.objects.get(kind="step").to == scene.mira
    assert acts.accept(scene, batch).state == "accepted"
