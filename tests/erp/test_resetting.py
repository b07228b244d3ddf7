"""The reset of the link to an ERP job: nothing counts twice, whatever was posted and whichever job comes next."""

from decimal import Decimal

import pytest
from django.utils import timezone

from budgets.errors import InvalidInput
from budgets.states import state_of
from erp import tasks
from erp.models import Batch, Document, DocumentState, JobLink, LinkReset
from erp.posting import polling as posting
from erp.reset import resetting
from erp.setup import linking
from erp.setup.connecting_actions import link_jobs
from erp.snapshots import unsent_modifications
from erp.sync import syncing as sync
from projects.models import Job
from tests.erp.test_waiting import page
from tests.support.delivery import finish, send_and_accept
from tests.support.simulator import Simulator
from tests.support.story import JOB, SUB_JOB, Story, begin
from workflow import events
from workflow.actions import ActionBlocked, blockers

pytestmark = pytest.mark.django_db(transaction=True)

OTHER = "26-0300"
LABOR, MATERIAL = ("01-31-00", "1000"), ("03-30-00", "4000")


def now():
    return timezone.now()


def told(simulator: Simulator) -> Story:
    """A started job with two lines and a transfer between them, delivered."""
    story = begin(simulator, status="I")
    one, two = story.add_line("01-31-00", "L", "1000.00"), story.add_line("03-30-00", "M", "500.00")
    story.lock()
    story.modify("Shift", (one, "-100.00"), (two, "100.00"))
    story.reload()
    send_and_accept(story)
    finish(story)
    return story


def posted(simulator: Simulator) -> Story:
    story = told(simulator)
    story.post_everything()
    story.poll()
    assert state_of(story.reload()).code == "posted"
    return story


def ask(story: Story, **more) -> LinkReset:
    return resetting.ask_reset(
        story.reload(), user=story.jonas, now=now(), reason="It was linked to the wrong job.", **more
    )


def say(story: Story, reset: LinkReset, *fates: str) -> None:
    documents = Document.objects.filter(state="posted", batch__budget=story.budget).order_by("item__position")
    words = {d.pk: (fate, "Ann in accounting said so.") for d, fate in zip(documents, fates, strict=True)}
    resetting.speak_of(reset, user=story.jonas, now=now(), words=words)


def confirm(story: Story, reset: LinkReset) -> LinkReset:
    return resetting.confirm_reset(reset, user=story.jonas, now=now(), typed=JOB, note="Looked at all of it.")


def reset(story: Story, *fates: str, **more) -> LinkReset:
    """Asked for, spoken of, confirmed, cleared and cut."""
    asked = ask(story, **more)
    posting.poll(now=now())
    if fates:
        say(story, asked, *fates)
    confirm(story, asked)
    for _ in range(3):
        tasks.clear_link(asked.pk)
        finish(story)
    asked.refresh_from_db()
    assert asked.state == "done", asked.waits_for
    story.reload()
    return asked


def link(story: Story, job: str) -> None:
    resetting.link_again(story.reload(), user=story.jonas, now=now(), job_code=job)
    story.connection.refresh_from_db()
    sync.sync_company(story.connection, now=now())
    story.reload()


def held(story: Story, job: str = JOB) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    return {key[1:]: sums for key, sums in story.in_cmic().items() if key[0] == job and any(sums)}


def sums(labor: str, material: str) -> dict[tuple[str, str], Decimal]:
    return {LABOR: Decimal(labor), MATERIAL: Decimal(material)}


def current(story: Story, job: str = JOB) -> dict[tuple[str, str], Decimal]:
    return {key: amounts[1] for key, amounts in held(story, job).items()}


def send_and_post(story: Story) -> Batch:
    batch = send_and_accept(story)
    finish(story)
    story.post_everything()
    story.poll()
    finish(story)
    batch.refresh_from_db()
    assert batch.state == "posted"
    story.reload()
    return batch


def test_what_nobody_posted_is_taken_out_before_the_link_is_cut(brisk_cmic: Simulator):
    story = told(brisk_cmic)
    asked = ask(story)
    assert JobLink.objects.count() == 2 and len(story.simulator.book()["pcis"]) == 2, "nothing happened yet"
    hers = f"/projects/{story.project.pk}/budget/"
    assert "is being reset" not in page(story.dana, hers)
    confirm(story, asked)
    assert (
        f'The link to job <span class="code">{JOB}</span> is being reset, as Jonas Lindqvist asked'
        in page(story.dana, hers)
    )
    tasks.clear_link(asked.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.waits_for) == ("clearing", "Taken out or posted so far: 0 of 2 documents.")
    assert JobLink.objects.count() == 2, "the ERP side comes first"
    finish(story)
    tasks.clear_link(asked.pk)
    tasks.clear_link(asked.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.after_batch, asked.waits_for) == ("done", 1, "")
    assert story.simulator.book()["pcis"] == [] and not JobLink.objects.exists()
    assert [batch.state for batch in Batch.objects.all()] == ["returned"]
    assert set(Document.objects.values_list("state", flat=True)) == {DocumentState.WITHDRAWN}
    story.reload()
    assert (story.budget.state, story.budget.hold, story.budget.ever_exported) == ("locked", "", True)
    assert "not_linked" in [found.code for found in blockers(story.budget, "send", story.dana)]
    (unlinked,) = [
        found for found in blockers(story.budget, "send", story.jonas) if found.code == "not_linked"
    ]
    assert unlinked.link == f"/admin/erp/connection/{story.connection.pk}/projects/{story.project.pk}/reset/"
    assert events.verify(story.connection.company_id)[1] is None


def test_the_same_job_again_where_all_of_it_stays_gets_nothing_twice(brisk_cmic: Simulator):
    story = posted(brisk_cmic)
    before = held(story)
    assert current(story) == sums("900", "600")
    reset(story, "stays", "stays")
    link(story, JOB)
    assert not unsent_modifications(story.budget).exists()
    batch = send_and_accept(story)
    assert [row.delta for row in batch.items.get().lines.all()] == [0, 0]
    finish(story)
    batch.refresh_from_db()
    assert batch.state == "posted", "it nets to nothing"
    assert held(story) == before
    sync.sync_company(story.connection, now=now(), only="budgets")
    story.read()
    assert state_of(story.reload()).code == "posted", "no difference is seen where none is"


def test_the_same_job_again_where_the_transfer_was_reversed_gets_it_once_more(brisk_cmic: Simulator):
    story = posted(brisk_cmic)
    transfer = Document.objects.get(item__modification__isnull=False)
    asked = ask(story)
    posting.poll(now=now())
    with pytest.raises(ActionBlocked, match=f"{transfer.number}.*: posted"):
        say(story, asked, "stays", "reversed")
    resetting.cancel_reset(asked, user=story.jonas, now=now())
    story.simulator.accountant("undo", company="001", job=JOB, code=transfer.number)
    assert current(story) == sums("1000", "500")
    reset(story, "stays", "reversed")
    link(story, JOB)
    assert unsent_modifications(story.budget).count() == 1
    modifications = f"/projects/{story.project.pk}/budget/modifications/"
    assert "goes out again" in page(story.dana, modifications)
    batch = send_and_post(story)
    assert "goes out again" not in page(story.dana, modifications)
    assert current(story) == sums("900", "600")
    shown = page(story.mira, f"/admin/erp/batch/{batch.pk}/change/")
    assert f'Posted before as <span class="code">{transfer.number}</span>' in shown
    assert "declared reversed by Jonas" in shown


def test_another_job_gets_everything_once_and_the_old_one_keeps_what_was_posted(brisk_cmic: Simulator):
    story = posted(brisk_cmic)
    story.simulator.seed({"jobs": [{"company": "001", "code": OTHER, "name": "Bridge", "status": "I"}]})
    sync.sync_company(story.connection, now=now(), whole=True)
    reset(story, "stays", "stays")
    link(story, OTHER)
    assert unsent_modifications(story.budget).count() == 1
    story.job = OTHER
    send_and_post(story)
    assert current(story, OTHER) == sums("900", "600")
    assert current(story, JOB) == sums("900", "600")
    assert not unsent_modifications(story.reload()).exists(), "it is in this job now"
    story.read()
    assert state_of(story.reload()).code == "posted"
    assert [row.code for row in story.project.jobs.filter(parent=None)] == [OTHER]


def test_a_document_that_is_posted_while_it_is_cleared_wants_a_word_first(brisk_cmic: Simulator):
    story = told(brisk_cmic)
    asked = confirm(story, ask(story))
    story.post_everything()
    tasks.clear_link(asked.pk)
    finish(story)
    tasks.clear_link(asked.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.waits_for[:20]) == ("clearing", "Posted meanwhile: 2.")
    assert JobLink.objects.exists()
    say(story, asked, "stays", "stays")
    tasks.clear_link(asked.pk)
    asked.refresh_from_db()
    assert asked.state == "done"


def test_cancelled_while_it_is_cleared_the_link_stays_and_what_is_out_stays_out(brisk_cmic: Simulator):
    story = told(brisk_cmic)
    asked = confirm(story, ask(story))
    assert "link_being_reset" in [b.code for b in blockers(story.reload(), "send", story.dana)]
    tasks.clear_link(asked.pk)
    resetting.cancel_reset(asked, user=story.jonas, now=now())
    finish(story)
    tasks.clear_link(asked.pk)
    asked.refresh_from_db()
    assert asked.state == "cancelled" and JobLink.objects.count() == 2
    assert story.simulator.book()["pcis"] == []
    send_and_post(story)
    assert current(story) == sums("900", "600")


def test_the_import_stays_closed_unless_it_is_opened_with_a_reason_and_closes_with_the_next_export(
    brisk_cmic: Simulator,
):
    story = posted(brisk_cmic)

    def closed() -> bool:
        return "ever_exported" in [b.code for b in blockers(story.reload(), "import_from_erp", story.dana)]

    reset(story, "stays", "stays")
    link(story, JOB)
    assert closed()
    with pytest.raises(InvalidInput, match="imported from the ERP again"):
        ask(story, reopen_import=True)
    reset(story, "stays", "stays", reopen_import=True, reopen_reason="The job's own budget holds.")
    link(story, JOB)
    assert not closed()
    send_and_accept(story)
    assert closed()


def test_the_code_must_be_typed_and_a_freed_job_is_not_taken_by_two_projects(brisk_cmic: Simulator):
    story = told(brisk_cmic)
    asked = ask(story)
    for typed in ("", "26-0289", JOB.lower() + "x"):
        with pytest.raises(InvalidInput, match="exactly"):
            resetting.confirm_reset(asked, user=story.jonas, now=now(), typed=typed, note="Looked at it.")
    resetting.cancel_reset(asked, user=story.jonas, now=now())
    reset(story)
    with pytest.raises(linking.CannotLink, match="whose link was reset"):
        linking.link_project(story.connection, JOB, user=story.jonas, now=now())
    with pytest.raises(InvalidInput, match="was reset: it is linked again on its own page"):
        link_jobs(story.connection, user=story.jonas, now=now(), chosen={JOB: story.project.pk})
    with pytest.raises(InvalidInput, match="sub job of"):
        resetting.link_again(story.reload(), user=story.jonas, now=now(), job_code=SUB_JOB)
    with pytest.raises(InvalidInput, match="is no job as last synced"):
        resetting.link_again(story.budget, user=story.jonas, now=now(), job_code="nothing")
    link(story, JOB)
    assert JobLink.objects.count() == 2
    with pytest.raises(ActionBlocked):
        resetting.link_again(story.budget, user=story.jonas, now=now(), job_code=JOB)


def test_what_is_a_sub_job_here_does_not_become_the_main_job(brisk_cmic: Simulator):
    story = told(brisk_cmic)
    reset(story)
    jobs = Job.objects.filter(project=story.project)
    jobs.filter(parent=None).update(code=OTHER)
    jobs.filter(code=SUB_JOB).update(code=JOB)
    with pytest.raises(InvalidInput, match=f"{JOB} is a sub job of this project here"):
        resetting.link_again(story.reload(), user=story.jonas, now=now(), job_code=JOB)
