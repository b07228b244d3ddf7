"""What is new, what a rejection left open, and who could accept it: the rest of what stops Send and Retrieve."""

import pytest
from django.utils import timezone

from budgets import links
from budgets import services as budget_services
from erp import services as erp_services
from erp.models import Remark
from erp.port import JobStatus
from projects.models import BudgetLevel, Company, Membership, ProjectRole
from tests.erp.office import sync
from tests.support import scene as acts
from tests.support.scene import MAIN, SUB
from tests.workflow.cases import codes, gone, met, met_among, removes, shows, stays
from workflow.actions import ActionBlocked
from workflow.blockers import Kind

CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")


def now():
    return timezone.now()


def walk_to_posted(scene):
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    acts.post(batch)
    scene.reload()
    return batch


# -- originals of a started job ---------------------------------------------------------------------------


@shows("originals_on_started_off")
@removes("originals_on_started_off")
def test_a_company_that_keeps_originals_of_started_jobs_is_asked_to_allow_them(scene):
    scene.connection.originals_on_started_jobs = False
    scene.connection.save()
    found = met(scene.budget, "send", scene.dana, "originals_on_started_off")
    assert (found.kind, found.who) == (Kind.PROBLEM, "Jonas Lindqvist")
    assert found.sentence == (
        "The job is started in CMiC, and Northgate Builders does not send changes of original amounts to "
        "started jobs. Write a modification instead, or ask Jonas Lindqvist to allow it."
    )
    scene.connection.originals_on_started_jobs = True
    scene.connection.save()
    gone(scene.budget, "send", scene.dana, "originals_on_started_off")


def test_a_pending_job_takes_originals_whatever_the_company_says(office, scene):
    scene.connection.originals_on_started_jobs = False
    scene.connection.save()
    for code in (MAIN, SUB):
        office.job(code, status=JobStatus.PENDING)
    sync(scene)
    gone(scene.budget, "send", scene.dana, "originals_on_started_off")


def test_originals_that_the_started_job_holds_already_are_no_change(scene):
    scene.connection.originals_on_started_jobs = False
    scene.connection.save()
    types = {"L": "1000", "M": "2000", "E": "3000", "S": "4000", "O": "5000"}
    for (job, code, kind), line in scene.lines.items():
        scene.sheet.hold(job, code, types[kind], str(line.amount))
    met(scene.budget, "send", scene.dana, "originals_on_started_off")
    acts.read(scene)
    gone(scene.budget, "send", scene.dana, "originals_on_started_off")


# -- modifications ----------------------------------------------------------------------------------------


@shows("sent_modification_unbalanced")
@removes("sent_modification_unbalanced")
def test_a_modification_from_freer_days_is_balanced_before_it_is_sent(scene):
    acts.lock(scene)
    Company.objects.filter(pk=scene.company.pk).update(allow_total_change=True)
    scene.reload()
    written = acts.modify(scene, "owner's change", (CONCRETE, "1234.50"))
    gone(scene.budget, "send", scene.dana, "sent_modification_unbalanced")
    Company.objects.filter(pk=scene.company.pk).update(allow_total_change=False)
    scene.reload()
    found = met(scene.budget, "send", scene.dana, "sent_modification_unbalanced")
    assert found.kind is Kind.PROBLEM
    assert found.sentence.startswith("Out of balance: modification 1 by 1,234.50.")
    assert (found.link, found.link_label) == (links.page(scene.budget, "modifications"), "Modifications")
    budget_services.save_modification(
        scene.budget,
        user=scene.dana,
        now=now(),
        title="transfer",
        date=now().date(),
        lines=[
            (scene.lines[CONCRETE], acts.Decimal("1234.50")),
            (scene.lines[CARPET], acts.Decimal("-1234.50")),
        ],
        modification=written,
    )
    gone(scene.budget, "send", scene.dana, "sent_modification_unbalanced")


@shows("nothing_new")
@removes("nothing_new")
def test_after_a_posting_there_is_nothing_new_until_somebody_changes_something(scene):
    walk_to_posted(scene)
    found = met(scene.budget, "send", scene.dana, "nothing_new")
    assert (found.kind, found.sentence) == (
        Kind.WAITING,
        "Nothing is new since the last posting in CMiC.",
    )
    acts.modify(scene, "buyout", (CONCRETE, "-5.00"), (CARPET, "5.00"))
    gone(scene.budget, "send", scene.dana, "nothing_new")
    walk_to_posted(scene)
    met(scene.budget, "send", scene.dana, "nothing_new")


def test_a_changed_original_is_new(scene):
    walk_to_posted(scene)
    met(scene.budget, "send", scene.dana, "nothing_new")
    budget_services.unlock(scene.budget, user=scene.dana, now=now())
    line = scene.lines[CONCRETE]
    budget_services.edit_line(line, user=scene.dana, now=now(), version=0, values={"amount": "1.00"})
    acts.lock(scene)
    gone(scene.budget, "send", scene.dana, "nothing_new")


def test_a_new_line_is_new_once_there_is_money_on_it(scene):
    walk_to_posted(scene)
    scene.lines[MAIN, "01-31-00", "O"] = acts.add_line(
        scene.budget, scene.dana, MAIN, "01-31-00", "O", "0.00"
    )
    met(scene.budget, "send", scene.dana, "nothing_new")
    acts.modify(scene, "buyout", (CONCRETE, "-5.00"), ((MAIN, "01-31-00", "O"), "5.00"))
    gone(scene.budget, "send", scene.dana, "nothing_new")


# -- a rejection's remarks --------------------------------------------------------------------------------


def rejected(scene, *keys):
    batch = acts.send(scene)
    acts.reject(scene, batch, remarks={scene.lines[key].pk: f"Explain {key[1]}." for key in keys})
    return batch


@shows("remarks_open")
@removes("remarks_open")
def test_each_remark_of_a_rejection_is_answered_or_its_line_is_changed(scene):
    rejected(scene, CONCRETE, CARPET)
    found = met(scene.budget, "send", scene.dana, "remarks_open")
    assert found.kind is Kind.PROBLEM
    assert found.sentence == (
        "2 remarks of the rejection not answered. Change each line, or answer its remark. "
        "To change a line, unlock the budget first."
    )
    assert {(place.pk, place.link) for place in found.lines} == {
        (scene.lines[key].pk, links.cell(scene.lines[key], scene.project.pk, "code"))
        for key in (CONCRETE, CARPET)
    }
    remark = Remark.objects.get(line=scene.lines[CONCRETE])
    erp_services.answer_remark(remark, user=scene.dana, now=now(), answer="As in the tender.")
    found = met(scene.budget, "send", scene.dana, "remarks_open")
    assert found.sentence.startswith("1 remark of the rejection")
    assert [place.pk for place in found.lines] == [scene.lines[CARPET].pk]
    budget_services.unlock(scene.reload(), user=scene.dana, now=now())
    carpet = scene.lines[CARPET]
    budget_services.edit_line(carpet, user=scene.dana, now=now(), version=0, values={"amount": "12000.00"})
    acts.lock(scene)
    gone(scene.budget, "send", scene.dana, "remarks_open")
    assert codes(scene.budget, "send", scene.dana) == []


def test_a_remark_of_an_older_rejection_asks_for_nothing_any_more(scene):
    rejected(scene, CONCRETE)
    erp_services.answer_remark(Remark.objects.get(), user=scene.dana, now=now(), answer="As in the tender.")
    acts.reject(scene, acts.send(scene))
    assert codes(scene.budget, "send", scene.dana) == []


@shows("remark_settled")
@removes("remark_settled")
def test_what_was_said_to_a_remark_stays_once_the_budget_was_sent_again(scene):
    rejected(scene, CONCRETE)
    remark = Remark.objects.get()
    erp_services.answer_remark(remark, user=scene.dana, now=now(), answer="As in the tender.")
    batch = acts.send(scene)
    found = met(scene.budget, "answer_remark", scene.dana, "remark_settled")
    assert (found.kind, found.sentence) == (
        Kind.STATE,
        "The budget was sent again since; this remark is history.",
    )
    acts.reject(scene, batch, remarks={scene.lines[CARPET].pk: "Explain the carpet."})
    gone(scene.budget, "answer_remark", scene.dana, "remark_settled")
    with pytest.raises(ActionBlocked) as refused:
        erp_services.answer_remark(remark, user=scene.dana, now=now(), answer="Something else.")
    met_among(refused.value.blockers, scene.budget, "answer_remark", scene.dana, "remark_settled")
    remark.refresh_from_db()
    assert remark.answer == "As in the tender."
    newest = Remark.objects.exclude(pk=remark.pk).get()
    erp_services.answer_remark(newest, user=scene.dana, now=now(), answer="It is dearer.")


# -- people -----------------------------------------------------------------------------------------------


@shows("no_right_to_send")
@removes("no_right_to_send")
def test_a_reader_without_the_grant_is_told_who_sends(scene):
    acts.lock(scene)
    for action in ("send", "retrieve", "answer_remark"):
        found = met(scene.budget, action, scene.ruth, "no_right_to_send")
        assert (found.kind, found.who) == (Kind.PERMISSION, "Dana Reyes or Tom Baptiste")
        assert found.sentence == (
            "You may not send this budget to the ERP or retrieve it. Ask Dana Reyes or Tom Baptiste."
        )
    ProjectRole.objects.filter(user=scene.ruth).update(can_send=True)
    gone(scene.budget, "send", scene.ruth, "no_right_to_send")
    erp_services.send(scene.budget, user=scene.ruth, now=now())
    ProjectRole.objects.filter(user=scene.ruth).update(level=BudgetLevel.NONE)
    met(scene.budget, "retrieve", scene.ruth, "no_right_to_send")


@shows("no_approver")
@removes("no_approver")
def test_where_nobody_may_accept_the_erp_admin_names_an_approver(scene):
    Membership.objects.filter(company=scene.company).update(can_push=False)
    found = met(scene.budget, "send", scene.dana, "no_approver")
    assert (found.kind, found.who) == (Kind.PROBLEM, "Jonas Lindqvist")
    assert found.sentence == (
        "Nobody could accept this batch: Northgate Builders has no approver with a high enough limit who did not "
        "prepare it. Jonas Lindqvist can name one."
    )
    Membership.objects.filter(user=scene.mira).update(can_push=True)
    gone(scene.budget, "send", scene.dana, "no_approver")


def test_the_only_approver_cannot_send_what_nobody_else_could_accept(scene):
    Membership.objects.filter(company=scene.company).exclude(user=scene.tom).update(can_push=False)
    met(scene.budget, "send", scene.tom, "no_approver")
    gone(scene.budget, "send", scene.dana, "no_approver")
    Company.objects.filter(pk=scene.company.pk).update(four_eyes=False)
    scene.reload()
    gone(scene.budget, "send", scene.tom, "no_approver")


# -- retrieve ---------------------------------------------------------------------------------------------


@shows("never_sent")
@removes("never_sent")
def test_what_was_never_sent_cannot_be_retrieved(scene):
    found = met(scene.budget, "retrieve", scene.dana, "never_sent")
    assert found.kind is Kind.STATE
    assert found.sentence == "The budget was never sent, so there is nothing to retrieve."
    acts.send(scene)
    gone(scene.budget, "retrieve", scene.dana, "never_sent")


@shows("batch_already_decided")
@removes("batch_already_decided")
def test_whoever_comes_second_reads_who_was_first_and_sends_again(scene):
    batch = acts.send(scene)
    gone(scene.budget, "retrieve", scene.dana, "batch_already_decided")
    acts.reject(scene, batch)
    found = met(scene.budget, "retrieve", scene.dana, "batch_already_decided")
    assert found.kind is Kind.STATE
    batch.refresh_from_db()
    assert found.sentence.startswith("Rejected by Mira Osei on ")
    assert found.sentence.endswith("CST.") or found.sentence.endswith("CDT.")
    acts.send(scene)
    gone(scene.budget, "retrieve", scene.dana, "batch_already_decided")


def test_a_batch_that_was_accepted_is_past_retrieving(scene):
    acts.accept(scene, acts.send(scene))
    with pytest.raises(ActionBlocked, match=r"Accepted by Mira Osei on .*, \d\d:\d\d"):
        erp_services.retrieve(scene.budget, user=scene.dana, now=now())
    stays(scene.budget, "retrieve", scene.dana, "batch_already_decided")


# -- reading the ERP again ----------------------------------------------------------------------------------


@shows("no_right_to_read_erp")
@removes("no_right_to_read_erp")
def test_a_reader_outside_accounting_asks_somebody_who_sends_to_have_the_erp_read(scene):
    Membership.objects.filter(user=scene.ruth).delete()
    found = met(scene.budget, "read_erp", scene.ruth, "no_right_to_read_erp")
    assert found.sentence == "You may not have CMiC read again. Ask Dana Reyes or Tom Baptiste."
    ProjectRole.objects.filter(user=scene.ruth).update(can_send=True)
    gone(scene.budget, "read_erp", scene.ruth, "no_right_to_read_erp")
    gone(scene.budget, "read_erp", scene.mira, "no_right_to_read_erp")


def test_an_erp_that_is_not_in_use_is_not_read(scene):
    scene.connection.enabled = False
    scene.connection.save()
    with pytest.raises(ActionBlocked) as refused:
        erp_services.read_erp(scene.budget, user=scene.dana, now=now())
    assert [b.code for b in refused.value.blockers] == ["connection_stopped"]
    assert not scene.budget.readings.exists()
