"""What happened to a batch, step by step: the same for Dana, who sent it, and for Mira, who decides."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from erp.models import Batch, Call, Document
from erp.port import PostingState
from erp.posting import polling as posting
from erp.refusals.own_advice import CHANGED_THERE
from erp.timeline.calls import A_PAGE
from erp.timeline.steps import MOST, timeline
from erp.timeline.waits import usual_decision, usual_export
from projects.models import Membership
from tests.erp.test_error_dictionary import explain
from tests.erp.test_posting_schedule import asked, delivered  # noqa: F401  `asked` is a fixture
from tests.support import scene as acts
from tests.support.scene import MAIN, Scene
from workflow import events
from workflow.actions import SYSTEM, ensure

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CANARY = "hunter2-canary"


def window(person: object) -> Client:
    client = Client()
    client.force_login(person)
    return client


def desk(batch: Batch, rest: str = "change/") -> str:
    return f"/admin/erp/batch/{batch.pk}/{rest}"


def of_dana(batch: Batch, rest: str = "") -> str:
    return f"/projects/{batch.budget.project_id}/budget/batches/{batch.number}/{rest}"


def text(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    return " ".join(answer.content.decode().split())


def steps_on(page: str) -> list[str]:
    """The steps as they are read, without markup."""
    section = page[page.index('<section id="timeline"') :]
    rows = re.findall(
        r"<li class=\"(?:people|system|calls|now).*?</li>", section[: section.index("</section>")]
    )
    plain = [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]
    return [re.sub(r"Waiting \d+ s\b", "Waiting a moment", row) for row in plain]


def called(document: Document, number: int = 1, **more: Any) -> list[Call]:
    """A worker called the ERP for a document so often."""
    given = {
        "step": "line",
        "method": "POST",
        "target": "/rest/budget",
        "body": '{"Amount": 20000.00}',
        **more,
    }
    base = {"claim": "0b6f2f6e-6a1c-4a8c-9a3e-000000000001", "attempt": 1, "sent_at": timezone.now()}
    end = {"status": 201, "answer": '{"Id": 7}', "outcome": "done", "answered_at": timezone.now()}
    already = Call.objects.count()
    return Call.objects.bulk_create(
        Call(document=document, request_id=f"request-{already + place}", **(base | end | given))
        for place in range(number)
    )


@pytest.fixture
def in_erp(scene: Scene) -> Batch:
    """A batch that Mira accepted, with its document delivered."""
    batch = acts.accept(scene, acts.send(scene, note="Please before Friday"))
    acts.deliver(batch)
    return Batch.objects.get(pk=batch.pk)


def told(batch: Batch, **more: Any) -> Any:
    return timeline(Batch.objects.get(pk=batch.pk), now=timezone.now(), **more)


def test_dana_and_mira_read_the_same_steps(scene, in_erp):
    called(in_erp.documents.get(), 3)
    dana, mira = (text(window(scene.dana).get(of_dana(in_erp))), text(window(scene.mira).get(desk(in_erp))))
    assert steps_on(dana) == steps_on(mira)
    assert len(steps_on(dana)) >= 6


def test_the_steps_are_in_the_order_of_time_each_with_who_what_and_how_much_later(scene, in_erp):
    found = told(in_erp)
    words = [(step.who, step.words) for step in found.entries]
    number = in_erp.documents.get().number
    for expected in (
        ("Dana Reyes", "Sent batch 1 to accounting"),
        ("Tieback", "Read CMiC; the decision rests on this"),
        ("Mira Osei", "Accepted batch 1"),
        ("Tieback", f"Queued {number} (Original budget)"),
        ("Tieback", "Batch 1 is exported"),
    ):
        assert expected in words
    assert [step.at for step in found.entries] == sorted(step.at for step in found.entries)
    assert found.entries[0].after is None
    assert all(
        later.after == later.at - step.at
        for step, later in zip(found.entries, found.entries[1:], strict=False)
    )
    assert found.entries[0].note == "Please before Friday"


def test_what_happened_in_the_same_moment_stands_as_one_thing_leads_to_the_other(scene):
    moment = timezone.now()
    with time_machine.travel(moment, tick=False):
        batch = acts.accept(scene, acts.send(scene))
        called(batch.documents.get())
        acts.deliver(batch)
        acts.post(batch)
    words = [step.words.split(" (")[0].split(" for ")[0] for step in told(batch).entries]
    number = batch.documents.get().number
    assert words == [
        "Sent batch 1 to accounting",
        "Read CMiC; the decision rests on this",
        "Accepted batch 1",
        f"Queued {number}",
        "1 call to CMiC",
        "Batch 1 is exported",
        "Batch 1 is posted",
    ]


def test_times_are_the_companys_and_read_by_machines_too(scene, in_erp):
    page = text(window(scene.dana).get(of_dana(in_erp)))
    stamps = re.findall(r'<time datetime="([^"]+)">[^<]+ (C[SD]T)</time>', page)
    assert stamps
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+-0[56]:00", iso) for iso, _ in stamps)


def test_the_filter_shows_people_the_system_or_each_call(scene, in_erp):
    called(in_erp.documents.get(), 2)
    people, system = told(in_erp, show="people"), told(in_erp, show="system")
    assert {step.who for step in people.entries} == {"Dana Reyes", "Mira Osei"}
    assert {step.who for step in system.entries} == {"Tieback"}
    calls = told(in_erp, show="calls")
    assert [len(step.calls) for step in calls.entries] == [1, 1]
    page = text(window(scene.mira).get(desk(in_erp) + "?show=people"))
    assert 'aria-current="true">People <span class="count">2</span>' in page
    assert all("Tieback" not in step for step in steps_on(page)[:-1])
    assert told(in_erp, show="nonsense").show == "all"


def test_a_call_on_its_way_is_under_way_and_counted_at_the_budget_of_about_how_many(scene):
    batch = acts.accept(scene, acts.send(scene))
    document = batch.documents.get()
    acts.take(document)
    called(document, 2, claim=document.claim)
    called(document, claim=document.claim, outcome="", answered_at=None, status=None, answer="")
    assert any(entry.words.endswith(": 2 done, 1 under way") for entry in told(batch).entries)
    lines = document.item.lines.exclude(delta=0).count()
    page = text(window(scene.dana).get(f"/projects/{scene.project.pk}/budget/"))
    assert f"2 of about {lines + 4} calls" in page


# -- what it waits for ------------------------------------------------------------------------------------------


def test_it_says_whom_it_waits_for_since_when_and_after_three_what_is_usual(scene):
    acts.lock(scene)
    for hours in (1, 5, 9):
        waiting = told(acts.send(scene)).wait
        assert waiting.usual is None, "fewer than three say nothing about what is usual"
        done = acts.reject(scene, Batch.objects.latest("pk"))
        Batch.objects.filter(pk=done.pk).update(state_since=done.sent_at + hours * HOUR)
    batch = acts.send(scene)
    wait = told(batch).wait
    assert wait.whom == "Jonas Lindqvist, Mira Osei or Tom Baptiste"
    often = "Usually 5 h (median of the company’s last 3)."
    assert often in text(window(scene.dana).get(f"/projects/{scene.project.pk}/budget/"))
    later = wait.sentence(batch.sent_at + 26 * HOUR)
    assert later == "Waiting 26 h for Jonas Lindqvist, Mira Osei or Tom Baptiste; usually 5 h."
    assert told(Batch.objects.get(budget__project__company=scene.company, number=1)).wait is None, (
        "it was answered"
    )


def test_what_is_usual_in_another_company_says_nothing_here(scene):
    acts.lock(scene)
    for _ in range(3):
        acts.reject(scene, acts.send(scene))
    assert told(acts.send(scene)).wait.usual is not None
    assert usual_decision(scene.other_company) is None
    assert usual_export(scene.company) is None, "nothing was exported yet"


def test_what_waits_for_posting_waits_for_the_accountants_and_what_is_posted_for_nobody(scene, in_erp):
    assert told(in_erp).wait.sentence(timezone.now()).endswith("for the accountants to post it in CMiC.")
    acts.post(in_erp)
    done = told(in_erp)
    assert done.wait is None
    assert done.total == done.entries[-1].at - done.entries[0].at


def test_what_was_refused_waits_for_whom_its_explanation_names_and_then_for_those_who_may_retry_it(scene):
    Membership.objects.filter(user=scene.tom).update(direction="back")
    batch = acts.accept(scene, acts.send(scene))
    acts.refuse(batch)
    retry = "to put right what was refused, then for Jonas Lindqvist or Mira Osei to retry it."
    waits = told(batch).wait.sentence(timezone.now())
    assert waits.endswith(f" for an ERP admin (Jonas Lindqvist) {retry}"), "nobody explained it"
    explain(scene, texts="Phase is inactive", meaning="It sleeps.", steps="Wake it.\nRetry.")
    assert told(batch).wait.sentence(timezone.now()).endswith(f" for an accountant in CMiC {retry}")
    page = Client()
    page.force_login(scene.mira)
    shown = page.get(f"/admin/erp/batch/{batch.pk}/change/").content.decode()
    assert "Who puts it right: <strong>an accountant in CMiC</strong>" in shown
    assert "for an accountant in CMiC to put right what was refused, then for Jonas Lindqvist or you" in shown


def test_what_is_still_there_as_somebody_changed_it_waits_for_those_who_may_say_what_becomes_of_it(scene):
    Membership.objects.filter(user=scene.tom).update(direction="out")
    batch = acts.accept(scene, acts.send(scene))
    acts.refuse(batch)
    Document.objects.update(
        findings=[{"code": CHANGED_THERE, "message": "It is not ours any more.", "refs": []}]
    )
    assert (
        told(batch)
        .wait.sentence(timezone.now())
        .endswith(" for Jonas Lindqvist or Mira Osei to say whether it is taken out of CMiC or left there.")
    )


def test_what_may_be_lost_waits_for_the_answer_and_then_for_a_person(scene):
    batch = acts.accept(scene, acts.send(scene))
    document = acts.documents(batch)[0]
    acts.take(document)
    ensure(document, "unconfirm", SYSTEM)
    document.unconfirm(reason="No answer", now=timezone.now(), not_before=timezone.now())
    document.save()
    assert told(batch).wait.sentence(timezone.now()).endswith(" for Tieback to ask CMiC whether it arrived.")
    Document.objects.update(not_before=None)
    words = told(batch).wait.sentence(timezone.now())
    assert "Mira Osei" in words
    assert "to say whether it is in CMiC" in words


def test_what_was_sent_back_waits_for_whoever_sent_it(scene):
    batch = acts.reject(scene, acts.send(scene))
    assert told(batch).wait.whom == "Dana Reyes"


def test_questions_about_postings_are_one_step_that_counts_them(scene, asked):  # noqa: F811
    documents = delivered(scene, modifications=1)
    now = timezone.now()
    for turn in range(14):
        posting.poll(now=now + turn * HOUR, documents=documents)
    found = [step for step in told(Batch.objects.get()).entries if step.action == "asked"]
    assert len(found) == 1
    assert "Asked CMiC 14 times about" in found[0].words
    assert found[0].words.endswith("the last answer: not posted yet")
    assert PostingState.WAITING == Document.objects.first().answer


# -- calls ------------------------------------------------------------------------------------------------------


def test_secrets_are_on_no_page_in_no_file_and_not_in_the_api(scene, in_erp):
    (call,) = called(
        in_erp.documents.get(),
        target=f"/rest/budget?access_token={CANARY}",
        body=f'{{"Amount": 1.10, "Login": {{"clientSecret": {{"v": "{CANARY}"}}}}, "Note": "password={CANARY}"}}',
        answer=f"<fault><Password>{CANARY}</Password> Authorization: Basic {CANARY}aaaa</fault>",
    )
    dana, mira = window(scene.dana), window(scene.mira)
    shown = [
        text(dana.get(of_dana(in_erp))),
        text(mira.get(desk(in_erp) + "?show=calls")),
        text(dana.get(of_dana(in_erp, f"calls/{call.pk}/"))),
        text(mira.get(desk(in_erp, f"calls/{call.pk}/"))),
        text(mira.get(f"/api/v1/batches/{in_erp.pk}/timeline/?show=calls")),
    ]
    for page in shown:
        assert CANARY not in page
        assert "***" in page
        assert "1.10" in page, "what is no secret stays, to the last digit"


def test_thousands_of_calls_are_folded_and_read_a_page_at_a_time(scene, in_erp):
    document = in_erp.documents.get()
    called(document, 3)
    client = window(scene.dana)
    client.get(of_dana(in_erp))
    before = _queries(client, of_dana(in_erp))
    called(document, 2_000, body="x" * 30_000)
    assert _queries(client, of_dana(in_erp)) <= before
    page = client.get(of_dana(in_erp))
    assert "2,003 calls to CMiC" in text(page)
    assert "Show these calls" in text(page)
    assert len(page.content) < 100_000
    calls = client.get(of_dana(in_erp) + f"?show=calls&document={document.pk}&calls=2")
    assert text(calls).count('<details class="call">') == A_PAGE
    assert "page 2 of 101" in text(calls)
    assert len(calls.content) < 400_000
    last = client.get(of_dana(in_erp) + "?show=calls&calls=999999")
    assert "page 101 of 101" in text(last)


def _queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        client.get(address)
    return len(seen)


def test_a_long_body_is_cut_on_the_page_and_whole_in_the_file(scene, in_erp):
    (call,) = called(in_erp.documents.get(), body="x" * 30_000 + " the very end")
    page = text(window(scene.dana).get(of_dana(in_erp)))
    assert "Only the beginning stands here." in page
    assert "the very end" not in page
    file = window(scene.dana).get(of_dana(in_erp, f"calls/{call.pk}/"))
    assert file.content.decode().count("x" * 30_000 + " the very end") == 1
    assert file["Content-Disposition"].startswith("attachment")


def test_an_id_is_copied_by_a_button_and_selected_without_one(scene, in_erp):
    (call,) = called(in_erp.documents.get())
    page = text(window(scene.mira).get(desk(in_erp)))
    assert f'<code class="copyable">{call.request_id}</code>' in page
    assert f'data-copy="{call.request_id}" hidden' in page


def test_hundreds_of_steps_show_the_first_and_the_newest(scene, in_erp):
    with events.transaction.atomic():
        for place in range(MOST + 50):
            events.record(
                chain=scene.company.pk,
                at=timezone.now(),
                actor=None,
                action="note",
                about=[in_erp],
                sentence=f"Noted {place}",
            )
    found = told(in_erp)
    assert (len(found.entries), found.left_out > 50) == (MOST, True)
    assert found.entries[-1].words == f"Noted {MOST + 49}"
    assert told(in_erp, whole=True).left_out == 0


# -- who and where ----------------------------------------------------------------------------------------------


def test_an_open_page_is_told_only_when_something_happened(scene, in_erp):
    client = window(scene.dana)
    page = text(client.get(of_dana(in_erp)))
    seen = re.search(r"timeline/\?seen=(\w+)", page)[1]
    assert client.get(of_dana(in_erp, f"timeline/?seen={seen}")).status_code == 204
    acts.post(in_erp)
    assert "Batch 1 is posted" in text(client.get(of_dana(in_erp, f"timeline/?seen={seen}")))
    assert "Batch 1 is posted" in text(window(scene.ruth).get(desk(in_erp, "timeline/")))


def test_to_strangers_none_of_it_exists(scene, in_erp):
    (call,) = called(in_erp.documents.get())
    olga = window(scene.olga)
    for address in (
        of_dana(in_erp, "timeline/"),
        of_dana(in_erp, f"calls/{call.pk}/"),
        desk(in_erp, "timeline/"),
        desk(in_erp, f"calls/{call.pk}/"),
        f"/api/v1/batches/{in_erp.pk}/timeline/",
    ):
        assert olga.get(address).status_code == 404, address
    assert window(scene.dana).get(of_dana(in_erp, "calls/999999/")).status_code == 404


def test_a_call_of_another_batch_is_not_found_under_this_one(scene, in_erp):
    (call,) = called(in_erp.documents.get())
    acts.post(in_erp)
    acts.modify(scene, "Shift", ((MAIN, "03-30-00", "L"), "1.00"), ((MAIN, "03-30-00", "M"), "-1.00"))
    other = acts.send(scene)
    assert window(scene.dana).get(of_dana(other, f"calls/{call.pk}/")).status_code == 404


def test_the_api_tells_the_same_steps(scene, in_erp):
    called(in_erp.documents.get(), 2)
    found = window(scene.dana).get(f"/api/v1/batches/{in_erp.pk}/timeline/").json()
    steps = told(in_erp).entries
    assert [step["words"] for step in found["steps"]] == [step.words for step in steps]
    assert found["waiting"]["sentence"].endswith(" for the accountants to post it in CMiC.")
    assert found["time_zone"] == "America/Chicago"
    assert [len(step["calls"]) for step in found["steps"] if step["kind"] == "calls"] == [2]
