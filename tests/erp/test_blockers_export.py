"""After the acceptance: retry, return, check and confirm, each where it makes sense."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from erp.delivery import aftercare
from erp.models import Confirmation, Document
from erp.posting import confirmations
from projects.models import Membership
from tests.support import scene as acts
from tests.support.scene import MAIN
from tests.workflow.cases import codes, gone, met, removes, shows, stays
from workflow.actions import SYSTEM, ActionBlocked, ensure
from workflow.blockers import Kind

CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")
AFTER = ("retry", "return_to_pm", "check_now", "confirm_posted")


def now():
    return timezone.now()


@pytest.fixture
def batch(scene):
    """An accepted batch with one document in the queue."""
    return acts.accept(scene, acts.send(scene))


def document(batch):
    return Document.objects.get(batch=batch)


def move(batch, action, transition, **given):
    row = document(batch)
    ensure(row, action, SYSTEM)
    getattr(row, transition)(now=now(), **given)
    row.save()


@shows("not_under_way")
@removes("not_under_way")
def test_a_batch_that_waits_has_nothing_to_retry_until_it_is_accepted(scene):
    waiting = acts.send(scene)
    for action in AFTER:
        found = met(waiting, action, scene.mira, "not_under_way")
        assert (found.kind, found.sentence) == (Kind.STATE, "The batch has not been accepted.")
    acts.accept(scene, waiting)
    for action in AFTER:
        gone(waiting, action, scene.mira, "not_under_way")


def test_a_finished_batch_says_how_it_ended(scene, batch):
    acts.deliver(batch)
    acts.post(batch)
    assert met(batch, "return_to_pm", scene.mira, "not_under_way").sentence == "All of it is posted."


def test_a_rejected_batch_is_history(scene):
    rejected = acts.reject(scene, acts.send(scene))
    assert met(rejected, "retry", scene.mira, "not_under_way").sentence == "The batch was rejected."


@shows("nothing_refused")
@removes("nothing_refused")
def test_only_what_was_refused_is_tried_again_by_hand(scene, batch):
    found = met(batch, "retry", scene.mira, "nothing_refused")
    assert found.kind is Kind.STATE
    assert found.sentence == "No document was refused; Tieback tries the others again by itself."
    acts.refuse(batch)
    gone(batch, "retry", scene.mira, "nothing_refused")
    aftercare.retry(batch, user=scene.mira, now=now())
    assert document(batch).state == "queued"
    met(batch, "retry", scene.mira, "nothing_refused")


@shows("being_sent")
@removes("being_sent")
def test_a_document_on_the_wire_is_not_returned_until_its_outcome_is_known(scene, batch):
    acts.take(document(batch))
    found = met(batch, "return_to_pm", scene.mira, "being_sent")
    assert found.waiting
    assert found.sentence == "A document is being sent right now. Try again in a minute."
    move(batch, "unconfirm", "unconfirm", reason="time-out", not_before=now())
    found = met(batch, "return_to_pm", scene.mira, "being_sent")
    assert "not known yet whether a document arrived. Tieback is asking" in found.sentence
    with pytest.raises(ActionBlocked, match="Tieback is asking"):
        aftercare.return_to_pm(batch, user=scene.mira, now=now(), note="Owner changed his mind.")
    move(batch, "deliver", "deliver", receipt={"lines": 1})
    gone(batch, "return_to_pm", scene.mira, "being_sent")


@shows("being_withdrawn")
@removes("being_withdrawn")
def test_a_batch_on_its_way_back_is_not_returned_twice(scene, batch):
    acts.deliver(batch)
    aftercare.return_to_pm(batch, user=scene.mira, now=now(), note="Owner changed his mind.")
    found = met(batch, "return_to_pm", scene.mira, "being_withdrawn")
    assert (found.waiting, found.sentence) == (True, "The batch is being taken out of the ERP already.")
    with pytest.raises(ActionBlocked):
        aftercare.return_to_pm(batch, user=scene.jonas, now=now(), note="Me too.")
    move(batch, "mark_withdrawn", "mark_withdrawn")
    gone(batch, "return_to_pm", scene.mira, "being_withdrawn")


@shows("nothing_delivered")
@removes("nothing_delivered")
def test_there_is_nothing_to_check_or_confirm_before_something_is_in_the_erp(scene, batch):
    for action in ("check_now", "confirm_posted"):
        found = met(batch, action, scene.mira, "nothing_delivered")
        assert (found.kind, found.sentence) == (
            Kind.STATE,
            "No document waits in the ERP to be posted.",
        )
    acts.deliver(batch)
    for action in ("check_now", "confirm_posted"):
        gone(batch, action, scene.mira, "nothing_delivered")
    acts.ask(batch)
    confirmations.confirm_posted(batch, user=scene.mira, now=now(), note="Posted in batch 4711.")
    assert document(batch).confirmed_by == scene.mira


@shows("over_your_limit_to_confirm")
@removes("over_your_limit_to_confirm")
def test_a_word_given_by_hand_stays_within_the_limit_as_accepting_does(scene, batch):
    acts.deliver(batch)
    acts.ask(batch)
    member = Membership.objects.filter(user=scene.mira)
    member.update(approval_limit=Decimal("92500.74"))
    found = met(batch, "confirm_posted", scene.mira, "over_your_limit_to_confirm")
    assert found.sentence == (
        "This batch moves 92,500.75; you may confirm up to 92,500.74. Ask Jonas Lindqvist or Tom Baptiste."
    )
    with pytest.raises(ActionBlocked):
        confirmations.confirm_posted(batch, user=scene.mira, now=now(), note="Posted in batch 4711.")
    member.update(approval_limit=Decimal("92500.75"))
    gone(batch, "confirm_posted", scene.mira, "over_your_limit_to_confirm")
    confirmations.confirm_posted(batch, user=scene.mira, now=now(), note="Posted in batch 4711.")


@shows("not_asked_lately")
@removes("not_asked_lately")
def test_nobody_gives_their_word_before_the_erp_was_asked(scene, batch):
    acts.deliver(batch)
    found = met(batch, "confirm_posted", scene.mira, "not_asked_lately")
    assert found.sentence == (
        "CMiC was not asked within the last 10 minutes whether it is posted. Check now, then confirm."
    )
    confirmations.check_now(batch, user=scene.mira, now=now())
    found = met(batch, "confirm_posted", scene.mira, "not_asked_lately")
    assert "is being asked whether it is posted" in found.sentence
    acts.ask(batch)
    gone(batch, "confirm_posted", scene.mira, "not_asked_lately")
    Document.objects.update(asked_at=now() - timedelta(minutes=11), check_at=None)
    met(batch, "confirm_posted", scene.mira, "not_asked_lately")
    scene.connection.stopped_at = now()
    scene.connection.save()
    gone(batch, "confirm_posted", scene.mira, "not_asked_lately")


@shows("nothing_disproved")
@removes("nothing_disproved")
def test_there_is_no_alarm_to_close_before_the_erp_says_otherwise(scene, batch):
    acts.deliver(batch)
    acts.ask(batch)
    confirmations.confirm_posted(batch, user=scene.mira, now=now(), note="Posted in batch 4711.")
    found = met(batch, "close_alarm", scene.mira, "nothing_disproved")
    assert found.sentence == "Nothing that was confirmed by hand is in doubt."
    Confirmation.objects.update(state="disproved", why="It was rejected there.")
    gone(batch, "close_alarm", scene.mira, "nothing_disproved")
    confirmations.close_alarm(batch, user=scene.mira, now=now(), note="Entered again.")
    met(batch, "close_alarm", scene.mira, "nothing_disproved")


@shows("system_only")
@removes("system_only")
def test_what_workers_do_is_no_persons_to_do(scene, batch):
    for obj, names in (
        (batch, ("retrieve", "mark_exported", "reopen", "mark_posted", "mark_returned")),
        (document(batch), ("claim", "deliver", "refuse", "post", "withdraw", "queue_again")),
        (scene.budget, ("give_back",)),
    ):
        for name in names:
            for user in (scene.mira, scene.jonas, scene.dana):
                found = met(obj, name, user, "system_only")
                assert found.kind is Kind.PERMISSION
                assert found.sentence == "Tieback does this by itself; nobody needs to."
            assert codes(obj, name, SYSTEM) == []
    acts.deliver(batch)  # it did
    stays(batch, "mark_exported", scene.mira, "system_only")


@shows("nothing_lost")
@removes("nothing_lost")
def test_an_approver_is_asked_where_a_document_is_only_when_the_erp_cannot_tell(scene, batch):
    acts.take(document(batch))
    move(batch, "unconfirm", "unconfirm", reason="no answer", not_before=now())
    for action in ("say_arrived", "say_not_arrived"):
        assert met(batch, action, scene.mira, "nothing_lost").kind is Kind.STATE
    Document.objects.update(not_before=None)
    for action in ("say_arrived", "say_not_arrived"):
        gone(batch, action, scene.mira, "nothing_lost")


@shows("nothing_changed_there")
@removes("nothing_changed_there")
def test_an_approver_chooses_what_becomes_of_a_document_only_when_somebody_changed_it_there(scene, batch):
    acts.refuse(batch)
    for action in ("take_out_anyway", "leave_in_erp"):
        assert met(batch, action, scene.mira, "nothing_changed_there").kind is Kind.STATE
    Document.objects.update(findings=[{"code": "withdraw_conflict", "message": "edited", "refs": []}])
    for action in ("take_out_anyway", "leave_in_erp"):
        gone(batch, action, scene.mira, "nothing_changed_there")
