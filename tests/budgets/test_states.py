"""The word people see for a budget: a row of the specification's table each, reached by what people and workers do."""

from django.utils import timezone

from budgets import services
from budgets.models import Budget
from budgets.selectors import state_of
from budgets.states import CODES
from erp import services as erp_services
from erp.delivery import aftercare
from erp.models import Batch
from erp.port import JobStatus
from tests.support import scene as acts
from tests.support.scene import MAIN
from workflow.actions import SYSTEM, blockers, ensure

CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")


def now():
    return timezone.now()


def shown(scene):
    return state_of(scene.reload())


def test_a_new_budget_is_a_draft(scene):
    word = shown(scene)
    assert (word.code, word.words, word.tone) == ("draft", "Draft", "neutral")
    assert "lock the budget" in word.next


def test_a_locked_budget_is_ready_to_send(scene):
    acts.lock(scene)
    word = shown(scene)
    assert (word.code, word.words, word.tone) == ("ready", "Locked - ready to send", "good")
    assert word.since == scene.budget.state_since


def test_a_locked_budget_counts_the_things_to_do_and_forgets_those_done(scene):
    line = acts.add_line(scene.budget, scene.dana, MAIN, "zz", "E", "1.00")
    acts.lock(scene)
    assert (shown(scene).code, shown(scene).words) == ("todo", "Locked - 1 thing to do")
    services.unlock(scene.budget, user=scene.dana, now=now())
    services.edit_line(line, user=scene.dana, now=now(), version=0, values={"unit": "M3"})
    acts.lock(scene)
    assert (shown(scene).words, shown(scene).tone) == ("Locked - 2 things to do", "warn")
    services.unlock(scene.budget, user=scene.dana, now=now())
    services.delete_line(line, user=scene.dana, now=now())
    acts.lock(scene)
    assert shown(scene).code == "ready"


def test_a_sent_budget_waits_for_people_with_names(scene):
    batch = acts.send(scene)
    word = shown(scene)
    assert (word.code, word.words, word.tone) == ("waiting", "Waiting for accounting", "wait")
    assert word.next == "Waiting for Jonas Lindqvist, Mira Osei or Tom Baptiste to accept or reject."
    assert word.since == batch.sent_at


def test_whoever_prepared_it_is_not_waited_for(scene):
    acts.send(scene, by=scene.tom)
    assert "Tom" not in shown(scene).next


def test_a_rejected_budget_says_why_it_was_sent_back_and_the_next_send_counts_the_round(scene):
    acts.reject(scene, acts.send(scene), reason="Concrete is too high.")
    word = shown(scene)
    assert (word.code, word.words, word.tone) == ("sent_back", "Sent back: Concrete is too high.", "warn")
    assert word.next == "Mira Osei sent it back, reason: Amounts to correct. Put it right, then re-send."
    acts.send(scene)
    assert shown(scene).words == "Waiting for accounting, round 2"


def test_a_rejected_budget_asks_for_answers_only_while_one_is_wanted(scene):
    batch = acts.send(scene)
    acts.reject(scene, batch, remarks={scene.lines[CONCRETE].pk: "Ready-mix?"})
    assert shown(scene).next.endswith("Answer the remark or change the lines, then re-send.")
    erp_services.answer_remark(batch.remarks.get(), user=scene.dana, now=now(), answer="Yes.")
    assert shown(scene).next.endswith("Every remark is settled: re-send the budget.")


def test_a_retrieved_budget_is_simply_ready_again(scene):
    acts.send(scene)
    erp_services.retrieve(scene.budget, user=scene.dana, now=now())
    assert shown(scene).code == "ready"


def test_an_accepted_budget_counts_its_documents_on_the_way(scene):
    acts.lock(scene)
    acts.modify(scene, "buyout", (CONCRETE, "-5.00"), (CARPET, "5.00"))
    batch = acts.accept(scene, acts.send(scene))
    word = shown(scene)
    assert (word.code, word.words, word.done, word.total) == ("exporting", "Accepted, exporting 0 of 2", 0, 2)
    assert (word.tone, word.since) == ("wait", batch.accepted_at)
    document = acts.documents(batch)[0]
    acts.take(document)
    acts._step(document, "deliver", "deliver", receipt={"lines": 1})
    acts._settle(batch)
    assert shown(scene).words == "Accepted, exporting 1 of 2"


def test_a_refused_document_needs_attention_and_counts_its_lines(scene):
    batch = acts.accept(scene, acts.send(scene))
    lines = list(batch.items.get().lines.values_list("pk", flat=True)[:2])
    acts.refuse(batch, "Inactive.", *lines)
    word = shown(scene)
    assert (word.code, word.words, word.tone) == ("attention", "Needs attention: 2 lines refused", "bad")


def test_a_delivered_budget_waits_in_the_erp_for_an_accountant(scene):
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    batch.refresh_from_db()
    word = shown(scene)
    assert (word.code, word.words) == ("in_erp", "In CMiC, waiting for posting")
    assert (word.tone, word.since) == ("wait", batch.exported_at)
    assert word.next == "An accountant posts it in CMiC; then it is yours again."


def test_what_was_entered_on_a_pending_job_waits_for_its_start_and_for_no_accountant(scene):
    scene.sheet.status = JobStatus.PENDING
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    assert shown(scene).next == "It counts when the job is started in CMiC; then it is yours again."
    (why,) = [one for one in blockers(scene.reload(), "unlock", scene.dana) if one.code == "not_yet_posted"]
    assert why.sentence.startswith("The budget is in CMiC and counts when the job is started there.")


def test_a_returned_budget_was_sent_back_with_the_approvers_words(scene):
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    aftercare.return_to_pm(batch, user=scene.mira, now=now(), note="Owner changed his mind.")
    acts._step(acts.documents(batch)[0], "mark_withdrawn", "mark_withdrawn")
    acts._settle(batch)
    assert shown(scene).words == "Sent back: Owner changed his mind."
    assert Batch.objects.get().state == "returned"
    assert scene.budget.state == "locked"


def test_a_posted_budget_is_hers_again_and_names_its_batch(scene):
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    acts.post(batch)
    batch.refresh_from_db()
    word = shown(scene)
    assert (word.code, word.words, word.tone) == ("posted", "Posted (batch 1)", "good")
    assert (word.since, scene.budget.state) == (batch.posted_at, "locked")


def test_a_posting_with_another_amount_differs_and_counts_lines(scene):
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    document = acts.documents(batch)[0]
    ensure(document, "post", SYSTEM)
    other = {"refs": ["1"], "sent": "1.00", "found": "2.00", "cost_code": "x", "cost_type": "y", "job": "z"}
    document.post(now=now(), posted_on=None, evidence={}, differs=[other])
    document.save()
    acts._settle(batch)
    word = shown(scene)
    assert (word.code, word.words) == ("differs", "Differs from CMiC by 1 line")


def test_an_unlocked_budget_is_a_draft_whatever_came_before(scene):
    acts.reject(scene, acts.send(scene))
    services.unlock(scene.budget, user=scene.dana, now=now())
    assert shown(scene).code == "draft"


def test_every_word_has_its_test(scene):
    assert set(CODES) == {
        *("draft", "ready", "todo", "waiting", "sent_back", "exporting", "attention"),
        *("in_erp", "posted", "differs", "resend"),
    }


def test_the_word_costs_no_query(scene, django_assert_num_queries):
    acts.send(scene)
    budget = Budget.objects.get(pk=scene.budget.pk)
    with django_assert_num_queries(0):
        state_of(budget)
