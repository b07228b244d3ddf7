"""The approver's page of one batch: what she reads, and what her buttons do."""

import re
import uuid
from decimal import Decimal

import pytest
from django.utils import timezone

from erp import services
from erp.mapping import services as mapping_services
from erp.mapping.state import Edit
from erp.models import Batch, Call
from tests.support import scene as acts
from tests.support.scene import MAIN, SUB
from workflow.models import Event


def url(batch, rest: str = "change/") -> str:
    return f"/admin/erp/batch/{batch.pk}/{rest}"


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


def post(client, batch, action: str, **given):
    return client.post(url(batch, f"do/{action}/"), given)


def seen_by(client, batch) -> str:
    return client.get(url(batch)).context["decision"].reading.hash


def test_every_line_is_read_beside_what_cmic_holds_and_the_totals_tie(scene, desk):
    scene.sheet.hold(MAIN, "03-30-00", "1000", "14000.00")
    scene.sheet.hold(MAIN, "09-68-00", "4000", "12500.50")
    batch = acts.send(scene, note="First draw on Friday")
    answer = desk(scene.mira).get(url(batch))
    (item,) = answer.context["decision"].items
    row = next(r for r in item.rows if (r.row.cost_code, r.row.cost_type) == ("03-30-00", "L"))
    assert (row.in_erp, row.sent, row.change, row.after) == tuple(
        Decimal(amount) for amount in ("14000.00", "15000.00", "1000.00", "15000.00")
    )
    assert {r.row.cost_code for r in item.unchanged} == {"09-68-00"}
    assert item.in_erp == Decimal("26500.50")
    assert item.after == item.in_erp + item.net == acts.TOTAL
    page = text(answer)
    assert "2 lines unchanged" in page
    assert "First draw on Friday" in page
    assert "The job is in process" in page


@pytest.mark.parametrize("end", ["rejected", "retrieved"])
def test_a_batch_that_was_never_accepted_says_of_no_line_what_cmic_held(scene, desk, end):
    scene.sheet.hold(MAIN, "09-68-00", "4000", "12500.50")
    batch = acts.send(scene)
    if end == "rejected":
        acts.reject(scene, batch)
    else:
        services.retrieve(scene.reload(), user=scene.dana, now=timezone.now())
    answer = desk(scene.mira).get(url(batch))
    (item,) = answer.context["decision"].items
    assert (item.in_erp, item.after, item.unchanged_in_erp) == (None, None, None)
    folded, total = (text(answer).split(part)[1].split("</tr>")[0] for part in ("lines unchanged", "<tfoot>"))
    for row, sent in ((folded, "12,500.50"), (total, "92,500.75")):
        for column, shows in (("In CMiC", "–"), ("Sent", sent), ("After posting", "–")):
            assert shows in row.split(f'data-label="{column}" class="figure-cell">')[1].split("</td>")[0]
    assert "at acceptance" not in text(answer)


def test_codes_that_only_cmic_has_are_listed(scene, desk):
    scene.sheet.hold(MAIN, "01-31-00", "5000", "250.00")
    page = text(desk(scene.mira).get(url(acts.send(scene))))
    assert "1 budget code only in CMiC: never touched" in page
    assert "250.00" in page


def test_a_code_that_would_go_below_zero_is_named(scene, desk):
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    acts.post(batch)
    acts.modify(scene, "Shift", ((MAIN, "03-30-00", "L"), "-15000.01"), ((MAIN, "03-30-00", "M"), "15000.01"))
    scene.sheet.hold(MAIN, "03-30-00", "1000", "15000.01")
    less = acts.send(scene)
    client = desk(scene.jonas)
    assert "below zero" not in text(client.get(url(less)))
    scene.sheet.hold(MAIN, "03-30-00", "1000", "15000.00")
    acts.read(scene)
    page = text(client.get(url(less)))
    assert "1 budget code would go below zero in CMiC" in page
    assert f"{MAIN} 03-30-00 1000</span> to" in page


def test_a_transfer_is_read_from_one_line_to_the_other(scene, desk):
    acts.lock(scene)
    acts.modify(scene, "Own crew", ((MAIN, "03-30-00", "L"), "500.00"), ((MAIN, "03-30-00", "M"), "-500.00"))
    page = text(desk(scene.mira).get(url(acts.send(scene))))
    source, target = page.split('<div class="transfer"')[1].split("</div>")[0].split("goes to")
    assert "03-30-00 M" in source
    assert "(500.00)" in source
    assert "03-30-00 L" in target


def test_each_approver_who_opens_a_batch_is_noted_once_and_an_auditor_never(scene, desk):
    batch = acts.send(scene)
    desk(scene.ruth).get(url(batch))
    assert Batch.objects.get().opened_by is None
    for person in (scene.mira, scene.jonas, scene.mira, scene.jonas):
        desk(person).get(url(batch))
    assert Batch.objects.get().opened_by == scene.mira
    opened = Event.objects.filter(action="open").order_by("seq")
    assert [event.actor for event in opened] == ["Mira Osei", "Jonas Lindqvist"]


def test_whoever_prepared_a_batch_does_not_open_it_as_an_approver(scene, desk):
    acts.lock(scene)
    batch = acts.send(scene, by=scene.tom)
    desk(scene.tom).get(url(batch))
    assert Batch.objects.get().opened_by is None
    assert not Event.objects.filter(action="open").exists()


def test_mira_accepts_what_she_read(scene, desk):
    batch, client = acts.send(scene), desk(scene.mira)
    answer = post(client, batch, "accept", reading_hash=seen_by(client, batch))
    assert answer.status_code == 302
    batch.refresh_from_db()
    assert (batch.state, batch.accepted_by) == ("accepted", scene.mira)


def test_the_same_form_sent_twice_is_one_acceptance_with_the_same_answer(scene, desk):
    batch, client = acts.send(scene), desk(scene.mira)
    form = {"reading_hash": seen_by(client, batch), "submission": str(uuid.uuid4())}
    assert [post(client, batch, "accept", **form).status_code for _ in range(2)] == [302, 302]
    assert Event.objects.filter(action="accept").count() == 1
    assert batch.documents.count() == 1


def test_when_cmic_moved_the_acceptance_is_refused_and_the_page_shows_what_moved(scene, desk):
    batch, client = acts.send(scene), desk(scene.mira)
    seen = seen_by(client, batch)
    scene.sheet.hold(SUB, "03-30-00", "2000", "777.00")
    acts.read(scene)
    answer = post(client, batch, "accept", reading_hash=seen)
    assert answer.status_code == 409
    (moved,) = answer.context["moved_since"]
    assert (moved.job, moved.then, moved.now) == (SUB, None, Decimal("777.00"))
    assert "What moved in CMiC since you looked" in text(answer)
    assert Batch.objects.get().state == "waiting"
    assert post(client, batch, "accept", reading_hash=seen_by(client, batch)).status_code == 302


def test_four_eyes_and_the_limit_are_told_before_the_button_is_pressed(scene, desk):
    acts.lock(scene)
    batch = acts.send(scene, by=scene.tom)
    page = text(desk(scene.tom).get(url(batch)))
    assert "You sent it, so somebody else accepts it: ask Jonas Lindqvist or Mira Osei." in page
    assert 'aria-disabled="true"' in page
    scene.company.memberships.filter(user=scene.mira).update(approval_limit=Decimal("1.00"))
    assert "you may accept up to 1.00" in text(desk(scene.mira).get(url(batch)))


def test_mira_rejects_with_remarks_pinned_to_lines_and_dana_reads_them(scene, desk):
    batch = acts.send(scene)
    line = scene.lines[MAIN, "03-30-00", "M"]
    given = {
        "reason_code": "amounts",
        "reason": "Concrete is too high.",
        f"remark-{line.pk}": "Is that ready-mix?",
        f"remark-{scene.lines[MAIN, '01-31-00', 'L'].pk}": "  ",
    }
    assert post(desk(scene.mira), batch, "reject", **given).status_code == 302
    assert [(r.line_id, r.text) for r in batch.remarks.all()] == [(line.pk, "Is that ready-mix?")]
    assert "Is that ready-mix?" in text(desk(scene.mira).get(url(batch)))


def test_a_rejection_without_a_sentence_shows_the_form_again_with_everything_typed(scene, desk):
    batch = acts.send(scene)
    line = scene.lines[MAIN, "03-30-00", "M"]
    given = {"reason_code": "coding", "reason": " ", f"remark-{line.pk}": "Wrong code?"}
    answer = post(desk(scene.mira), batch, "reject", **given)
    assert answer.status_code == 422
    page = text(answer)
    assert "Say in a sentence what the project manager should do." in page
    assert '<option value="coding" selected>' in page
    assert "Wrong code?</textarea>" in page


def test_the_second_round_opens_on_the_remarks_and_what_became_of_them(scene, desk):
    line = scene.lines[MAIN, "03-30-00", "M"]
    acts.reject(scene, acts.send(scene), remarks={line.pk: "Is that ready-mix?"})
    acts.modify(scene, "Less", ((MAIN, "03-30-00", "M"), "-500.00"), ((MAIN, "03-30-00", "L"), "500.00"))
    from erp import services
    from erp.models import Remark

    services.answer_remark(Remark.objects.get(), user=scene.dana, now=timezone.now(), answer="Yes, C40.")
    page = text(desk(scene.mira).get(url(acts.send(scene))))
    assert "Since the last round" in page
    assert "Is that ready-mix?" in page
    assert "Yes, C40." in page
    assert 'from <span class="number">40,000.00</span> to <span class="number">39,500.00</span>' in page


def test_the_second_round_also_names_what_changed_without_a_remark(scene, desk):
    acts.reject(scene, acts.send(scene), remarks={scene.lines[MAIN, "03-30-00", "M"].pk: "Why?"})
    acts.modify(scene, "Buyout", ((MAIN, "03-30-00", "M"), "-500.00"), ((MAIN, "09-68-00", "S"), "500.00"))
    page = text(desk(scene.mira).get(url(acts.send(scene))))
    assert "2 lines changed since" in page
    since = page[page.index("Since the last round") :]
    assert "26-0288 09-68-00 S" in since and "13,000.50" in since
    assert since.index("26-0288 03-30-00 M") < since.index("26-0288 09-68-00 S")  # remarked ones first


def test_while_a_reading_is_made_the_page_asks_for_it_by_itself(scene, desk):
    batch, client = acts.send(scene), desk(scene.mira)
    seen = seen_by(client, batch)
    assert post(client, batch, "read_again").status_code == 302
    page = text(client.get(url(batch)))
    assert f'hx-get="{url(batch, "reading/")}?seen={seen}' in page
    assert "hx-get" in text(client.get(url(batch, "reading/"), {"seen": seen}))
    scene.sheet.hold(MAIN, "03-30-00", "1000", "1.00")
    acts.read(scene)
    fragment = text(client.get(url(batch, "reading/"), {"seen": seen}))
    assert "hx-get" not in fragment
    assert "New amounts were read." in fragment


def test_a_new_reading_with_the_same_amounts_lets_the_person_go_on(scene, desk):
    batch, client = acts.send(scene), desk(scene.mira)
    seen = seen_by(client, batch)
    assert post(client, batch, "read_again").status_code == 302
    acts.read(scene)
    fragment = text(client.get(url(batch, "reading/"), {"seen": seen}))
    assert "The amounts are the same." in fragment
    assert "data-reload" in fragment


def test_before_the_first_reading_nothing_can_be_accepted_and_the_page_says_so(scene, desk):
    batch = acts.send(scene, read_it=False)
    answer = desk(scene.mira).get(url(batch))
    assert answer.status_code == 200
    assert "CMiC is being read. This takes a few seconds." in text(answer)
    assert post(desk(scene.mira), batch, "accept", reading_hash="").status_code == 409


# -- afterwards ----------------------------------------------------------------------------------------------


@pytest.fixture
def refused(scene):
    """A batch whose document CMiC refused, with one journaled call."""
    batch = acts.send(scene)
    acts.accept(scene, batch)
    line = batch.items.get().lines.first()
    acts.refuse(batch, "Cost code 01-31-00 is inactive on this job.", line.pk)
    document = batch.documents.get()
    Call.objects.create(
        document=document,
        claim=uuid.uuid4(),
        attempt=1,
        step="line:1",
        request_id="r-1",
        method="POST",
        target="https://cmic.example/cmdetail",
        body='{"CmdBudgAmt": 20000.00}',
        sent_at=timezone.now(),
        status=400,
        answer="<b>JAF-26014</b>",
        outcome="refused",
        answered_at=timezone.now(),
    )
    return batch


def test_a_refusal_that_nobody_explained_is_told_with_the_erps_own_words_open(scene, desk, refused):
    page = text(desk(scene.mira).get(url(refused)))
    assert "Needs attention" in page
    assert "Cost code 01-31-00 is inactive on this job." in page
    assert '<details class="raw" open><summary>CMiC’s own words</summary>' in page  # nothing explains it
    assert "JAF-26014: Phase is inactive. &lt;b&gt;" in page
    assert "&lt;b&gt;JAF-26014&lt;/b&gt;" in page
    assert "{ &quot;CmdBudgAmt&quot;: 20000.00 }" in page


def test_mira_retries_and_the_progress_refreshes_itself(scene, desk, refused):
    client = desk(scene.mira)
    assert post(client, refused, "retry").status_code == 302
    assert refused.documents.get().state == "queued"
    fragment = client.get(url(refused, "progress/"))
    assert f'hx-get="{url(refused, "progress/")}"' in text(fragment)
    assert "0 of 1 document in CMiC" in text(fragment)


def test_returning_asks_for_a_note_first(scene, desk, refused):
    client = desk(scene.mira)
    assert "Why does it go back?" in text(client.get(url(refused, "do/return_to_pm/")))
    assert post(client, refused, "return_to_pm", note=" ").status_code == 422
    assert post(client, refused, "return_to_pm", note="Owner wants a split").status_code == 302
    assert refused.documents.get().state == "withdrawing"
    assert "Owner wants a split" in text(client.get(url(refused)))


def test_a_return_that_the_accountant_was_faster_than_is_told_as_asked_for(scene, desk):
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    client = desk(scene.mira)
    assert post(client, batch, "return_to_pm", note="Owner wants a split").status_code == 302
    page = text(client.get(url(batch)))
    assert "Mira Osei asked for it to go back:</strong> Owner wants a split" in page
    (document,) = acts.documents(batch)
    acts._step(document, "post", "post", posted_on=None, evidence={"seen": "on paper"}, differs=[])
    acts._settle(batch)
    page = text(client.get(url(batch)))
    assert "asked for it to go back, and it was posted all the same:</strong> Owner wants a split" in page
    assert "Asked for batch 1 to go back to the project manager" in page
    assert "Returned batch 1" not in page


def test_confirming_by_hand_is_marked_as_such(scene, desk):
    batch = acts.send(scene)
    acts.accept(scene, batch)
    acts.deliver(batch)
    client = desk(scene.mira)
    assert post(client, batch, "check_now").status_code == 302
    acts.ask(batch)
    assert post(client, batch, "confirm_posted", note="JC batch 118").status_code == 302
    assert Batch.objects.get().state == "posted"
    assert "confirmed by hand by Mira Osei: “JC batch 118”" in text(client.get(url(batch)))


def test_the_timeline_names_person_or_system_with_exact_time_and_zone(scene, desk):
    batch = acts.send(scene)
    acts.accept(scene, batch)
    acts.deliver(batch)
    page = text(desk(scene.ruth).get(url(batch)))
    assert "<strong>Dana Reyes</strong>: Sent batch 1 to accounting" in page
    assert "<strong>Tieback</strong>: Batch 1 is exported" in page
    assert " CST" in page or " CDT" in page


def test_the_posting_list_has_numbers_jobs_titles_and_totals(scene, desk):
    batch = acts.send(scene)
    acts.accept(scene, batch)
    client = desk(scene.mira)
    assert "nothing to post" in text(client.get(url(batch, "posting-list/")))
    acts.deliver(batch)
    page = text(client.get(url(batch, "posting-list/")))
    for words in (batch.documents.get().number, MAIN, "Original budget", "92,500.75", "03-30-00", "2000"):
        assert words in page, words


def test_the_posting_list_leaves_out_what_is_posted_or_rejected_and_says_so(scene, desk):
    acts.lock(scene)
    for title in ("Own crew", "Deeper footing"):
        change = ((MAIN, "03-30-00", "L"), "500.00"), ((MAIN, "03-30-00", "M"), "-500.00")
        acts.modify(scene, title, *change)
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    posted, rejected, waits = batch.documents.all()
    acts._step(posted, "post", "post", posted_on=None, evidence={"seen": "on paper"}, differs=[])
    finding = {"code": "rejected_in_erp", "message": "Somebody rejected it.", "refs": [], "raw": ""}
    acts._step(rejected, "refuse", "refuse", findings=[finding])
    page = text(desk(scene.mira).get(url(batch, "posting-list/")))
    assert "<p>Not listed: 1 posted already, 1 rejected there.</p>" in page
    assert waits.number in page
    assert posted.number not in page and rejected.number not in page
    assert re.search(r"Made \w+\.? \d+, \d{4}, \d\d:\d\d C[SD]T from", page)


def test_an_action_that_does_not_exist_is_not_found(scene, desk):
    batch = acts.send(scene)
    assert post(desk(scene.mira), batch, "mark_posted").status_code == 404


def test_a_batch_of_thousands_of_lines_is_rejected_with_its_form(scene, desk):
    batch = acts.send(scene)
    remarks = {f"remark-{1_000_000 + place}": "" for place in range(20_000)}
    form = {"reason_code": "amounts", "reason": "Concrete is too high.", **remarks}
    desk(scene.mira).post(f"/admin/erp/batch/{batch.pk}/do/reject/", form)
    batch.refresh_from_db()
    assert batch.state == "rejected"


def test_an_approver_who_looked_before_codes_were_mapped_anew_sees_where_they_lead_now(scene, desk):
    batch = acts.send(scene)
    seen = scene.budget.readings.filter(state="made").first().hash
    mapping_services.apply(
        scene.connection,
        [Edit("cost_code", table={"09-68-00": "09"})],
        user=scene.jonas,
        now=timezone.now(),
        sentence="09-68-00 goes to 09",
    )
    acts.read(scene)
    client = desk(scene.mira)
    answer = client.post(f"/admin/erp/batch/{batch.pk}/do/accept/", {"reading_hash": seen})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Codes that lead elsewhere in CMiC since you looked" in page
    assert '<span class="code">09-68-00</span> then, <span class="code">09</span> now' in page
    fresh = scene.budget.readings.filter(state="made").first().hash
    assert client.post(f"/admin/erp/batch/{batch.pk}/do/accept/", {"reading_hash": fresh}).status_code == 302
