"""A write whose answer never came: the ERP is asked before anything is sent again, and holds everything once."""

import threading

import pytest
from django.db import connections
from django.utils import timezone

from erp.delivery import circuit, outbox
from erp.models import Call, DocumentState
from tests.support.delivery import (
    assert_books_agree,
    fill,
    finish,
    one,
    send_and_accept,
    time_passes,
    until,
    writes,
)
from tests.support.simulator import Simulator
from tests.support.story import Story, begin

pytestmark = pytest.mark.django_db(transaction=True)

STARTED = {
    "header": {"method": "POST", "resource": "cmmast"},
    "assignment": {"method": "POST", "resource": "jcjobcategory"},
    "line": {"method": "POST", "resource": "cmdetail", "nth": 2},
    "status": {"method": "PATCH", "resource": "cmmast"},
}
PENDING = {
    "budget code": {"method": "POST", "resource": "jcjobcategory", "nth": 2},
    "amount": {"method": "PATCH", "resource": "jcjobcategory"},
}
AFTER_COMMIT = (
    "reset_after_commit",
    "hang_after_commit",
    "error500_after_commit",
    "truncate_after_commit",
    "late_commit",
)
NEVER_ARRIVED = ("reset_before", "hang_before")
LANDS = 60  # seconds after which a late write has landed, at the latest


def accepted(simulator: Simulator, *, status: str) -> Story:
    story = begin(simulator, status=status)
    fill(story)
    send_and_accept(story)
    return story


def cut(story: Story, fault: str, match: dict[str, object]) -> int:
    """A worker pushes, and one write goes wrong. Returns the number of requests so far."""
    more = {"seconds": LANDS / 2, "then": "reset"} if fault == "late_commit" else {}
    story.simulator.fault(fault, match=match, **more)
    assert outbox.work_on(one().pk)
    assert one().state == DocumentState.UNCONFIRMED
    assert one().waiting_for
    return len(story.simulator.journal())


def ask_until_known(story: Story) -> None:
    """Probe after probe; a late write lands between the first and the second."""
    for _ in range(6):
        time_passes(story)
        assert outbox.work_on(one().pk)
        if one().state != DocumentState.UNCONFIRMED:
            return
        story.simulator.advance(seconds=LANDS)
    raise AssertionError("still not known after six probes")


def ends_posted_as_accepted(story: Story) -> None:
    finish(story)
    assert one().state == DocumentState.DELIVERED
    assert_books_agree(story)
    story.post_everything()
    story.poll()
    assert one().state == DocumentState.POSTED
    assert not one().differs
    assert_books_agree(story)


@pytest.mark.parametrize("fault", [*AFTER_COMMIT, *NEVER_ARRIVED])
def test_a_change_item_cut_at_each_write_is_asked_about_each_time_and_ends_up_there_once(
    brisk_cmic: Simulator, fault: str
):
    story = accepted(brisk_cmic, status="I")
    for write in STARTED:
        since = cut(story, fault, STARTED[write])
        ask_until_known(story)
        asked = brisk_cmic.journal(since=since)
        assert [entry for entry in asked if entry["method"] != "GET"] == []
        assert any(entry["resource"] == "cmmast" for entry in asked)
        whole = write == "status" and fault not in NEVER_ARRIVED
        assert one().state == (DocumentState.DELIVERED if whole else DocumentState.QUEUED), write
        approved = [item for item in brisk_cmic.book()["pcis"] if item["status"] == "APPR"]
        assert len(approved) == whole
    ends_posted_as_accepted(story)
    if fault not in NEVER_ARRIVED:
        assert writes(brisk_cmic, since=since) == []


@pytest.mark.parametrize("fault", [*AFTER_COMMIT, *NEVER_ARRIVED])
def test_a_budget_cut_at_each_kind_of_write_is_asked_about_each_time_and_ends_with_its_amounts(
    brisk_cmic: Simulator, fault: str
):
    story = accepted(brisk_cmic, status="P")
    for match in PENDING.values():
        since = cut(story, fault, match)
        ask_until_known(story)
        asked = brisk_cmic.journal(since=since)
        assert asked and {entry["method"] for entry in asked} == {"GET"}
    ends_posted_as_accepted(story)


def test_while_nobody_knows_nothing_is_sent_however_often_the_workers_are_called(brisk_cmic: Simulator):
    story = accepted(brisk_cmic, status="I")
    since = cut(story, "reset_after_commit", STARTED["line"])
    assert outbox.work_on(one().pk)  # the first question is due at once
    assert not any(outbox.work_on(one().pk) for _ in range(5))
    outbox.sweep()
    assert writes(brisk_cmic, since=since) == []
    ask_until_known(story)
    ends_posted_as_accepted(story)


def test_an_erp_that_cannot_be_asked_keeps_the_document_unconfirmed_until_it_can(brisk_cmic: Simulator):
    story = accepted(brisk_cmic, status="I")
    since = cut(story, "reset_after_commit", STARTED["status"])
    brisk_cmic.fault("503_html", times=None)
    for _ in range(7):
        time_passes(story)
        outbox.work_on(one().pk)
    assert one().state == DocumentState.UNCONFIRMED
    brisk_cmic.clear_faults()
    circuit.answered(story.connection, now=timezone.now())  # a probe found it back
    ask_until_known(story)
    assert one().state == DocumentState.DELIVERED
    assert writes(brisk_cmic, since=since) == []
    ends_posted_as_accepted(story)


def test_a_write_on_the_wire_is_in_the_journal_and_holds_no_transaction_open(brisk_cmic: Simulator):
    story = accepted(brisk_cmic, status="I")
    brisk_cmic.fault("hang_after_commit", match=STARTED["line"])

    def work() -> None:
        try:
            outbox.work_on(one().pk)
        finally:
            connections.close_all()

    worker = threading.Thread(target=work)
    worker.start()
    hanging = until(lambda: [e for e in writes(brisk_cmic) if e["fault"] and e["committed"]])
    call = Call.objects.get(request_id=hanging[0]["request_id"])
    assert (call.outcome, call.answered_at) == ("", None)
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
            " AND datname = current_database()"
        )
        assert cursor.fetchone() == (0,)
    worker.join()
    call.refresh_from_db()
    assert call.outcome == "unconfirmed"
    ask_until_known(story)
    ends_posted_as_accepted(story)


def test_what_is_there_twice_under_our_mark_waits_for_a_person(brisk_cmic: Simulator):
    brisk_cmic.seed({"companies": [{"code": "001", "name": "Northgate Builders"}]})
    brisk_cmic.switch(auto_numbering=["001"])
    story = accepted(brisk_cmic, status="I")
    cut(story, "reset_after_commit", STARTED["header"])
    held = brisk_cmic.book()["pcis"][0]
    brisk_cmic.seed({"pcis": [{**held, "code": "COO9999", "uuid": "another", "lines": []}]})
    finish(story)
    assert one().state == DocumentState.REFUSED
    assert one().findings[0]["code"] == "found_twice"
