"""A connection that was stopped starts again when everything is there, for every worker, and not before."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from cmic_adapter.backend import CmicBackend
from erp import services
from erp.delivery import circuit, outbox
from erp.models import DocumentState, Notice
from erp.setup import stopping as connections
from tests.support.delivery import assert_books_agree, fill, finish, new_process, one, send_and_accept, writes
from tests.support.simulator import Simulator
from tests.support.story import Story, begin
from workflow import events
from workflow.actions import ActionBlocked

pytestmark = pytest.mark.django_db(transaction=True)


def verify(story: Story) -> list[str]:
    found = connections.verify(story.connection, user=story.jonas, now=timezone.now())
    story.connection.refresh_from_db()
    return found


@pytest.fixture
def verify_elsewhere(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Verifying happens in another process than the one that delivers: it remembers other things."""
    opened = []

    def run(story: Story) -> list[str]:
        elsewhere = CmicBackend(**settings.ERP_BACKENDS["cmic"]["OPTIONS"])
        opened.append(elsewhere)
        with monkeypatch.context() as patch:
            patch.setattr(circuit, "backend", lambda alias: elsewhere)
            return verify(story)

    yield run
    for backend in opened:
        backend.close()


def accepted(simulator: Simulator) -> Story:
    story = begin(simulator, status="I")
    fill(story)
    send_and_accept(story)
    return story


def delivers(story: Story) -> None:
    finish(story)
    assert one().state == DocumentState.DELIVERED, story.connection.stopped_because
    assert_books_agree(story)


def test_a_company_cmic_does_not_show_is_said_and_nothing_is_sent(brisk_cmic: Simulator):
    story = accepted(brisk_cmic)
    connections.stop(story.connection, because="an admin looks", now=timezone.now())
    story.connection.refresh_from_db()
    story.connection.erp_company = "999"
    story.connection.save()
    (sentence,) = verify(story)
    assert "999" in sentence
    assert story.connection.verified_at is None and story.connection.stopped_at
    finish(story)
    assert (one().state, one().attempts) == (DocumentState.QUEUED, 0)
    assert writes(brisk_cmic) == []
    story.connection.erp_company = "001"
    story.connection.save()
    assert verify(story) == []
    delivers(story)


def test_an_erp_that_is_down_is_not_verified(brisk_cmic: Simulator):
    story = accepted(brisk_cmic)
    connections.stop(story.connection, because="an admin looks", now=timezone.now())
    brisk_cmic.fault("503_html", times=None)
    assert verify(story)
    assert story.connection.stopped_at
    brisk_cmic.clear_faults()
    assert verify(story) == []
    delivers(story)


def test_a_verified_connection_stays_verified_when_the_erp_gives_no_answer(brisk_cmic: Simulator):
    story = accepted(brisk_cmic)
    brisk_cmic.fault("503_html", times=None)
    (sentence,) = verify(story)
    assert story.connection.verified_at and not story.connection.stopped_at
    assert events.events_about(story.connection).last().note == sentence  # type: ignore[union-attr]
    brisk_cmic.clear_faults()
    delivers(story)


def test_stopping_and_verifying_are_in_the_trail(brisk_cmic: Simulator):
    story = accepted(brisk_cmic)
    connections.stop(story.connection, because="names are missing", now=timezone.now())
    connections.stop(story.connection, because="again", now=timezone.now())
    verify(story)
    told = [(e.action, e.actor, e.note) for e in events.events_about(story.connection)]
    assert ("stop_connection", "Tieback", "names are missing") in told
    assert [action for action, *_ in told].count("stop_connection") == 1
    assert told[-1] == ("verify_connection", "Jonas Lindqvist", "")
    delivers(story)


def test_a_second_stop_is_told_again(brisk_cmic: Simulator):
    story = accepted(brisk_cmic)
    for times in (1, 2):
        connections.stop(story.connection, because="names are missing", now=timezone.now())
        assert Notice.objects.filter(to=story.jonas, kind="alarm").count() == times
        verify(story)
    delivers(story)


def test_nobody_sends_over_a_connection_that_is_switched_off_or_stopped(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="I")
    fill(story)
    connections.stop(story.connection, because="names are missing", now=timezone.now())
    with pytest.raises(ActionBlocked, match="names are missing"):
        services.send(story.budget, user=story.dana, now=timezone.now())
    verify(story)
    send_and_accept(story)
    story.connection.enabled = False
    story.connection.save()
    assert not outbox.work_on(one().pk)
    assert outbox.sweep() == 0
    story.connection.enabled = True
    story.connection.save()
    delivers(story)


def test_a_worker_that_saw_a_name_missing_looks_again_once_it_was_verified_elsewhere(
    brisk_cmic: Simulator, verify_elsewhere: Any
):
    story = accepted(brisk_cmic)
    brisk_cmic.fault(
        "rename_attribute",
        match={"resource": "cmdetail"},
        times=None,
        **{"from": "CmdBudgAmt", "to": "CmdBudgetAmt"},
    )
    outbox.work_on(one().pk)
    story.connection.refresh_from_db()
    assert story.connection.stopped_at
    brisk_cmic.clear_faults()
    assert verify_elsewhere(story) == []
    delivers(story)
    story.connection.refresh_from_db()
    assert story.connection.stopped_at is None


def test_a_worker_that_saw_two_ready_statuses_looks_again_once_it_was_verified_elsewhere(
    brisk_cmic: Simulator, verify_elsewhere: Any
):
    story = accepted(brisk_cmic)
    approved = {"company": "001", "code": "APPR2", "name": "Approved too"}
    brisk_cmic.seed({"statuses": [{**approved, "pending_type": "A"}]})
    new_process()
    outbox.work_on(one().pk)
    story.connection.refresh_from_db()
    assert "status_ready" in story.connection.stopped_because
    assert writes(brisk_cmic) == []
    brisk_cmic.seed({"statuses": [{**approved, "pending_type": "N"}]})
    assert verify_elsewhere(story) == []
    delivers(story)


def test_a_worker_that_was_refused_twice_rests_and_does_not_stop_what_was_verified_elsewhere(
    brisk_cmic: Simulator, verify_elsewhere: Any
):
    story = accepted(brisk_cmic)
    for _ in range(2):
        brisk_cmic.fault("401", times=None)
        finish(story)
        story.connection.refresh_from_db()
        assert story.connection.stopped_at
        brisk_cmic.clear_faults()
        assert verify_elsewhere(story) == []
    finish(story)
    story.connection.refresh_from_db()
    assert story.connection.stopped_at is None
    assert one().state == DocumentState.QUEUED
    assert "not asking again for a while" in one().waiting_for
    assert one().not_before > timezone.now() + timedelta(minutes=9)
    new_process()  # another worker was not refused
    delivers(story)
