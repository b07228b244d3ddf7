"""What was lent counts wherever somebody lets amounts go: differences and words by hand too, and the database knows."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from erp.approval import delegations, stepping
from erp.decision import deciding
from erp.evidence import outcome as evidence_outcome
from erp.models import Batch, BatchStep, Confirmation, Delegation, DriftDecision
from erp.people import access_report
from erp.posting import confirmations
from erp.reconciliation import drift
from projects.models import Direction, Membership
from tests.admin.test_reconciliation import VALUE
from tests.admin.test_reconciliation import url as reconciliation
from tests.erp.test_access_report import at, window
from tests.erp.test_approval_steps import lend, rule
from tests.erp.test_blockers_drift import CONCRETE, CONCRETE_SENT
from tests.support import drift as paper
from tests.support import scene as acts
from tests.support.drift import CARPET
from tests.support.scene import Scene
from tests.workflow.cases import codes
from tests.workflow.sql import copy, refused, triggers_off, update
from workflow.actions import ActionBlocked
from workflow.events import events_about
from workflow.models import Event

NOTE = "Posting batch 4711."


def limited(who, limit: str | None) -> None:
    Membership.objects.filter(user=who).update(approval_limit=limit and Decimal(limit))


@pytest.fixture
def there(scene: Scene) -> Batch:
    """Dana's batch is in the ERP and CMiC was asked; Mira's own limit is far below what it moves."""
    batch = acts.send(scene)
    acts.accept(scene, batch, by=scene.jonas)
    acts.deliver(batch)
    acts.ask(batch)
    limited(scene.mira, "10.00")
    return Batch.objects.get(pk=batch.pk)


def confirm_url(batch: Batch) -> str:
    return f"/admin/erp/batch/{batch.pk}/do/confirm_posted/"


# -- a word by hand ------------------------------------------------------------------------------------------


def test_mira_gives_her_word_through_the_limit_jonas_lent_her_and_it_says_for_whom(scene, there):
    mira = window(scene.mira)
    answer = mira.post(confirm_url(there), {"note": NOTE})
    assert answer.status_code == 409
    assert "you may confirm up to 10.00. Ask Jonas Lindqvist or Tom Baptiste." in answer.content.decode()
    lend(scene, scene.jonas, scene.mira, "92500.75")
    assert mira.post(confirm_url(there), {"note": NOTE}).status_code == 302
    word = Confirmation.objects.get()
    assert (word.confirmed_by, word.on_behalf_of) == (scene.mira, scene.jonas)
    told = events_about(there).get(action="confirm_posted")
    assert told.sentence == "Confirmed by hand that batch 1 is posted, for Jonas Lindqvist"
    assert told.data["on_behalf_of"] == "Jonas Lindqvist"
    page = mira.get(f"/admin/erp/batch/{there.pk}/change/").content.decode()
    assert "confirmed by hand by Mira Osei for Jonas Lindqvist" in page
    (document,) = evidence_outcome.documents_of(there, list(there.documents.all()))
    assert document["by_hand"]["on_behalf_of"]["name"] == "Jonas Lindqvist"


def test_the_sentence_says_what_was_lent_and_the_others_what_they_may_for_whom(scene, there):
    lend(scene, scene.jonas, scene.mira, "92500.74")
    Membership.objects.filter(user=scene.ruth).update(can_push=True, approval_limit=5)
    lend(scene, scene.jonas, scene.ruth)
    with pytest.raises(ActionBlocked) as told:
        confirmations.confirm_posted(there, user=scene.mira, now=timezone.now(), note=NOTE)
    assert [one.sentence for one in told.value.blockers] == [
        "This batch moves 92,500.75; you may confirm up to 10.00, for Jonas Lindqvist up to 92,500.74. "
        "Ask Jonas Lindqvist, Tom Baptiste or Ruth Adler (for Jonas Lindqvist)."
    ]


@pytest.mark.parametrize("who", ["jonas", "mira"])
def test_what_was_lent_is_of_no_use_where_either_only_sends_back(scene, there, who):
    lend(scene, scene.jonas, scene.mira)
    assert "over_your_limit_to_confirm" not in codes(there, "confirm_posted", scene.mira)
    Membership.objects.filter(user=getattr(scene, who)).update(direction=Direction.BACK)
    expected = {"jonas": "over_your_limit_to_confirm", "mira": "only_sends_back"}[who]
    assert expected in codes(Batch.objects.get(pk=there.pk), "confirm_posted", scene.mira)


def test_whoever_may_by_themselves_gives_their_own_word(scene, there):
    lend(scene, scene.jonas, scene.tom)
    assert window(scene.tom).post(confirm_url(there), {"note": NOTE}).status_code == 302
    assert Confirmation.objects.get().on_behalf_of is None


# -- which value holds ---------------------------------------------------------------------------------------


@pytest.fixture
def drifted(scene: Scene) -> Scene:
    """The carpet is 499.50 more in CMiC than was posted; Mira may decide on 10.00 by herself."""
    paper.posted(scene)
    scene.seen = paper.edit(scene, "13000.00")
    limited(scene.mira, "10.00")
    return scene


def settle(scene: Scene, who, kind: str = "take"):
    form = {"kind": kind, "code": f"{VALUE}|13000.00", "reading_hash": scene.seen}
    return window(who).post(reconciliation(scene, "settle/"), form)


def test_mira_decides_on_a_difference_through_what_was_lent_and_it_says_for_whom(drifted):
    scene = drifted
    answer = settle(scene, scene.mira)
    assert (answer.status_code, "up to 10.00 of one reading" in answer.content.decode()) == (409, True)
    lend(scene, scene.jonas, scene.mira, "499.50")
    page = window(scene.mira).get(reconciliation(scene)).content.decode()
    assert "You may up to 10.00, for Jonas Lindqvist up to 499.50." in page
    assert settle(scene, scene.mira, "keep").status_code == 302
    decision = DriftDecision.objects.get()
    assert (decision.by, decision.on_behalf_of) == (scene.mira, scene.jonas)
    told = Event.objects.get(action="settle_drift")
    assert told.sentence == "Kept ours, to be sent, on 1 line, for Jonas Lindqvist"
    assert told.data["on_behalf_of"] == "Jonas Lindqvist"
    assert "Mira Osei for Jonas Lindqvist" in window(scene.mira).get(reconciliation(scene)).content.decode()


def test_accepting_a_difference_takes_no_limit_and_is_for_nobody(drifted):
    lend(drifted, drifted.jonas, drifted.mira)
    paper.settle(drifted, "accept", drifted.seen, note="It stays as it is.")
    assert DriftDecision.objects.get().on_behalf_of is None


def test_one_limit_is_not_used_twice_by_two_people(drifted):
    """What Tom decided for Jonas counts towards Jonas's own limit when Mira acts for him on the same reading."""
    scene = drifted
    scene.seen = paper.edit(scene, str(CONCRETE_SENT + 200), CONCRETE)
    limited(scene.tom, "10.00")
    limited(scene.jonas, "699.49")
    for one in (scene.mira, scene.tom):
        lend(scene, scene.jonas, one, "600.00")
    [once] = paper.settle(scene, "take", scene.seen, by=scene.tom, codes=[CARPET])
    assert once.on_behalf_of == scene.jonas
    with pytest.raises(ActionBlocked) as told:
        paper.settle(scene, "take", scene.seen, codes=[CONCRETE])
    assert [one.code for one in told.value.blockers] == ["settles_over_limit"]
    with refused("within the limit of whoever has the right, or lent it"):
        copy(once, by_id=scene.mira.pk)
    limited(scene.jonas, "699.50")
    [second] = paper.settle(scene, "take", scene.seen, codes=[CONCRETE])
    assert (second.by, second.on_behalf_of) == (scene.mira, scene.jonas)


# -- taken back between the look and the press ----------------------------------------------------------------


def test_a_delegation_taken_back_before_the_press_is_told_by_the_rule_on_page_and_api(scene, drifted):
    row = lend(scene, scene.jonas, scene.mira)
    assert "for Jonas Lindqvist up to" in window(scene.mira).get(reconciliation(scene)).content.decode()
    delegations.revoke(row, user=scene.jonas, now=timezone.now())
    assert settle(scene, scene.mira).status_code == 409
    body = {"kind": "take", "reading_hash": scene.seen}
    address = f"/api/v1/budgets/{scene.project.pk}/reconciliation/"
    told = window(scene.mira).post(address, body, content_type="application/json")
    assert (told.status_code, [one["code"] for one in told.json()["blockers"]]) == (
        409,
        ["settles_over_limit"],
    )


def taken_back_just_before(monkeypatch, scene, row, where, name):
    """Jonas takes it back after the rules were asked, and before anything is written."""
    real = getattr(where, name)

    def late(*args, **given):
        delegations.revoke(row, user=scene.jonas, now=timezone.now())
        return real(*args, **given)

    monkeypatch.setattr(where, name, late)


def test_one_that_is_taken_back_in_the_very_moment_is_told_by_the_rule_too(scene, monkeypatch):
    rule(scene, "Controller", scene.jonas)
    batch = acts.send(scene)
    row = lend(scene, scene.jonas, scene.mira)
    taken_back_just_before(monkeypatch, scene, row, stepping, "take")
    given = {"reading_hash": scene.budget.readings.first().hash}
    answer = window(scene.mira).post(f"/admin/erp/batch/{batch.pk}/do/accept/", given)
    assert answer.status_code == 409
    assert "It waits for the step “Controller”: Jonas Lindqvist." in answer.content.decode()
    assert BatchStep.objects.get().taken_by is None


def test_so_is_a_word_by_hand(scene, there, monkeypatch):
    row = lend(scene, scene.jonas, scene.mira)
    taken_back_just_before(monkeypatch, scene, row, confirmations, "contradicted")
    answer = window(scene.mira).post(confirm_url(there), {"note": NOTE})
    assert answer.status_code == 409
    assert "you may confirm up to 10.00" in answer.content.decode()
    assert not Confirmation.objects.exists()


def test_and_a_difference(drifted, monkeypatch):
    row = lend(drifted, drifted.jonas, drifted.mira)
    taken_back_just_before(monkeypatch, drifted, row, drift, "balance_of")
    answer = settle(drifted, drifted.mira)
    assert answer.status_code == 409
    assert "up to 10.00 of one reading" in answer.content.decode()
    assert not DriftDecision.objects.exists()


# -- the database --------------------------------------------------------------------------------------------


def test_nobody_lends_more_than_their_own_limit_nor_what_was_lent_to_them(scene):
    limited(scene.mira, "100.00")
    with refused("nobody lends more than their own right and their own limit"):
        lend(scene, scene.mira, scene.tom, "100.01")
    lend(scene, scene.jonas, scene.mira, "5000.00")
    with refused("nobody lends more than their own right and their own limit, never what was lent to them"):
        lend(scene, scene.mira, scene.tom, "5000.00")
    lend(scene, scene.mira, scene.tom, "100.00")
    Membership.objects.filter(user=scene.mira).update(direction=Direction.BACK)
    with refused("nobody lends more than their own right"):
        lend(scene, scene.mira, scene.tom, "100.00")
    with refused("a delegation gives no right"):
        lend(scene, scene.jonas, scene.ruth, "5.00")
    assert Delegation.objects.count() == 2


def taking(scene: Scene, batch: Batch) -> None:
    update(
        batch.steps.get(),
        taken_by_id=scene.mira.pk,
        on_behalf_of_id=scene.jonas.pk,
        taken_at=timezone.now(),
        reading_id=batch.budget.readings.first().pk,
    )


def test_a_step_is_taken_for_another_within_what_was_lent_and_within_their_own_limit(scene):
    batch = acts.send(scene)
    with refused("without a delegation that holds now"):
        taking(scene, batch)
    lend(scene, scene.jonas, scene.mira, "92500.74")
    with refused("beyond what was lent"):
        taking(scene, batch)
    lend(scene, scene.jonas, scene.mira, "92500.75")
    limited(scene.jonas, "92500.74")
    with refused("within the limit of whoever has the right, or lent it"):
        taking(scene, batch)
    limited(scene.jonas, "92500.75")
    taking(scene, batch)


def test_a_decision_and_a_word_for_another_want_the_same(scene, drifted):
    lend(scene, scene.jonas, scene.mira, "499.50", ends_at=timezone.now() + timedelta(days=1))
    paper.settle(scene, "take", scene.seen)
    decision = DriftDecision.objects.get()
    with refused("beyond what was lent"):
        copy(decision)
    with refused("without a delegation that holds now"):
        copy(decision, at=timezone.now() + timedelta(days=2))
    with refused("drift_decided_for_another"):
        copy(decision, kind="accept", taken_id=None, note="It stays.", reading_hash="another")


def test_a_word_is_given_for_another_within_what_was_lent(scene, there):
    row = lend(scene, scene.jonas, scene.mira)
    confirmations.confirm_posted(there, user=scene.mira, now=timezone.now(), note=NOTE)
    word = Confirmation.objects.get()
    with refused("Cannot update rows"):
        update(word, on_behalf_of_id=None)
    with triggers_off(Delegation):
        update(row, **{'"limit"': Decimal("92500.74")})
    with refused("beyond what was lent"):
        copy(word)


# -- the accountant's report -----------------------------------------------------------------------------------


def test_the_report_says_up_to_what_through_whom_and_for_whom_the_last_decision_was(scene):
    limited(scene.mira, "10.00")
    lend(scene, scene.jonas, scene.mira, "95000.00")
    batch = acts.send(scene)
    deciding.accept(
        batch, user=scene.mira, now=timezone.now(), reading_hash=scene.budget.readings.first().hash
    )
    found = access_report.report(scene.company, now=timezone.now())
    rights = dict(found.rights)
    lent = "Mira Osei (up to 10.00; for Jonas Lindqvist up to 95,000.00)"
    assert lent in rights["Accept (take the last step), confirm a posting"]
    before = "Mira Osei (no limit; for Jonas Lindqvist up to 95,000.00)"
    assert before in rights["Take a step before the last, as the rules ask"]
    page = window(scene.jonas).get(at(scene))
    assert page.status_code == 200
    assert " for Jonas Lindqvist</td>" in page.content.decode()
