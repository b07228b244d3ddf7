"""Several batches decided by one press: each in its own transaction, told one by one, and no request takes long."""

import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from erp.decision import bulk, deciding
from erp.models import Batch, BatchState, BulkDecision, BulkKind, Connection, Document
from erp.sync import readings
from tests.admin.test_queue import QUEUE, another_batch, choose, read
from tests.support import scene as acts

FORM = str(uuid.UUID(int=7))


@pytest.fixture
def four(scene):
    """Four batches that wait, each read."""
    batches = [acts.send(scene), *(another_batch(scene, f"26-05{n:02}") for n in range(3))]
    for batch in batches[1:]:
        read(batch)
    return batches


def seen(batches) -> dict[str, str]:
    return {f"reading-{b.pk}": b.budget.readings.filter(state="made").first().hash for b in batches}


def states(batches) -> list[str]:
    return [Batch.objects.get(pk=batch.pk).state for batch in batches]


def kept(scene, batches, kind=BulkKind.ACCEPT, **more) -> BulkDecision:
    chosen = [(batch, batch.budget.readings.filter(state="made").first().hash) for batch in batches]
    return bulk.keep(kind, chosen, user=scene.mira, now=timezone.now(), submission=uuid.uuid4(), **more)


def test_a_request_decides_as_many_as_fit_and_the_next_goes_on(scene, desk, four):
    decision = kept(scene, four)
    ticks = iter(range(100))
    assert bulk.go_on(decision, now=timezone.now, seconds=2, clock=lambda: next(ticks)) == 2
    assert states(four) == ["accepted", "accepted", "waiting", "waiting"]
    client, page = desk(scene.mira), f"{QUEUE}together/{decision.pk}/"
    assert client.get(page).context["result"].headline == "2 accepted. 2 still to do."
    part = client.post(page, headers={"HX-Request": "true"})
    assert part.context["result"].headline == "4 accepted."
    assert "<html" not in part.content.decode()
    assert states(four) == ["accepted"] * 4


def test_what_there_was_no_time_to_look_at_is_said_and_decided_when_its_turn_comes(
    scene, desk, four, monkeypatch
):
    deciding.reject(four[3], user=scene.mira, now=timezone.now(), reason_code="amounts", reason="Too high")
    monkeypatch.setattr("erp.decision.admin_bulk.LOOKING", -1.0)
    client = desk(scene.mira)
    page = choose(client, "accept_selected", four).content.decode()
    assert "4 of them took too long to be looked at here" in page
    assert page.count("not looked at yet") == 4
    assert "Accept 4" in page
    monkeypatch.setattr("erp.decision.admin_bulk.PRESSED", 5.0)
    result = choose(client, "accept_selected", four, confirm="yes", **seen(four)).context["result"]
    assert result.headline == "3 accepted. 1 not."


def test_the_same_form_sent_twice_is_one_decision_with_the_same_answer(scene, desk, four):
    client = desk(scene.mira)
    pages = [
        choose(client, "accept_selected", four, confirm="yes", submission=FORM, **seen(four)).redirect_chain
        for _ in range(2)
    ]
    assert pages[0] == pages[1]
    assert BulkDecision.objects.count() == 1
    assert Document.objects.count() == 4


def test_a_batch_that_moved_meanwhile_is_refused_and_leads_to_what_moved(scene, desk, four):
    known = seen(four)
    scene.sheet.hold(acts.MAIN, "03-30-00", "1000", "777.00")
    acts.read(scene)
    answer = choose(desk(scene.mira), "accept_selected", four, confirm="yes", **known)
    assert answer.context["result"].headline == "3 accepted. 1 not."
    (refused,) = answer.context["result"].refused
    assert [one["code"] for one in refused.said] == ["erp_changed"]
    page = desk(scene.mira).get(f"{QUEUE}{four[0].pk}/change/?seen={refused.reading_hash}")
    assert len(page.context["moved_since"]) == 1


def test_every_reason_is_told_of_each_batch(scene, desk):
    acts.lock(scene)
    batch = acts.send(scene, by=scene.tom)
    scene.company.memberships.filter(user=scene.tom).update(approval_limit=1)
    answer = choose(desk(scene.tom), "accept_selected", [batch], confirm="yes", **seen([batch]))
    (refused,) = answer.context["result"].refused
    assert [one["code"] for one in refused.said] == ["you_prepared_it", "over_your_limit"]
    assert states([batch]) == ["waiting"]


def test_a_fault_in_one_batch_keeps_none_of_the_others(scene, desk, four, monkeypatch):
    whole = deciding.accept

    def broken(batch, **given):
        done = whole(batch, **given)
        if batch.pk == four[1].pk:
            raise RuntimeError("a bug")
        return done

    monkeypatch.setattr(deciding, "accept", broken)
    answer = choose(desk(scene.mira), "accept_selected", four, confirm="yes", **seen(four))
    assert states(four) == ["accepted", "waiting", "accepted", "accepted"]
    (failed,) = answer.context["result"].refused
    assert failed.said[0]["sentence"] == bulk.FAULT
    assert not four[1].documents.exists()


def test_several_are_sent_back_with_one_reason_and_told(scene, desk, four):
    Batch.objects.get(pk=four[0].pk)
    acts.accept(scene, four[0])
    given = {"confirm": "yes", "reason_code": "documentation", "reason": "Attach the estimate, please."}
    answer = choose(desk(scene.mira), "reject_selected", four, **given)
    assert answer.context["result"].headline == "3 sent back. 1 not."
    assert states(four) == ["accepted", "rejected", "rejected", "rejected"]
    said = "Reason given: Something to explain or attach. “Attach the estimate, please.”"
    assert said in answer.content.decode()


@pytest.mark.parametrize(
    ("name", "state"), [("reject_selected", "Sent back"), ("accept_selected", "In CMiC, waiting for posting")]
)
def test_a_result_says_where_its_batches_stand_as_the_queue_does(scene, desk, four, name, state):
    given = (
        {"reason_code": "amounts", "reason": "Too high, please look."} if name == "reject_selected" else {}
    )
    client = desk(scene.mira)
    page = choose(client, name, four[:2], confirm="yes", **given, **seen(four[:2])).redirect_chain[-1][0]
    for batch in four[:2]:
        acts.deliver(batch)
    assert _states(client.get(page)) == [state, state] == _states(client.get(f"{QUEUE}?queue=all"))[:2]


def _states(answer) -> list[str]:
    return re.findall(r'<span class="state [a-z]+">([^<]*)</span>', answer.content.decode())


def test_a_result_is_found_by_its_own_person_alone(scene, desk, four):
    decision = kept(scene, four)
    for person in (scene.jonas, scene.olga, scene.ruth):
        assert desk(person).get(f"{QUEUE}together/{decision.pk}/").status_code == 404
        assert desk(person).post(f"{QUEUE}together/{decision.pk}/").status_code == 404
    assert states(four) == ["waiting"] * 4


def test_who_lost_the_right_between_two_requests_decides_nothing_more(scene, desk, four):
    decision = kept(scene, four)
    bulk.go_on(decision, now=timezone.now, seconds=0)
    scene.company.memberships.filter(user=scene.mira).update(can_push=False)
    desk(scene.mira).post(f"{QUEUE}together/{decision.pk}/")
    assert states(four) == ["accepted", "waiting", "waiting", "waiting"]
    result = desk(scene.mira).get(f"{QUEUE}together/{decision.pk}/").context["result"]
    assert {one["code"] for item in result.refused for one in item.said} == {"no_right_to_decide"}


def test_nothing_selected_and_too_many_are_refused(scene, desk, four, monkeypatch):
    monkeypatch.setattr(bulk, "MOST_AT_ONCE", 3)
    answer = choose(desk(scene.mira), "accept_selected", four, confirm="yes", **seen(four))
    assert "At most 3 batches at once." in answer.content.decode()
    given = {"confirm": "yes", "reason_code": "amounts", "reason": "Too high, please look."}
    assert choose(desk(scene.mira), "reject_selected", four, **given).status_code == 422
    assert set(states(four)) == {BatchState.WAITING}


def test_what_stays_where_it_is_is_listed_first_below_the_button(scene, desk, four):
    deciding.reject(four[2], user=scene.jonas, now=timezone.now(), reason_code="amounts", reason="Too high")
    answer = choose(desk(scene.mira), "accept_selected", four)
    page = answer.content.decode()
    assert [one.batch.pk for one in answer.context["candidates"]] == [
        four[place].pk for place in (2, 0, 1, 3)
    ]
    assert "The others stay where they are and are listed first." in page
    assert page.index("Accept 3<") < page.index("<table")
    assert "listed first" not in choose(desk(scene.mira), "accept_selected", four[:2]).content.decode()


def test_a_look_at_twice_as_many_asks_little_more_and_keeps_nothing_of_them(scene, desk, four):
    """Who prepared, which steps, who could take them: read for many at once."""
    more = [another_batch(scene, f"26-06{n:02}") for n in range(4)]
    for batch in more:
        read(batch)
    client, asked = desk(scene.mira), []
    for chosen in (four, [*four, *more]):
        with CaptureQueriesContext(connection) as queries:
            found = choose(client, "accept_selected", chosen).context["candidates"]
        asked.append(len(queries))
        assert {one.blockers == [] for one in found} == {True}
        assert not any("_facts" in one.batch.__dict__ for one in found)
    assert (asked[1] - asked[0]) / 4 <= 9


def test_a_look_goes_by_the_newest_reading_of_the_present_erp(scene, desk, four):
    """Company 001 was moved to another ERP: what was read of the old one is no reading any more."""
    Connection.objects.filter(pk=scene.connection.pk).update(moved_at=timezone.now())
    read_since = four[0].budget.readings.create(asked_at=timezone.now())
    readings.make(read_since, now=timezone.now())
    found = choose(desk(scene.mira), "accept_selected", four).context["candidates"]
    hashes = {one.batch.pk: one.reading and one.reading.hash for one in found}
    read_since.refresh_from_db()
    assert hashes == {batch.pk: None for batch in four} | {four[0].pk: read_since.hash}
