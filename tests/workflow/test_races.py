"""Whoever is first wins, and everybody else is told who it was: on real PostgreSQL, many rounds each.

What is won differs from round to round; what must hold afterwards does not.
"""

import re
from decimal import Decimal
from functools import partial

import pytest
from django.utils import timezone

from budgets import services as budget_services
from budgets.errors import Conflict
from budgets.models import Budget, BudgetLine, Modification
from erp import services as erp_services
from erp.decision import deciding
from erp.delivery import aftercare
from erp.models import Batch, BatchPreparer, Document
from projects.models import BudgetLevel, Job, Membership, Project, ProjectRole
from tests.support import scene as acts
from tests.support.scene import MAIN
from tests.workflow.racing import race, split
from workflow import events
from workflow.actions import ActionBlocked
from workflow.models import Event

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS, FEWER = 20, 10
CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")


def now():
    return timezone.now()


@pytest.fixture
def people(scene):
    """Eight people who may do everything on Dana's budget."""
    found = [scene.dana, scene.tom]
    for number in range(6):
        person = acts.person(f"pm{number}", f"Pat No{number}")
        ProjectRole.objects.create(user=person, project=scene.project, level=BudgetLevel.ADMIN)
        found.append(person)
    return found


def the_chain_holds(scene):
    count, touched = events.verify(scene.company.pk)
    assert touched is None
    assert count == Event.objects.filter(chain=scene.company.pk).count()


def events_of(action):
    return Event.objects.filter(action=action).count()


def codes(refusals):
    return {b.code for refusal in refusals for b in refusal.blockers}


def test_eight_people_press_send_at_once_and_one_batch_is_made(scene, people):
    acts.lock(scene)
    for number in range(1, ROUNDS + 1):
        ended = race(*(partial(erp_services.send, scene.budget, user=p, now=now()) for p in people))
        (batch,), refused = split(ended, ActionBlocked)
        assert batch.number == number == Batch.objects.count()
        assert codes(refused) == {"waiting_for_accounting"}
        assert BatchPreparer.objects.filter(batch=batch, what="sent it").count() <= 1
        assert batch.sent_by in people
        assert events_of("send") == number
        erp_services.retrieve(scene.budget, user=scene.dana, now=now())
    the_chain_holds(scene)


def test_accept_against_retrieve_one_wins_and_the_other_reads_who_it_was(scene):
    seen = {"accepted": 0, "retrieved": 0}
    acts.lock(scene)
    for _ in range(ROUNDS):
        batch = acts.send(scene)
        reading = scene.budget.readings.first()
        accepted, retrieved = race(
            partial(deciding.accept, batch, user=scene.mira, now=now(), reading_hash=reading.hash),
            partial(erp_services.retrieve, scene.budget, user=scene.dana, now=now()),
        )
        (_,), (told,) = split([accepted, retrieved], ActionBlocked)
        batch.refresh_from_db()
        seen[batch.state] += 1
        documents = Document.objects.filter(batch=batch).count()
        if retrieved.error is None:
            assert (batch.state, documents, scene.reload().state) == ("retrieved", 0, "locked")
            assert re.search(r"Retrieved by Dana Reyes on .*, \d\d:\d\d", str(told))
        else:
            assert (batch.state, documents, scene.reload().state) == ("accepted", 1, "sent")
            assert re.search(r"Accepted by Mira Osei on .*, \d\d:\d\d", str(told))
            bring_back(scene, batch)
    assert sum(seen.values()) == ROUNDS
    the_chain_holds(scene)


def bring_back(scene, batch):
    """Mira returns the batch; nothing of it was sent, so it is back at once."""
    aftercare.return_to_pm(batch, user=scene.mira, now=now(), note="Next round.")
    assert scene.reload().state == "locked"


def test_two_approvers_accept_at_once_and_the_documents_are_written_once(scene):
    acts.lock(scene)
    for number in range(1, ROUNDS + 1):
        batch = acts.send(scene)
        seen = scene.budget.readings.first().hash
        ended = race(
            *(
                partial(deciding.accept, batch, user=p, now=now(), reading_hash=seen)
                for p in (scene.mira, scene.jonas)
            )
        )
        (_,), (told,) = split(ended, ActionBlocked)
        batch.refresh_from_db()
        assert f"Accepted by {batch.accepted_by.get_full_name()} on " in str(told)
        assert Document.objects.filter(batch=batch).count() == 1
        assert events_of("accept") == number
        bring_back(scene, batch)
    the_chain_holds(scene)


def test_accept_against_reject_leaves_one_decision(scene):
    acts.lock(scene)
    for _ in range(FEWER):
        batch = acts.send(scene)
        seen = scene.budget.readings.first().hash
        ended = race(
            partial(deciding.accept, batch, user=scene.mira, now=now(), reading_hash=seen),
            partial(
                deciding.reject,
                batch,
                user=scene.jonas,
                now=now(),
                reason_code="amounts",
                reason="Too high.",
            ),
        )
        (_,), (told,) = split(ended, ActionBlocked)
        batch.refresh_from_db()
        assert (batch.accepted_by is None) != (batch.sent_back_by is None)
        assert codes([told]) >= {"already_decided"}
        if batch.state == "accepted":
            bring_back(scene, batch)
    the_chain_holds(scene)


def test_two_people_edit_one_line_and_nothing_is_lost(scene):
    line = scene.lines[CONCRETE]
    for number in range(ROUNDS):
        typed = {p.pk: Decimal(1000 * number + place) for place, p in enumerate((scene.dana, scene.tom))}
        ended = race(
            *(
                partial(
                    budget_services.edit_line,
                    line,
                    user=p,
                    now=now(),
                    version=number,
                    values={"amount": typed[p.pk]},
                )
                for p in (scene.dana, scene.tom)
            )
        )
        (won,), (told,) = split(ended, Conflict)
        kept = BudgetLine.objects.get(pk=line.pk)
        assert (kept.version, kept.amount, kept.changed_by) == (number + 1, won.amount, won.changed_by)
        assert kept.amount == typed[kept.changed_by_id]
        assert told.current.amount == kept.amount
        assert told.sentence == f"{kept.changed_by.get_full_name()} changed this line before you saved it."
    the_chain_holds(scene)


def test_a_counter_that_eight_people_raise_loses_no_step(scene, people):
    """Each looks, adds one, and looks again when somebody was faster."""
    line = scene.lines[CONCRETE]
    start = line.amount

    def raise_it(person):
        for _ in range(100):
            seen = BudgetLine.objects.get(pk=line.pk)
            try:
                return budget_services.edit_line(
                    seen, user=person, now=now(), version=seen.version, values={"amount": seen.amount + 1}
                )
            except Conflict:
                continue
        raise AssertionError("never got through")

    for number in range(1, 4):
        split(race(*(partial(raise_it, p) for p in people)), Conflict)
        assert BudgetLine.objects.get(pk=line.pk).amount == start + 8 * number
    the_chain_holds(scene)


def test_lock_against_edit_leaves_either_the_old_amount_or_the_new_one_locked(scene):
    line = scene.lines[CONCRETE]
    for number in range(ROUNDS):
        line.refresh_from_db()
        before, wanted = line.amount, Decimal(5000 + number)
        locked, edited = race(
            partial(budget_services.lock, scene.budget, user=scene.dana, now=now()),
            partial(
                budget_services.edit_line,
                line,
                user=scene.tom,
                now=now(),
                version=line.version,
                values={"amount": wanted},
            ),
        )
        assert locked.error is None
        split([edited], ActionBlocked)
        kept = BudgetLine.objects.get(pk=line.pk)
        assert kept.amount == (before if edited.error else wanted)
        if edited.error:
            assert codes([edited.error]) == {"budget_locked"}
        assert Budget.objects.get(pk=scene.budget.pk).state == "locked"
        budget_services.unlock(scene.budget, user=scene.dana, now=now())
    the_chain_holds(scene)


def test_a_modification_made_effective_by_two_people_gets_one_number(scene):
    acts.lock(scene)
    for number in range(1, ROUNDS + 1):
        draft = acts.modify(scene, "buyout", (CONCRETE, "-5.00"), (CARPET, "5.00"), effective=False)
        ended = race(
            *(
                partial(budget_services.make_effective, draft, user=p, now=now())
                for p in (scene.dana, scene.tom)
            )
        )
        (won,), (told,) = split(ended, ActionBlocked)
        assert won.number == number
        assert "modification_not_draft" in codes([told])
    assert list(Modification.objects.values_list("number", flat=True)) == list(range(1, ROUNDS + 1))
    the_chain_holds(scene)


def test_two_modifications_made_effective_at_once_get_two_numbers(scene):
    acts.lock(scene)
    for number in range(FEWER):
        drafts = [
            acts.modify(scene, title, (CONCRETE, "-5.00"), (CARPET, "5.00"), effective=False)
            for title in ("one", "two")
        ]
        ended = race(
            *(partial(budget_services.make_effective, d, user=scene.dana, now=now()) for d in drafts)
        )
        won, refused = split(ended, ActionBlocked)
        assert sorted(row.number for row in won) == [2 * number + 1, 2 * number + 2]
        assert refused == []
    the_chain_holds(scene)


def test_send_against_unlock_never_leaves_a_batch_of_a_draft(scene):
    for _ in range(FEWER):
        acts.lock(scene)
        sent, unlocked = race(
            partial(erp_services.send, scene.budget, user=scene.dana, now=now()),
            partial(budget_services.unlock, scene.budget, user=scene.tom, now=now()),
        )
        split([sent, unlocked], ActionBlocked)
        assert (sent.error is None) != (unlocked.error is None)
        state = scene.reload().state
        assert state == ("sent" if sent.error is None else "draft")
        assert Batch.objects.filter(state="waiting").count() == (state == "sent")
        if state == "sent":
            erp_services.retrieve(scene.budget, user=scene.dana, now=now())
            budget_services.unlock(scene.budget, user=scene.dana, now=now())
    the_chain_holds(scene)


def test_a_right_taken_away_while_people_press_counts_before_or_after_but_never_half(scene):
    acts.lock(scene)
    for _ in range(FEWER):
        batch = acts.send(scene)
        seen = scene.budget.readings.first().hash
        accepted, _taken = race(
            partial(deciding.accept, batch, user=scene.jonas, now=now(), reading_hash=seen),
            lambda: Membership.objects.filter(user=scene.jonas).update(can_push=False),
        )
        split([accepted], ActionBlocked)
        batch.refresh_from_db()
        documents = Document.objects.filter(batch=batch).count()
        if accepted.error is None:
            assert (batch.state, batch.accepted_by, documents) == ("accepted", scene.jonas, 1)
            bring_back(scene, batch)
        else:
            assert (batch.state, batch.accepted_by, documents) == ("waiting", None, 0)
            erp_services.retrieve(scene.budget, user=scene.dana, now=now())
        Membership.objects.filter(user=scene.jonas).update(can_push=True)
    the_chain_holds(scene)


def test_two_projects_of_one_company_write_one_chain_that_never_forks(scene, people):
    """Each on a budget of its own: only the chain's head stands between them."""
    budgets = [scene.budget, *(_another_project(scene, people, number) for number in range(3))]
    before = events_of("add_line")
    for number in range(ROUNDS):
        ended = race(
            partial(acts.add_line, scene.other_budget, scene.olga, "26-0900", f"x{number}", "E", "1.00"),
            *(
                partial(acts.add_line, budget, person, "", f"x{number}", "E", "1.00")
                for budget, person in zip(budgets, people, strict=False)
            ),
        )
        won, _ = split(ended, ActionBlocked)
        assert len(won) == 5
    the_chain_holds(scene)
    assert events_of("add_line") - before == 5 * ROUNDS
    assert events.verify(scene.other_company.pk)[1] is None


def _another_project(scene, people, number):
    project = Project.objects.create(company=scene.company, name=f"Pier {number}")
    Job.objects.create(company=scene.company, project=project, code=f"26-030{number}")
    for person in people:
        ProjectRole.objects.create(user=person, project=project, level=BudgetLevel.ADMIN)
    return budget_services.budget_for(project)
