"""The reconciliation in the desk: every project, one project, the decisions, and what others may not see."""

import pytest
from celery import current_app

from budgets.models import Budget
from erp import tasks
from erp.models import DriftDecision, ErpReading
from tests.support import drift as paper
from tests.support import scene as acts
from tests.support.drift import CARPET

AT = "/admin/erp/driftdecision/"
VALUE = "|".join((CARPET.job, CARPET.cost_code, CARPET.cost_type))


def url(scene, rest: str = "") -> str:
    return f"{AT}{scene.budget.pk}/{rest}"


@pytest.fixture
def drifted(scene):
    """Posted, and the carpet changed in the ERP from 12,500.50 to 13,000.00."""
    paper.posted(scene)
    scene.seen = paper.edit(scene, "13000.00")
    return scene


def text(answer) -> str:
    return answer.content.decode()


def test_in_balance_says_how_many_lines_and_when_it_was_checked(scene, desk):
    paper.posted(scene)
    page = text(desk(scene.mira).get(url(scene)))
    assert "In balance, 6 codes, checked" in page
    assert "Which value holds?" not in page


def test_a_code_that_only_cmic_has_is_told_beside_in_balance_with_counts_that_agree(scene, desk):
    paper.posted(scene)
    scene.sheet.hold(acts.MAIN, "01-31-00", "5000", "6500.00")
    acts.read(scene)
    mira = desk(scene.mira)
    page = " ".join(text(mira.get(url(scene))).split())
    for words in (
        '0 of 6 codes differ; <span class="number">6,500.00</span> only in CMiC',
        "In balance, 6 codes, checked",
        '1 code is only in CMiC and never came from here: <span class="number">6,500.00</span>, its own affair '
        "and all of the difference.",
        'Only in CMiC <span class="count">1</span>',
        'All codes <span class="count">7</span>',
    ):
        assert words in page, words
    lines = mira.get(url(scene, "?file=csv")).content.decode("utf-8-sig").splitlines()
    assert len(lines) == 1 + 7 + 1  # the header, and the totals
    file = mira.get(f"{AT}?file=csv").content.decode("utf-8-sig").splitlines()
    assert ",Codes,Differing," in file[0]
    assert file[1].endswith(",92500.75,99000.75,6500.00,6,0,0,only in CMiC 1: 6500.00")
    every = " ".join(text(mira.get(AT)).split())
    own = '<small class="note-line"><span class="number">6,500.00</span> only in CMiC</small>'
    assert f'<span class="state good">In balance</span>{own}' in every


def test_a_change_is_shown_with_both_values_its_cause_and_the_three_decisions(drifted, desk):
    page = text(desk(drifted.mira).get(url(drifted)))
    for words in (
        "12,500.50",
        "13,000.00",
        "499.50",
        "changed in CMiC",
        "seen since",
        "Take CMiC’s amount",
        "Keep ours and send",
        "Accept the difference, with a note",
        "Every difference has a cause:",
    ):
        assert words in page, words


@pytest.mark.parametrize("kind", ["take", "keep", "accept"])
def test_each_decision_is_taken_by_the_form_once_however_often_it_is_sent(drifted, desk, kind):
    mira = desk(drifted.mira)
    form = {
        "kind": kind,
        "code": f"{VALUE}|13000.00",
        "reading_hash": drifted.seen,
        "note": "Agreed by phone.",
        "submission": "5d9a2c1e-0a0a-4d0e-8b93-0f6d1c2b3a4e",
    }
    for _ in range(2):
        answer = mira.post(url(drifted, "settle/"), form)
        assert (answer.status_code, answer.url) == (302, url(drifted))
    [decision] = DriftDecision.objects.all()
    assert (decision.kind, decision.by, decision.note) == (kind, drifted.mira, "Agreed by phone.")
    page = text(mira.get(url(drifted)))
    assert "What was decided" in page
    assert "Mira Osei" in page


def test_a_refused_decision_keeps_what_was_typed_and_says_what_moved(drifted, desk):
    paper.edit(drifted, "14000.00")
    form = {
        "kind": "accept",
        "code": f"{VALUE}|13000.00",
        "reading_hash": drifted.seen,
        "note": "Agreed by phone.",
    }
    answer = desk(drifted.mira).post(url(drifted, "settle/"), form)
    assert answer.status_code == 409
    page = text(answer)
    assert "09-68-00 4000 was 13,000.00, is 14,000.00" in page
    assert "Agreed by phone." in page
    missing = desk(drifted.mira).post(url(drifted, "settle/"), {**form, "note": ""})
    assert (missing.status_code, missing.context["errors"]) == (
        422,
        {"note": "Say in a sentence why the difference stays."},
    )


def test_an_auditor_sees_it_and_cannot_decide(drifted, desk):
    ruth = desk(drifted.ruth)
    assert "Which value holds is decided by accounting" in text(ruth.get(url(drifted)))
    form = {"kind": "take", "all": "on", "reading_hash": drifted.seen}
    assert ruth.post(url(drifted, "settle/"), form).status_code == 409
    assert not DriftDecision.objects.exists()


def test_what_waits_to_be_decided_is_counted_and_shown_also_while_a_batch_is_out(drifted, desk):
    lines = (((acts.MAIN, "03-30-00", "L"), "5.00"), ((acts.MAIN, "03-30-00", "M"), "-5.00"))
    acts.modify(drifted, "more", *lines)
    acts.send(drifted)
    mira = desk(drifted.mira)
    queue = text(mira.get("/admin/erp/batch/"))
    assert "1 project changed in the ERP after posting:" in queue
    assert "to decide once the batch that is out is posted or back" in queue
    assert 'title="Changed in the ERP, to decide">1<' in queue
    dana = text(desk(drifted.dana).get(f"/projects/{drifted.project.pk}/budget/"))
    assert "Changed in CMiC after posting: 1 line" in dana
    assert "Which value holds is decided once that is posted or back." in dana
    paper.edit(drifted, "12500.50")
    assert "changed in the ERP after posting:" not in text(mira.get("/admin/erp/batch/"))
    paper.edit(drifted, "14000.00")
    assert "1 project changed in the ERP after posting:" in text(mira.get("/admin/erp/batch/"))


def test_who_only_sends_back_is_told_beside_the_choices_which_are_not_theirs(drifted, desk):
    drifted.company.memberships.filter(user=drifted.mira).update(direction="back")
    page = text(desk(drifted.mira).get(url(drifted)))
    for kind, off in (("take", True), ("keep", True), ("accept", False)):
        field = page.split(f'id="kind-{kind}"')[1].split(">")[0]
        assert ("disabled" in field) is off, kind
    assert "not take or keep an amount. Ask Jonas Lindqvist or Tom Baptiste." in page
    assert "You may up to" not in page  # a limit of what is not theirs says nothing


def test_another_company_sees_none_of_it(drifted, desk):
    olga = desk(drifted.olga)
    for rest in ("", "asked/"):
        assert olga.get(url(drifted, rest)).status_code == 404
    for rest in ("settle/", "read/"):
        assert olga.post(url(drifted, rest), {}).status_code == 404
    assert "Quay Street" not in text(olga.get(AT))
    assert olga.post(f"{AT}read-all/{drifted.connection.pk}/").status_code == 404
    assert desk(drifted.dana).get(AT).status_code == 302


def test_every_project_stands_on_one_page_and_in_one_file(drifted, desk):
    mira = desk(drifted.mira)
    page = text(mira.get(AT))
    for words in ("Quay Street", "1 to decide", "changed in CMiC 1", "93,000.25"):
        assert words in page, words
    for shelf, shown in (("decide", True), ("differs", True), ("balanced", False), ("unread", False)):
        assert ("Quay Street" in text(mira.get(f"{AT}?show={shelf}"))) is shown, shelf
    file = mira.get(f"{AT}?file=csv").content.decode("utf-8-sig").splitlines()
    assert file[1].startswith("001 Northgate Builders,Quay Street,26-0288,")
    assert file[1].endswith(",92500.75,93000.25,499.50,6,1,1,changed in CMiC 1: 499.50")
    assert file[2] == "Total of what was read,,,,92500.75,93000.25,499.50,,,,changed in CMiC 1: 499.50"
    assert "Every difference has a cause:" in page and "499.50" in page
    assert "counts in none of these totals" not in page
    assert mira.get(f"{AT}?file=xlsx").status_code == 200
    lines = mira.get(url(drifted, "?file=csv")).content.decode("utf-8-sig").splitlines()
    assert "12500.50,12500.50,0.00,13000.00,13000.00,499.50,changed in CMiC 499.50," in "\n".join(lines)


def test_what_was_refused_reads_refused_and_not_on_its_way(scene, desk):
    batch, mira = acts.accept(scene, acts.send(scene)), desk(scene.mira)
    assert '<span class="state wait">5 on their way</span>' in text(mira.get(AT))
    Budget.objects.filter(pk=scene.budget.pk).update(hold="attention")  # it waits too long
    assert '<span class="state bad">5 on their way, needs attention</span>' in text(mira.get(AT))
    acts.refuse(batch)
    for page, words in (
        (AT, '<span class="state bad">5 refused by CMiC</span>'),
        (AT, "refused by CMiC 5"),
        (url(scene), "See what was refused"),
    ):
        shown = text(mira.get(page))
        assert words in shown, words
        assert "on their way" not in shown and "being written" not in shown


def test_the_totals_say_which_projects_they_leave_out(scene, desk):
    page = text(desk(scene.mira).get(AT))
    assert "1 of 1 project was not read, and counts in none of these totals." in page
    file = desk(scene.mira).get(f"{AT}?file=csv").content.decode("utf-8-sig").splitlines()
    assert file[2] == 'Total of what was read,"1 not read, left out",,,0.00,0.00,0.00,,,,'


def test_what_counts_as_posted_by_a_decision_is_told_beside_it(drifted, desk):
    assert "decided here" not in text(desk(drifted.mira).get(url(drifted, "?show=all")))
    paper.settle(drifted, "keep", drifted.seen)
    page = text(desk(drifted.mira).get(url(drifted, "?show=all")))
    beside = '<small class="note-line">of it <span class="number">499.50</span> decided here</small>'
    assert page.count("decided here") == 1
    assert (
        f'<td data-label="Posted" class="figure-cell"><span><span class="number">13,000.00</span>{beside}</span></td>'
        in page
    )


def test_all_are_read_again_by_workers_and_the_page_says_how_far(
    drifted, desk, monkeypatch, django_capture_on_commit_callbacks
):
    heard = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args, **more: heard.append(name))
    ruth = desk(drifted.ruth)
    with django_capture_on_commit_callbacks(execute=True):
        assert ruth.post(f"{AT}read-all/{drifted.connection.pk}/").url == AT
    assert heard == ["erp.tasks.make_reading"]
    assert "0 of 1 read" in text(ruth.get(f"{AT}progress/"))
    acts.read(drifted)
    assert ruth.get(f"{AT}progress/").headers["HX-Refresh"] == "true"
    assert not ErpReading.objects.filter(state="asked").exists()


def test_the_desk_and_the_budget_page_raise_the_alarm_until_it_is_decided(drifted, desk, client):
    queue = text(desk(drifted.mira).get("/admin/erp/batch/"))
    assert "1 project changed in the ERP after posting:" in queue
    at_budget = f"/projects/{drifted.project.pk}/budget/"
    mine = desk(drifted.dana)
    page = text(mine.get(at_budget))
    for words in ("Changed in CMiC after posting: 1 line", "12,500.50", "13,000.00", "decided by accounting"):
        assert words in page, words
    assert "Decide which value holds" in text(desk(drifted.tom).get(at_budget))
    assert "decided by accounting" in text(mine.get(f"{at_budget}reconciliation/"))
    paper.settle(drifted, "keep", drifted.seen)
    page = text(mine.get(at_budget))
    assert "Changed in CMiC after posting" not in page
    assert "1 difference to send" in page
    assert "changed in the ERP after posting" not in text(desk(drifted.mira).get("/admin/erp/batch/"))
    assert Budget.objects.get(pk=drifted.budget.pk).hold == "posted"


def test_the_hourly_sync_rights_what_was_kept_before_pages_said_so(drifted, desk):
    paper.settle(drifted, "keep", drifted.seen)
    before = {"erp": "CMiC", "batch": 1, "differs": 0}  # as it was stored then
    Budget.objects.filter(pk=drifted.budget.pk).update(hold_data=before)
    at_budget = f"/projects/{drifted.project.pk}/budget/"
    headline = 'class="state large warn">1 difference to send</span>'
    assert headline not in text(desk(drifted.dana).get(at_budget))
    tasks.sync_reference_data(drifted.connection.pk)
    assert headline in text(desk(drifted.dana).get(at_budget))
