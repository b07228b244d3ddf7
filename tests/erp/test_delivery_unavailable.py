"""CMiC throttles, is down or does not let us in: nothing is lost, nothing is hammered, people are told."""

import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connections as databases
from django.utils import timezone

from erp import services
from erp.decision import deciding
from erp.delivery import outbox
from erp.delivery.outbox import LONGEST_BACKOFF
from erp.models import Document, DocumentState, ErpReading, Notice, ReadingState
from erp.posting import polling as posting
from erp.setup import stopping as connections
from erp.sync import readings
from tests.support.delivery import (
    assert_books_agree,
    fill,
    finish,
    new_process,
    one,
    send_and_accept,
    time_passes,
    writes,
)
from tests.support.simulator import Simulator
from tests.support.story import Story, begin
from workflow.actions import ActionBlocked

pytestmark = pytest.mark.django_db(transaction=True)


def accepted(simulator: Simulator) -> Story:
    story = begin(simulator, status="I")
    fill(story)
    send_and_accept(story)
    return story


def goes_on(story: Story) -> None:
    story.simulator.clear_faults()
    finish(story)
    assert one().state == DocumentState.DELIVERED
    story.post_everything()
    story.poll()
    assert_books_agree(story)


@pytest.mark.parametrize("fault", ["429", "503_html", "reset_before", "hang_before"])
def test_an_erp_that_cannot_be_read_puts_the_document_back_with_a_reason_and_nothing_is_written(
    brisk_cmic: Simulator, fault: str
):
    story = accepted(brisk_cmic)
    brisk_cmic.fault(fault, match={"method": "GET"}, times=None)
    before = timezone.now()
    assert outbox.work_on(one().pk)
    waiting = one()
    assert waiting.state == DocumentState.QUEUED
    assert "CMiC" in waiting.waiting_for
    assert before < waiting.not_before <= timezone.now() + timedelta(seconds=10)
    assert not outbox.work_on(one().pk)
    assert writes(brisk_cmic) == []
    assert story.reload().hold == "exporting"
    goes_on(story)


def test_a_throttled_write_wrote_nothing_and_is_simply_tried_later(brisk_cmic: Simulator):
    story = accepted(brisk_cmic)
    brisk_cmic.fault("429", match={"method": "POST", "resource": "cmdetail"})
    outbox.work_on(one().pk)
    assert one().state == DocumentState.QUEUED
    assert one().calls.last().outcome == "unavailable"
    assert one().probes == 0
    goes_on(story)


def test_the_waits_grow_and_never_pass_an_hour(brisk_cmic: Simulator):
    story = accepted(brisk_cmic)
    brisk_cmic.fault("503_html", times=None)
    waits = []
    for _ in range(5):
        time_passes(story)
        outbox.work_on(one().pk)
        waits.append((one().not_before - timezone.now()).total_seconds())
    longest = [5.0 * 2**attempt for attempt in range(5)]
    assert all(wait <= most + 1 for wait, most in zip(waits, longest, strict=True)), waits
    Document.objects.update(attempts=1_000_000)
    time_passes(story)
    outbox.work_on(one().pk)
    assert (one().not_before - timezone.now()).total_seconds() <= LONGEST_BACKOFF
    goes_on(story)


def test_a_server_that_is_down_is_tried_again_until_it_is_back(brisk_cmic: Simulator, settings: LazySettings):
    story = accepted(brisk_cmic)
    there = settings.ERP_BACKENDS["cmic"]["OPTIONS"]["base_url"]
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{nobody.getsockname()[1]}/cmictest"
        settings.ERP_BACKENDS["cmic"]["OPTIONS"]["base_url"] = nowhere
        new_process()
        outbox.work_on(one().pk)
    assert one().state == DocumentState.QUEUED
    assert "cannot be reached" in one().waiting_for
    settings.ERP_BACKENDS["cmic"]["OPTIONS"]["base_url"] = there
    new_process()
    goes_on(story)


def test_a_storm_of_429_under_two_workers_keeps_to_the_limits_and_ends_with_one_of_each(
    brisk_cmic: Simulator, settings: LazySettings
):
    settings.ERP_BACKENDS["cmic"]["OPTIONS"]["requests_per_second"] = 14
    story = begin(brisk_cmic, status="I")
    fill(story)
    labor, sub = story.budget.lines.order_by("cost_code__code")[:2]
    story.modify("shift", (labor, "-1.10"), (sub, "1.10"))
    batch = send_and_accept(story)
    brisk_cmic.control("DELETE", "journal")
    brisk_cmic.switch(throttle=True)
    brisk_cmic.fault("429", match={"probability": 0.2, "seed": 7}, times=6)
    new_process()

    def work(_: int) -> None:
        try:
            for key in batch.documents.values_list("pk", flat=True):
                outbox.work_on(key)
        finally:
            databases.close_all()

    for _ in range(12):
        time_passes(story)
        with ThreadPoolExecutor(2) as workers:
            list(workers.map(work, range(2)))
        if not batch.documents.exclude(state=DocumentState.DELIVERED).exists():
            break
    stats = brisk_cmic.stats()
    assert stats["statuses"].get("429", 0) >= 1
    assert stats["max_in_flight"] <= 5
    assert stats["max_per_second"] <= 15
    brisk_cmic.switch(throttle=False)
    goes_on_all(story)


def goes_on_all(story: Story) -> None:
    story.simulator.clear_faults()
    finish(story)
    assert set(Document.objects.values_list("state", flat=True)) == {DocumentState.DELIVERED}
    story.post_everything()
    story.poll()
    assert_books_agree(story)


# -- stopped ------------------------------------------------------------------------------------------------


def stopped(story: Story) -> Any:
    story.connection.refresh_from_db()
    return story.connection.stopped_at


def refused_logins(simulator: Simulator) -> int:
    return sum(1 for entry in simulator.journal() if entry["status"] == 401)


def test_a_refused_log_in_stops_the_connection_after_at_most_two_tries_and_tells_the_admins_once(
    brisk_cmic: Simulator,
):
    story = accepted(brisk_cmic)
    brisk_cmic.fault("401", times=None)
    for _ in range(5):
        time_passes(story)
        outbox.work_on(one().pk)
        outbox.sweep()
        story.poll()
    assert 1 <= refused_logins(brisk_cmic) <= 2
    assert stopped(story)
    mails = Notice.objects.filter(to=story.jonas, kind="alarm")
    assert mails.count() == 1
    assert "Verify now" in mails[0].text
    assert one().state == DocumentState.QUEUED
    assert writes(brisk_cmic) == []
    assert_books_agree(story)

    brisk_cmic.clear_faults()
    new_process()
    assert connections.verify(story.connection, user=story.jonas, now=timezone.now()) == []
    assert not stopped(story)
    goes_on(story)


def test_a_log_in_refused_in_the_middle_of_a_push_is_asked_about_no_more_until_it_is_verified(
    brisk_cmic: Simulator,
):
    story = accepted(brisk_cmic)
    brisk_cmic.fault("reset_after_commit", match={"method": "POST", "resource": "cmdetail"})
    outbox.work_on(one().pk)
    assert one().state == DocumentState.UNCONFIRMED
    brisk_cmic.fault("401", times=None)
    for _ in range(6):
        time_passes(story)
        outbox.work_on(one().pk)
        outbox.sweep()
    assert stopped(story)
    assert refused_logins(brisk_cmic) == 1  # once stopped, nobody asks either
    assert one().state == DocumentState.UNCONFIRMED
    brisk_cmic.clear_faults()
    new_process()
    assert connections.verify(story.connection, user=story.jonas, now=timezone.now()) == []
    goes_on(story)


def test_a_log_in_refused_at_a_write_wrote_nothing(brisk_cmic: Simulator):
    story = accepted(brisk_cmic)
    brisk_cmic.fault("401", match={"method": "PATCH", "resource": "cmmast"}, times=None)
    outbox.work_on(one().pk)
    assert one().state == DocumentState.QUEUED
    assert stopped(story)
    brisk_cmic.clear_faults()
    new_process()
    assert connections.verify(story.connection, user=story.jonas, now=timezone.now()) == []
    goes_on(story)


def test_a_renamed_attribute_stops_with_a_sentence_that_names_it_and_nothing_is_written(
    brisk_cmic: Simulator,
):
    story = accepted(brisk_cmic)
    brisk_cmic.fault(
        "rename_attribute",
        match={"resource": "cmdetail"},
        times=None,
        **{"from": "CmdBudgAmt", "to": "CmdBudgetAmt"},
    )
    new_process()
    outbox.work_on(one().pk)
    assert stopped(story)
    assert "CmdBudgAmt" in story.connection.stopped_because
    assert "CmdBudgetAmt" in story.connection.stopped_because  # the likely candidate
    assert one().state == DocumentState.QUEUED
    assert "CmdBudgAmt" in one().waiting_for
    assert writes(brisk_cmic) == []
    still = connections.verify(story.connection, user=story.jonas, now=timezone.now())
    assert any("CmdBudgAmt" in sentence for sentence in still)
    assert stopped(story)

    brisk_cmic.clear_faults()
    assert connections.verify(story.connection, user=story.jonas, now=timezone.now()) == []
    goes_on(story)


def test_a_log_in_page_with_status_200_after_a_write_is_no_answer(brisk_cmic: Simulator):
    story = accepted(brisk_cmic)
    brisk_cmic.fault("login_html_200", match={"method": "POST", "resource": "cmmast"})
    outbox.work_on(one().pk)
    assert one().state == DocumentState.UNCONFIRMED
    goes_on(story)


def test_nobody_reads_over_a_stopped_connection_and_the_approver_is_told_why(brisk_cmic: Simulator):
    story = begin(brisk_cmic, status="I")
    fill(story)
    batch = services.send(story.budget, user=story.dana, now=timezone.now())
    brisk_cmic.fault("401", times=None)
    for _ in range(3):
        deciding.read_again(batch, user=story.mira, now=timezone.now())
        for reading in ErpReading.objects.filter(state=ReadingState.ASKED):
            readings.make(reading, now=timezone.now())
    assert refused_logins(brisk_cmic) == 1
    with pytest.raises(ActionBlocked, match="log"):
        deciding.accept(batch, user=story.mira, now=timezone.now(), reading_hash="x")
    brisk_cmic.clear_faults()
    new_process()
    connections.verify(story.connection, user=story.jonas, now=timezone.now())
    deciding.read_again(batch, user=story.mira, now=timezone.now())
    story.read()
    story.accept(batch)
    goes_on(story)


def test_two_workers_that_are_refused_at_once_stop_the_connection_once(brisk_cmic: Simulator):
    story = accepted(brisk_cmic)

    def stop(number: int) -> None:
        try:
            connections.stop(story.connection, because=f"refused {number}", now=timezone.now())
        finally:
            databases.close_all()

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(stop, range(8)))
    assert Notice.objects.filter(to=story.jonas).count() == 1
    assert posting.poll(now=timezone.now()) == 0
    connections.verify(story.connection, user=story.jonas, now=timezone.now())
    goes_on(story)
