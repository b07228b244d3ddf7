"""A project that is not linked, jobs that are closed, a connection that is stopped: Send says so, and who helps."""

from contextlib import suppress

import pytest
from django.utils import timezone

from budgets import services as budget_services
from erp.backends import forget_backends
from erp.delivery import circuit
from erp.models import Connection, JobLink
from erp.port import ErpUnavailable, JobStatus
from erp.setup import linking
from erp.setup import stopping as connections
from projects.models import Company, Membership, Project
from tests.erp.office import sync
from tests.support import scene as acts
from tests.support.scene import MAIN, SUB
from tests.workflow.cases import codes, gone, met, removes, shows
from workflow.blockers import Kind

ON_SUB = (SUB, "03-30-00", "M")


def now():
    return timezone.now()


@shows("not_linked")
@removes("not_linked")
def test_a_project_without_an_erp_job_is_linked_by_the_erp_admin(office, scene):
    link = JobLink.objects.get(job__code=MAIN)
    erp_job = link.erp_job
    link.delete()
    found = met(scene.budget, "send", scene.dana, "not_linked")
    assert found.kind is Kind.PROBLEM
    assert found.who == "Jonas Lindqvist"
    assert found.sentence == "This project is not linked to an ERP job. Jonas Lindqvist can link it."
    JobLink.objects.create(job=scene.project.jobs.get(parent=None), erp_job=erp_job)
    gone(scene.budget, "send", scene.dana, "not_linked")


def test_a_project_made_from_a_synced_job_is_linked_from_the_start(office, scene):
    office.jobs["26-0300"] = office.jobs[MAIN].__class__("26-0300", "Pier 9", "", JobStatus.STARTED)
    sync(scene)
    project = linking.link_project(scene.connection, "26-0300", user=scene.jonas, now=now())
    assert "not_linked" not in codes(project.budget, "send", scene.dana)


def test_a_company_without_an_erp_says_so_once_and_nothing_else_about_the_erp(scene):
    lonely = Project.objects.create(company=Company.objects.create(code="003", name="No ERP"), name="Shed")
    budget = budget_services.budget_for(lonely)
    assert met(budget, "send", None, "not_linked").who == "an ERP admin (none yet)"
    assert codes(budget, "send", None) == [
        "not_linked",
        "budget_empty",
        "no_approver",
        "budget_not_locked",
        "no_right_to_send",
    ]


@shows("never_synced")
@removes("never_synced")
def test_a_connection_that_was_never_synced_is_synced_once(office, scene):
    Connection.objects.filter(pk=scene.connection.pk).update(synced_at=None)
    found = met(scene.budget, "send", scene.dana, "never_synced")
    assert (found.kind, found.who) == (Kind.PROBLEM, "Jonas Lindqvist")
    assert found.sentence == "Jobs and codes of CMiC were never read. Jonas Lindqvist can start the sync."
    sync(scene)
    gone(scene.budget, "send", scene.dana, "never_synced")


@shows("connection_stopped")
@removes("connection_stopped")
def test_a_stopped_connection_says_why_and_the_admin_starts_it_again(scene):
    connections.stop(scene.connection, because="CMiC answered 401: wrong password", now=now())
    found = met(scene.budget, "send", scene.dana, "connection_stopped")
    assert (found.kind, found.who) == (Kind.PROBLEM, "Jonas Lindqvist")
    assert "The connection to CMiC is not in use: CMiC answered 401: wrong password." in found.sentence
    scene.sheet.missing = ["CMiC does not show field JcjobCode."]
    assert connections.verify(scene.connection, user=scene.jonas, now=now()) == scene.sheet.missing
    met(scene.budget, "send", scene.dana, "connection_stopped")
    scene.sheet.missing = []
    assert connections.verify(scene.connection, user=scene.jonas, now=now()) == []
    gone(scene.budget, "send", scene.dana, "connection_stopped")


@pytest.mark.parametrize(
    ("columns", "why"),
    [({"enabled": False}, "it is switched off"), ({"verified_at": None}, "it was never verified")],
)
def test_a_connection_that_is_off_or_unverified_is_not_in_use(scene, columns, why):
    Connection.objects.filter(pk=scene.connection.pk).update(**columns)
    assert why in met(scene.budget, "send", scene.dana, "connection_stopped").sentence


def test_without_an_erp_admin_the_sentence_says_that_there_is_none(scene):
    connections.stop(scene.connection, because="wrong password", now=now())
    Membership.objects.filter(user=scene.jonas).delete()
    assert met(scene.budget, "send", scene.dana, "connection_stopped").who == "an ERP admin (none yet)"


@shows("job_unknown")
@removes("job_unknown")
def test_lines_on_a_job_that_the_erp_lacks_are_moved_to_one_that_it_has(scene):
    JobLink.objects.filter(job__code=SUB).delete()
    found = met(scene.budget, "send", scene.dana, "job_unknown")
    assert found.kind is Kind.PROBLEM
    assert found.sentence.startswith("2 lines on a job that CMiC does not have.")
    assert {place.pk for place in found.lines} == {
        line.pk for (job, *_), line in scene.lines.items() if job == SUB
    }
    for key in [key for key in scene.lines if key[0] == SUB]:
        line = scene.lines[key]
        line.refresh_from_db()
        code = {"job": MAIN, "cost_type": "E"} if key == ON_SUB else {"job": MAIN}
        budget_services.edit_line(line, user=scene.dana, now=now(), version=0, values=code)
    gone(scene.budget, "send", scene.dana, "job_unknown")


@shows("job_closed")
@removes("job_closed")
def test_a_job_that_accounting_closed_is_opened_by_accounting(office, scene):
    for code in (MAIN, SUB):
        office.job(code, status=JobStatus.CLOSED)
    sync(scene)
    found = met(scene.budget, "send", scene.dana, "job_closed")
    assert (found.kind, found.who) == (Kind.PROBLEM, "Accounting")
    assert found.sentence == "Job 26-0288 is closed or not writable in CMiC. Accounting can open it there."
    for code in (MAIN, SUB):
        office.job(code, status=JobStatus.STARTED)
    sync(scene)
    gone(scene.budget, "send", scene.dana, "job_closed")


def test_a_job_that_takes_no_documents_or_is_gone_counts_as_closed(office, scene):
    office.job(MAIN, writable=False)
    sync(scene)
    met(scene.budget, "send", scene.dana, "job_closed")
    office.job(MAIN, writable=True)
    sync(scene)
    gone(scene.budget, "send", scene.dana, "job_closed")
    del office.jobs[MAIN]
    sync(scene)
    met(scene.budget, "send", scene.dana, "job_closed")


def test_a_closed_sub_job_names_its_lines_and_the_rest_is_free(office, scene):
    office.job(SUB, writable=False)
    sync(scene)
    found = met(scene.budget, "send", scene.dana, "job_closed")
    assert found.sentence.startswith("2 lines on a job that is closed in CMiC.")
    assert all(place.label.startswith(SUB) for place in found.lines)


@shows("sub_jobs_differ")
@removes("sub_jobs_differ")
def test_a_sub_job_in_another_status_than_its_main_job_is_brought_along_by_accounting(office, scene):
    office.job(SUB, status=JobStatus.PENDING)
    sync(scene)
    found = met(scene.budget, "send", scene.dana, "sub_jobs_differ")
    assert (found.kind, found.who) == (Kind.PROBLEM, "Accounting")
    assert found.sentence.startswith("Sub job 26-0288-01 is not started in CMiC as its main job 26-0288 is.")
    office.job(SUB, status=JobStatus.STARTED)
    sync(scene)
    gone(scene.budget, "send", scene.dana, "sub_jobs_differ")


@shows("sub_jobs_not_taken")
@removes("sub_jobs_not_taken")
def test_an_erp_that_takes_no_sub_jobs_wants_their_lines_on_the_main_job(office, scene, settings):
    settings.ERP_BACKENDS = {"paper": {"BACKEND": "tests.erp.office.MainJobsOnly"}}
    forget_backends()
    found = met(scene.budget, "send", scene.dana, "sub_jobs_not_taken")
    assert found.kind is Kind.PROBLEM
    assert found.sentence == "2 lines on sub jobs, which CMiC does not take. Move them to the main job."
    assert {place.pk for place in found.lines} == {
        line.pk for key, line in scene.lines.items() if key[0] == SUB
    }
    for (job, _, kind), line in scene.lines.items():
        if job == SUB:
            changed = {"job": MAIN} | ({"cost_type": "E"} if kind == "M" else {})
            budget_services.edit_line(line, user=scene.dana, now=now(), version=0, values=changed)
    gone(scene.budget, "send", scene.dana, "sub_jobs_not_taken")
    acts.lock(scene)
    assert codes(scene.budget, "send", scene.dana) == []


def silent(connection):
    """Five calls in a row found nobody."""
    for _ in range(5):
        with suppress(ErpUnavailable), circuit.through(connection, now=now()):
            raise ErpUnavailable("nobody listens there")


@shows("erp_silent", "erp_answers")
@removes("erp_silent", "erp_answers")
def test_a_silent_erp_is_tried_again_before_it_is_read_and_one_that_answers_needs_no_try(scene):
    found = met(scene.connection, "try_now", scene.jonas, "erp_answers")
    assert found.kind is Kind.STATE
    gone(scene.connection, "sync", scene.jonas, "erp_silent")
    silent(scene.connection)
    found = met(scene.connection, "sync", scene.jonas, "erp_silent")
    assert found.kind is Kind.WAITING
    assert "CMiC has not answered since" in found.sentence
    gone(scene.connection, "try_now", scene.jonas, "erp_answers")
    with circuit.through(scene.connection, now=now(), probing=True):
        pass
    gone(scene.connection, "sync", scene.jonas, "erp_silent")


def test_who_may_set_the_connection_up_is_led_to_it_and_others_read_who(scene):
    type(scene.connection).objects.update(enabled=False, synced_at=None)
    for code in ("connection_stopped", "never_synced"):
        for_jonas = met(scene.budget, "send", scene.jonas, code)
        assert for_jonas.link.endswith(f"/erp/connection/{scene.connection.pk}/change/")
        assert met(scene.budget, "send", scene.dana, code).link == ""
