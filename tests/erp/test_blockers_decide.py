"""What stops an approver before the decision: rights, four eyes, limits, and what the ERP holds now."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from budgets import services as budget_services
from erp import services as erp_services
from erp.approval.approvers import able_to_accept
from erp.decision import deciding
from erp.mapping import services as mapping_services
from erp.mapping.resolving import Rule
from erp.mapping.state import Edit
from erp.models import CostCodeLink, ErpReading, ReadingState
from erp.port import Finding
from erp.queue.listing import desk_memberships, mine, queue
from erp.sync.readings import make
from projects.models import Company, ErpLevel, Membership
from tests.support import scene as acts
from tests.support.paper import PaperErp
from tests.support.scene import MAIN
from tests.workflow.cases import codes, gone, met, met_among, removes, shows, stays
from workflow import actions
from workflow.actions import ActionBlocked
from workflow.blockers import Kind

CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")


def now():
    return timezone.now()


@shows("no_right_to_decide")
@removes("no_right_to_decide")
def test_deciding_takes_the_level_and_the_flag(scene):
    batch = acts.send(scene)
    for action in ("accept", "reject", "read_again", "retry", "return_to_pm", "check_now", "confirm_posted"):
        found = met(batch, action, scene.ruth, "no_right_to_decide")
        assert (found.kind, found.who) == (
            Kind.PERMISSION,
            "Jonas Lindqvist, Mira Osei or Tom Baptiste",
        )
        assert found.sentence == (
            "You may not push to accounting for Northgate Builders. "
            "Ask Jonas Lindqvist, Mira Osei or Tom Baptiste."
        )
    Membership.objects.filter(user=scene.ruth).update(can_push=True)
    gone(batch, "accept", scene.ruth, "no_right_to_decide")
    Membership.objects.filter(user=scene.ruth).update(erp_level=ErpLevel.NONE)
    met(batch, "accept", scene.ruth, "no_right_to_decide")


@pytest.mark.parametrize("who", ["dana", "olga"])
def test_project_managers_and_other_companies_decide_nothing(scene, who):
    batch = acts.send(scene)
    user, seen = getattr(scene, who), scene.budget.readings.first()
    with pytest.raises(ActionBlocked) as told:
        deciding.accept(batch, user=user, now=now(), reading_hash=seen.hash)
    assert "no_right_to_decide" in [b.code for b in told.value.blockers]
    batch.refresh_from_db()
    assert batch.state == "waiting"


@shows("already_decided")
@removes("already_decided")
def test_a_decided_batch_says_who_decided_and_the_next_one_is_open(scene):
    batch = acts.send(scene)
    erp_services.retrieve(scene.budget, user=scene.dana, now=now())
    for action in ("accept", "reject", "read_again"):
        found = met(batch, action, scene.mira, "already_decided")
        assert found.kind is Kind.STATE
        assert found.sentence.startswith("Retrieved by Dana Reyes on ")
    again = acts.send(scene)
    gone(again, "accept", scene.mira, "already_decided")
    acts.accept(scene, again)
    stays(batch, "accept", scene.mira, "already_decided")
    assert "Accepted by Mira Osei on " in met(again, "reject", scene.jonas, "already_decided").sentence


# -- four eyes --------------------------------------------------------------------------------------------


@shows("you_prepared_it")
@removes("you_prepared_it")
def test_whoever_prepared_a_line_asks_somebody_else_until_the_company_lets_one_person_do_both(scene):
    line = scene.lines[CARPET]
    budget_services.edit_line(line, user=scene.tom, now=now(), version=0, values={"amount": "12500.51"})
    batch = acts.send(scene)
    found = met(batch, "accept", scene.tom, "you_prepared_it")
    assert found.kind is Kind.PERMISSION
    assert found.sentence == (
        "You prepared line 09-68-00 S, so somebody else accepts it: ask Jonas Lindqvist or Mira Osei."
    )
    assert found.who == "Jonas Lindqvist or Mira Osei"
    gone(batch, "reject", scene.tom, "you_prepared_it")
    acts.accept(scene, batch, by=scene.jonas)
    Company.objects.filter(pk=scene.company.pk).update(four_eyes=False)
    stays(batch, "accept", scene.tom, "you_prepared_it")  # the setting was frozen when it was sent


def test_the_setting_counts_from_the_next_batch_on(scene):
    first = acts.send(scene, by=scene.tom)
    found = met(first, "accept", scene.tom, "you_prepared_it")
    assert found.sentence.startswith("You sent it, so somebody else accepts it")
    erp_services.retrieve(scene.budget, user=scene.tom, now=now())
    Company.objects.filter(pk=scene.company.pk).update(four_eyes=False)
    second = acts.send(scene, by=scene.tom)
    assert codes(second, "accept", scene.tom) == []
    acts.accept(scene, second, by=scene.tom)


def test_whoever_wrote_a_modification_is_reminded_of_its_number(scene):
    acts.lock(scene)
    written = budget_services.save_modification(
        scene.budget,
        user=scene.tom,
        now=now(),
        title="buyout",
        date=now().date(),
        lines=[(scene.lines[CONCRETE], Decimal("-1.00")), (scene.lines[CARPET], Decimal("1.00"))],
    )
    budget_services.make_effective(written, user=scene.tom, now=now())
    batch = acts.send(scene)
    found = met(batch, "accept", scene.tom, "you_prepared_it")
    assert found.sentence.startswith("You worked on modification 1, so")


def test_a_line_that_is_not_new_in_this_batch_makes_nobody_a_preparer(scene):
    line = scene.lines[CARPET]
    budget_services.edit_line(line, user=scene.tom, now=now(), version=0, values={"amount": "12500.51"})
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    acts.post(batch)
    acts.modify(scene, "buyout", (CONCRETE, "-5.00"), (CARPET, "5.00"))
    assert codes(acts.send(scene), "accept", scene.tom) == []


# -- limits -----------------------------------------------------------------------------------------------


@shows("over_your_limit")
@removes("over_your_limit")
def test_a_batch_above_the_approvers_limit_goes_to_somebody_who_may(scene):
    Membership.objects.filter(user=scene.mira).update(approval_limit=Decimal("92500.74"))
    batch = acts.send(scene)
    found = met(batch, "accept", scene.mira, "over_your_limit")
    assert found.kind is Kind.PERMISSION
    assert found.sentence == (
        "This batch moves 92,500.75; you may accept up to 92,500.74. Ask Jonas Lindqvist or Tom Baptiste."
    )
    assert found.who == "Jonas Lindqvist or Tom Baptiste"
    gone(batch, "reject", scene.mira, "over_your_limit")
    Membership.objects.filter(user=scene.mira).update(approval_limit=Decimal("92500.75"))
    gone(batch, "accept", scene.mira, "over_your_limit")


def test_nobody_is_named_who_prepared_it_or_may_not_decide_or_has_too_small_a_limit(scene):
    batch = acts.send(scene, by=scene.tom)
    Membership.objects.update(approval_limit=Decimal("1.00"))
    assert met(batch, "accept", scene.mira, "over_your_limit").who == "another approver (there is none yet)"
    Membership.objects.filter(user__in=[scene.tom, scene.ruth, scene.olga]).update(approval_limit=None)
    assert met(batch, "accept", scene.mira, "over_your_limit").who == "another approver (there is none yet)"
    Membership.objects.filter(user=scene.jonas).update(approval_limit=Decimal("92500.75"))
    assert met(batch, "accept", scene.mira, "over_your_limit").who == "Jonas Lindqvist"


def test_a_transfer_counts_what_it_moves_although_its_net_is_nothing(scene):
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    acts.post(batch)
    acts.modify(scene, "huge", (CONCRETE, "-100000.01"), (CARPET, "100000.01"))
    transfer = acts.send(scene)
    assert transfer.net == 0
    found = met(transfer, "accept", scene.mira, "over_your_limit")
    assert "moves 100,000.01" in found.sentence


def test_a_batch_that_only_takes_away_moves_what_it_takes(scene):
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    acts.post(batch)
    Company.objects.filter(pk=scene.company.pk).update(allow_total_change=True)
    acts.modify(scene, "less", (CONCRETE, "-100000.01"))
    less = acts.send(scene)
    assert (less.moved, less.net) == (Decimal("100000.01"), Decimal("-100000.01"))
    assert "moves 100,000.01" in met(less, "accept", scene.mira, "over_your_limit").sentence


# -- what the ERP holds -----------------------------------------------------------------------------------


@shows("reading_missing")
@removes("reading_missing")
def test_nobody_accepts_blind(scene):
    batch = acts.send(scene, read_it=False)
    found = met(batch, "accept", scene.mira, "reading_missing")
    asked = scene.budget.readings.get()
    assert (found.waiting, found.since) == (True, asked.asked_at)
    assert found.sentence == "CMiC is being read. This takes a few seconds."
    acts.read(scene)
    gone(batch, "accept", scene.mira, "reading_missing")


def test_a_reading_that_failed_says_why(scene, office):
    batch = acts.send(scene, read_it=False)
    reading = scene.budget.readings.get()
    ErpReading.objects.filter(pk=reading.pk).update(state=ReadingState.FAILED, error="CMiC is down.")
    found = met(batch, "accept", scene.mira, "reading_missing")
    assert found.sentence == "CMiC could not be read: CMiC is down. Read again."
    make(deciding.read_again(batch, user=scene.mira, now=now()), now=now())
    assert codes(batch, "accept", scene.mira) == []


@shows("reading_old")
@removes("reading_old")
def test_a_reading_older_than_a_quarter_of_an_hour_is_made_again(scene):
    batch = acts.send(scene, read_it=False)
    made = now() - timedelta(minutes=15, seconds=1)
    acts.read(scene, at=made)
    found = met(batch, "accept", scene.mira, "reading_old")
    assert (found.kind, found.since) == (Kind.STATE, made)
    assert found.sentence == "CMiC was last read more than 15 minutes ago. Read again, then decide."
    asked = deciding.read_again(batch, user=scene.mira, now=now())
    waits = met(batch, "accept", scene.mira, "reading_old")
    assert waits.sentence == "CMiC is being read again. This takes a few seconds."
    ErpReading.objects.filter(pk=asked.pk).update(state=ReadingState.FAILED, error="CMiC is down.")
    failed = met(batch, "accept", scene.mira, "reading_old")
    assert failed.sentence == (
        "CMiC was last read more than 15 minutes ago, and could not be read since: CMiC is down. Read again."
    )
    make(deciding.read_again(batch, user=scene.mira, now=now()), now=now())
    gone(batch, "accept", scene.mira, "reading_old")


def test_a_reading_of_exactly_a_quarter_of_an_hour_is_fresh_enough(scene):
    batch = acts.send(scene, read_it=False)
    reading = acts.read(scene)
    later = reading.made_at + timedelta(minutes=15)
    deciding.accept(batch, user=scene.mira, now=later, reading_hash=reading.hash)


@shows("erp_changed")
@removes("erp_changed")
def test_an_approver_who_looked_at_old_amounts_looks_again(scene):
    batch = acts.send(scene)
    seen = scene.budget.readings.first().hash
    scene.sheet.hold(MAIN, "03-30-00", "2000", "39000.00")
    acts.read(scene)
    with pytest.raises(ActionBlocked) as told:
        deciding.accept(batch, user=scene.mira, now=now(), reading_hash=seen)
    found = met_among(told.value.blockers, batch, "accept", scene.mira, "erp_changed")
    assert found.kind is Kind.STATE
    assert found.sentence == "CMiC changed since you read it. Look at the new amounts first."
    acts.accept(scene, batch)
    gone(batch, "accept", scene.mira, "erp_changed")


def test_a_second_reading_that_says_the_same_is_no_change(scene):
    batch = acts.send(scene)
    seen = scene.budget.readings.first().hash
    acts.read(scene)
    deciding.accept(batch, user=scene.mira, now=now(), reading_hash=seen)


@shows("lines_not_mapped")
@removes("lines_not_mapped")
def test_a_code_that_lost_its_match_is_matched_again_or_the_batch_rejected(scene):
    batch = acts.send(scene)
    link = CostCodeLink.objects.get(cost_code__code="09-68-00", erp_cost_code__connection=scene.connection)
    erp_code, ours = link.erp_cost_code, link.cost_code
    link.delete()
    found = met(batch, "accept", scene.mira, "lines_not_mapped")
    assert found.kind is Kind.PROBLEM
    assert found.sentence == (
        "No codes in the ERP any more for 09-68-00 O, 09-68-00 S. An ERP admin can map them; or reject the batch."
    )
    gone(batch, "reject", scene.mira, "lines_not_mapped")
    CostCodeLink.objects.create(cost_code=ours, erp_cost_code=erp_code)
    gone(batch, "accept", scene.mira, "lines_not_mapped")
    acts.accept(scene, batch)


def test_the_system_may_decide_nothing(scene):
    batch = acts.send(scene)
    assert not actions.available(batch, "accept", None)


@shows("mapping_changed")
@removes("mapping_changed")
def test_codes_that_were_mapped_anew_are_looked_at_before_the_decision(scene):
    batch = acts.send(scene)
    mapping_services.apply(
        scene.connection,
        [Edit("cost_code", table={"09-68-00": "09"})],
        user=scene.jonas,
        now=now(),
        sentence="09-68-00 goes to 09",
    )
    found = met(batch, "accept", scene.mira, "mapping_changed")
    assert found.kind is Kind.STATE
    assert found.sentence == (
        "An ERP admin has mapped codes anew since CMiC was read: 09-68-00 (to 09-68-00 then, to 09 now). "
        "Read again, then decide."
    )
    gone(batch, "reject", scene.mira, "mapping_changed")
    make(deciding.read_again(batch, user=scene.mira, now=now()), now=now())
    gone(batch, "accept", scene.mira, "mapping_changed")
    acts.accept(scene, batch)


def test_an_approver_who_is_an_erp_admin_is_led_to_the_very_code_that_lost_its_match(scene):
    batch = acts.send(scene)
    mapping_services.apply(
        scene.connection,
        [Edit("cost_code", rules=(Rule("09-68-*", "nowhere"),))],
        user=scene.jonas,
        now=now(),
        sentence="A bad rule",
    )
    assert met(batch, "accept", scene.mira, "lines_not_mapped").link == ""
    way = met(batch, "accept", scene.jonas, "lines_not_mapped")
    assert way.link_label == "Map 09-68-00"
    assert way.link.startswith(f"/admin/erp/connection/{scene.connection.pk}/codes/?")


@shows("document_unfit")
@removes("document_unfit")
def test_what_the_erp_would_refuse_on_paper_is_said_before_it_is_accepted(scene, monkeypatch):
    batch = acts.send(scene)
    gone(batch, "accept", scene.mira, "document_unfit")

    def too_long(erp, document):
        refs = (document.lines[0].ref,)
        return [Finding("job_unfit", f"Job {document.job} is too long for CMiC.", refs)]

    with monkeypatch.context() as patch:
        patch.setattr(PaperErp, "problems", too_long)
        found = met(batch, "accept", scene.mira, "document_unfit")
        assert found.kind is Kind.PROBLEM
        assert found.sentence.startswith(f"CMiC would refuse it: Job {MAIN} is too long for CMiC.")
        assert len(found.lines) == 1
    gone(batch, "accept", scene.mira, "document_unfit")


# -- one way only -----------------------------------------------------------------------------------------


def narrow(user, way):
    Membership.objects.filter(user=user).update(direction=way)


@shows("only_sends_back")
@removes("only_sends_back")
def test_whoever_only_sends_back_is_told_who_accepts(scene):
    batch = acts.send(scene)
    narrow(scene.mira, "back")
    for action in ("accept", "retry", "confirm_posted", "close_alarm", "say_arrived", "say_not_arrived"):
        found = met(batch, action, scene.mira, "only_sends_back")
        assert found.kind is Kind.PERMISSION
        assert found.sentence == (
            "You may send batches back for Northgate Builders, not on to the ERP. "
            "Ask Jonas Lindqvist or Tom Baptiste."
        )
    for action in ("reject", "return_to_pm", "read_again", "check_now"):
        stays_out(batch, action, scene.mira)
    narrow(scene.mira, "both")
    gone(batch, "accept", scene.mira, "only_sends_back")


@shows("only_sends_on")
@removes("only_sends_on")
def test_whoever_only_sends_on_is_told_who_rejects(scene):
    batch = acts.send(scene)
    narrow(scene.mira, "out")
    for action in ("reject", "return_to_pm", "decline_return", "take_out_anyway", "leave_in_erp"):
        found = met(batch, action, scene.mira, "only_sends_on")
        assert found.sentence == (
            "You may send batches on to the ERP for Northgate Builders, not back. "
            "Ask Jonas Lindqvist or Tom Baptiste."
        )
    for action in ("accept", "retry", "read_again", "check_now"):
        stays_out(batch, action, scene.mira)
    narrow(scene.mira, "both")
    gone(batch, "reject", scene.mira, "only_sends_on")


def stays_out(batch, action, user):
    assert not {"only_sends_back", "only_sends_on"} & set(codes(batch, action, user))


def test_without_the_flag_the_direction_says_nothing(scene):
    batch = acts.send(scene)
    narrow(scene.ruth, "back")
    stays_out(batch, "accept", scene.ruth)
    met(batch, "accept", scene.ruth, "no_right_to_decide")


def test_whoever_only_sends_back_is_nobodys_approver_and_has_nothing_to_decide(scene):
    narrow(scene.mira, "back")
    batch = acts.send(scene)
    assert scene.mira not in able_to_accept(batch)
    assert scene.jonas in able_to_accept(batch)
    held = {who: desk_memberships(getattr(scene, who)) for who in ("mira", "jonas")}
    assert not queue(scene.mira, held["mira"], now=now()).filter(mine(held["mira"], now=now())).exists()
    assert queue(scene.jonas, held["jonas"], now=now()).filter(mine(held["jonas"], now=now())).get() == batch
    with pytest.raises(ActionBlocked):
        deciding.accept(batch, user=scene.mira, now=now(), reading_hash="")
    deciding.reject(batch, user=scene.mira, now=now(), reason_code="amounts", reason="Too high.", remarks=[])
    batch.refresh_from_db()
    assert batch.state == "rejected"


@pytest.mark.parametrize(("way", "left_out"), [("back", "accept_selected"), ("out", "reject_selected")])
def test_the_queue_offers_no_bulk_that_goes_the_other_way(scene, client, way, left_out):
    acts.send(scene)
    narrow(scene.mira, way)
    client.force_login(scene.mira)
    page = client.get("/admin/erp/batch/").content.decode()
    assert f'value="{left_out}"' not in page
    assert 'value="read_selected"' in page
