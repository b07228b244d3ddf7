"""Who decides which value holds where the ERP differs, when, and on what they looked at."""

from decimal import Decimal

import pytest

from erp.port import ErpKey
from erp.reconciliation import actions as reconciliation_actions
from erp.reconciliation.drift_blockers import CHOSEN
from projects.models import Direction, ErpLevel, Membership
from tests.support import drift as paper
from tests.support import scene as acts
from tests.support.drift import CARPET
from tests.workflow.cases import codes, gone, met, met_among, removes, shows
from workflow import actions
from workflow.actions import ActionBlocked
from workflow.blockers import Kind

DECIDE = "settle_drift"
CONCRETE = ErpKey(acts.MAIN, "03-30-00", paper.PLACES["M"])
CONCRETE_SENT = next(Decimal(row[3]) for row in acts.LINES if row[:3] == (acts.MAIN, "03-30-00", "M"))


@shows("no_right_to_settle")
@removes("no_right_to_settle")
def test_a_project_manager_reads_who_decides_until_she_may_push_to_accounting(scene):
    paper.posted(scene)
    paper.edit(scene, "13000.00")
    found = met(scene.budget, DECIDE, scene.dana, "no_right_to_settle")
    assert found.kind is Kind.PERMISSION
    assert found.sentence == f"Which value holds is decided by accounting: {found.who}."
    assert "Mira Osei" in found.who
    met(scene.budget, DECIDE, scene.olga, "no_right_to_settle")
    Membership.objects.create(
        user=scene.dana, company=scene.company, erp_level=ErpLevel.STANDARD, can_push=True
    )
    gone(scene.budget, DECIDE, scene.dana, "no_right_to_settle")


@shows("settles_no_amounts")
@removes("settles_no_amounts")
def test_who_only_sends_back_accepts_a_difference_but_neither_takes_nor_keeps_an_amount(scene):
    paper.posted(scene)
    seen = paper.edit(scene, "13000.00")
    member = Membership.objects.filter(user=scene.mira)
    member.update(direction=Direction.BACK)
    for kind in ("take", "keep"):
        with pytest.raises(ActionBlocked) as refused:
            paper.settle(scene, kind, seen)
        found = met_among(refused.value.blockers, scene.budget, DECIDE, scene.mira, "settles_no_amounts")
    assert found.sentence.endswith(
        "you may accept a difference, not take or keep an amount. Ask Jonas Lindqvist or Tom Baptiste."
    )
    paper.settle(scene, "accept", seen, note="It stays as it is.")
    member.update(direction=Direction.OUT)
    paper.settle(scene, "take", seen, codes=[CARPET])
    gone(scene.budget, DECIDE, scene.mira, "settles_no_amounts")


@shows("settles_over_limit")
@removes("settles_over_limit")
def test_what_is_taken_or_kept_stays_within_the_limit_also_line_by_line(scene):
    paper.posted(scene)
    paper.edit(scene, "13000.00")
    seen = paper.edit(scene, "70000.00", CONCRETE)
    moved = Decimal("499.50") + abs(Decimal("70000.00") - CONCRETE_SENT)
    member = Membership.objects.filter(user=scene.mira)
    member.update(approval_limit=moved - Decimal("0.01"))
    for kind in ("take", "keep"):
        with pytest.raises(ActionBlocked) as refused:
            paper.settle(scene, kind, seen)
        found = met_among(refused.value.blockers, scene.budget, DECIDE, scene.mira, "settles_over_limit")
    assert found.sentence == (
        f"This decides on {moved:,.2f}; you may decide on up to {moved - Decimal('0.01'):,.2f} of one reading. "
        "Ask Jonas Lindqvist or Tom Baptiste."
    )
    paper.settle(scene, "take", seen, codes=[CARPET])
    with pytest.raises(ActionBlocked) as refused:
        paper.settle(scene, "take", seen, codes=[CONCRETE])
    assert [one.code for one in refused.value.blockers] == ["settles_over_limit"]
    member.update(approval_limit=moved)
    paper.settle(scene, "take", seen, codes=[CONCRETE])
    gone(scene.budget, DECIDE, scene.mira, "settles_over_limit")


@shows("never_posted")
@removes("never_posted")
def test_nothing_is_decided_before_the_first_posting(scene):
    batch = paper.delivered(scene)
    found = met(scene.budget, DECIDE, scene.mira, "never_posted")
    assert (found.kind, found.sentence) == (
        Kind.STATE,
        "Nothing of this budget was posted yet, so there is nothing to decide. Send it first.",
    )
    acts.post(batch)
    gone(scene.budget, DECIDE, scene.mira, "never_posted")


@shows("not_read_since_posting")
@removes("not_read_since_posting")
def test_a_reading_from_before_the_posting_is_no_ground_to_decide_on(scene):
    acts.post(paper.delivered(scene))
    found = met(scene.budget, DECIDE, scene.mira, "not_read_since_posting")
    assert found.waiting
    assert found.sentence == "CMiC was not read since the last posting. Read again, then decide."
    acts.read(scene)
    gone(scene.budget, DECIDE, scene.mira, "not_read_since_posting")


@shows("nothing_differs")
@removes("nothing_differs")
def test_there_is_nothing_to_decide_until_somebody_edits_the_job(scene):
    paper.posted(scene)
    found = met(scene.budget, DECIDE, scene.mira, "nothing_differs")
    assert found.sentence == "CMiC holds what was posted; there is nothing to decide."
    paper.edit(scene, "13000.00")
    gone(scene.budget, DECIDE, scene.mira, "nothing_differs")
    assert codes(scene.budget, DECIDE, scene.mira) == []


def test_a_line_that_was_decided_meanwhile_says_by_whom(scene):
    paper.posted(scene)
    seen = paper.edit(scene, "13000.00")
    paper.settle(scene, "take", seen, by=scene.jonas)
    scene.budget.__dict__[CHOSEN] = {CARPET}
    [found] = actions.blockers(scene.budget, DECIDE, scene.mira)
    assert (found.code, found.kind) == ("nothing_differs", Kind.STATE)
    assert "the ERP’s amount taken by Jonas Lindqvist" in found.sentence


@shows("erp_moved_since")
@removes("erp_moved_since")
def test_who_looked_at_an_older_reading_is_told_what_moved_and_decides_on_the_new_one(scene):
    paper.posted(scene)
    old = paper.edit(scene, "13000.00")
    new = paper.edit(scene, "14000.00")
    with pytest.raises(ActionBlocked) as refused:
        paper.settle(scene, "take", old, codes=[CARPET], seen={CARPET: Decimal("13000.00")})
    found = met_among(refused.value.blockers, scene.budget, DECIDE, scene.mira, "erp_moved_since")
    assert found.sentence == (
        "CMiC was read again since you looked: 09-68-00 4000 was 13,000.00, is 14,000.00. Look again, then decide."
    )
    paper.settle(scene, "take", new, codes=[CARPET])
    gone(scene.budget, DECIDE, scene.mira, "erp_moved_since")


def test_nothing_is_decided_while_a_batch_is_out(scene):
    paper.posted(scene)
    paper.edit(scene, "13000.00")
    acts.modify(
        scene,
        "more",
        ((acts.MAIN, "03-30-00", "L"), "5.00"),
        ((acts.MAIN, "03-30-00", "M"), "-5.00"),
    )
    acts.send(scene)
    assert "waiting_for_accounting" in codes(scene.budget, DECIDE, scene.mira)


@shows("no_right_to_read_all")
@removes("no_right_to_read_all")
def test_who_sees_the_queue_may_have_every_project_read_again(scene):
    found = met(scene.connection, "read_all", scene.dana, "no_right_to_read_all")
    assert (found.kind, found.who) == (Kind.PERMISSION, "Jonas Lindqvist")
    met(scene.connection, "read_all", scene.olga, "no_right_to_read_all")
    assert codes(scene.connection, "read_all", scene.ruth) == []
    Membership.objects.create(user=scene.dana, company=scene.company, erp_level=ErpLevel.STANDARD)
    gone(scene.connection, "read_all", scene.dana, "no_right_to_read_all")
    assert reconciliation_actions.read_all(scene.connection, user=scene.dana, now=acts.timezone.now()) == 1
