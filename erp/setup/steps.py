"""The set-up of a company as a list of steps: how far each is, in one sentence, and where to do it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from django.db.models import QuerySet
from django.urls import reverse

from erp.delivery.silence import silence_of
from erp.models import Connection, CostCodeLink, ErpJob
from erp.setup import checkup, trial_actions
from erp.setup import connecting_actions as setup_actions
from erp.setup.models import TestSendState
from erp.words import erp_name
from projects import permissions
from projects.models import Company, CostCode, Project
from projects.models import CostType as OurType
from workflow.templatetags.figures import plain_moment_in

DONE, TODO, PROBLEM, LATER = "done", "to do", "problem", "later"
TONES = {DONE: "good", TODO: "warn", PROBLEM: "bad", LATER: ""}


@dataclass(frozen=True)
class Step:
    """One step: `state` is one of four words; `link` empty where there is nothing to go to yet."""

    key: str
    title: str
    state: str
    sentence: str
    link: str = ""
    link_label: str = ""

    @property
    def tone(self) -> str:
        """The colour of its mark."""
        return TONES[self.state]


def steps(company: Company, connection: Connection | None) -> list[Step]:
    """This function will list the steps in the order of the work."""
    found = [_connected(company, connection)]
    if connection is None:
        later = "Comes once the company is connected."
        found += [Step(key, title, LATER, later) for key, title, _ in WITH_CONNECTION]
    else:
        found += [replace(step(connection), key=key, title=title) for key, title, step in WITH_CONNECTION]
    found[5:5] = [_people(company), _settings(company)]
    return found


def _connected(company: Company, connection: Connection | None) -> Step:
    key, title = "connect", "Connect to the ERP"
    if connection is None:
        sentence = "Choose the ERP and the company’s code there. Logins stay in the environment, never here."
        return Step(key, title, TODO, sentence, "#connect-title", "Connect below")
    where = f"Company {connection.erp_company} in {erp_name(connection)}."
    if not connection.enabled:
        return Step(key, title, PROBLEM, f"{where} The connection is switched off.", *_settings_link(company))
    return Step(key, title, DONE, where, *_desk(connection))


def _checked(connection: Connection) -> Step:
    silence = silence_of(connection)
    link = ("#check-title", "What the check found")
    if connection.stopped_at:
        return Step("", "", PROBLEM, f"Stopped: {connection.stopped_because}", *link)
    if silence:
        return Step("", "", PROBLEM, silence.sentence, *link)
    if connection.verified_at is None:
        lacking = [row for row in connection.report if row["state"] == "missing"]
        if lacking:
            return Step("", "", PROBLEM, f"The last check found {len(lacking)} missing.", *link)
        return Step("", "", TODO, "Never checked. Press Verify now below.", *link)
    return Step("", "", DONE, f"Checked: {checkup.in_short(connection.report)}.", *link)


def _synced(connection: Connection) -> Step:
    link = reverse("admin:erp_sync_runs", args=[connection.pk])
    if connection.synced_at is None:
        return Step("", "", TODO, "Jobs and codes were never read.", link, "Sync")
    count = ErpJob.objects.filter(connection=connection, gone_at=None).count()
    return Step(
        "", "", DONE, f"{count:,} jobs are known; they are read again every hour.", link, "Runs of the sync"
    )


def _linked(connection: Connection) -> Step:
    link = (reverse("admin:erp_setup_jobs", args=[connection.company_id]), "Jobs and projects")
    if connection.synced_at is None:
        return Step("", "", LATER, "Comes once jobs were read.")
    projects = Project.objects.filter(company=connection.company_id)
    linked = projects.filter(jobs__parent=None, jobs__erp_link__isnull=False).distinct().count()
    total, free = projects.count(), free_jobs(connection).count()
    sentence = f"{linked} of {total} projects are linked; {free:,} jobs have no project."
    return Step("", "", DONE if total and linked == total else TODO, sentence, *link)


def free_jobs(connection: Connection) -> QuerySet[ErpJob]:
    """This function will find the main jobs of the ERP that are no project yet, by code."""
    rows = ErpJob.objects.filter(connection=connection, gone_at=None, parent_code="", link=None)
    return rows.order_by("code")


def _mapped(connection: Connection) -> Step:
    link = (reverse("admin:erp_mapping", args=[connection.pk]), "Map codes")
    if connection.synced_at is None:
        return Step("", "", LATER, "Comes once codes were read.")
    total = CostCode.objects.filter(company=connection.company_id).count()
    mapped = CostCodeLink.objects.filter(
        cost_code__company=connection.company_id, erp_cost_code__connection=connection
    ).count()
    types = OurType.objects.filter(company=connection.company_id).count()
    open_types = (
        types
        - OurType.objects.filter(company=connection.company_id, erp_link__confirmed_at__isnull=False).count()
    )
    sentence = f"{mapped:,} of {total:,} cost codes lead to a code of {erp_name(connection)}."
    if open_types:
        waiting = setup_actions.unconfirmed_types(connection)
        sentence += f" {open_types} of {types} cost types are not confirmed ({waiting} matched by name wait)."
        link = _desk(connection)
    return Step("", "", DONE if total and mapped == total and not open_types else TODO, sentence, *link)


def _people(company: Company) -> Step:
    link = (reverse("admin:erp_people", args=[company.pk]), "People and levels")
    admins = permissions.who_administers(company).count()
    accepts = permissions.who_may_decide(company, permissions.Direction.OUT).count()
    needed = 2 if company.four_eyes else 1
    sentence = f"{_count(admins, 'ERP admin')}, {_count(accepts, 'person', 'people')} who may accept."
    if accepts == 0:
        return Step("people", "People and levels", PROBLEM, f"{sentence} Nobody could accept a batch.", *link)
    if accepts < needed:
        sentence += " With four eyes on, a second one can accept what the first prepared."
        return Step("people", "People and levels", TODO, sentence, *link)
    return Step("people", "People and levels", DONE, sentence, *link)


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _settings(company: Company) -> Step:
    eyes = "on" if company.four_eyes else "off"
    said = (
        f"Four eyes {eyes}, {company.currency}, {company.time_zone}, daily mail at {company.digest_hour}:00."
    )
    return Step("settings", "Settings", DONE, said, *_settings_link(company))


def _approvals(connection: Connection) -> Step:
    link = (reverse("admin:erp_approvals", args=[connection.company_id]), "Approval rules")
    above = connection.company.reauthenticate_above
    password = "never asked for" if above is None else f"asked for above {above:,.2f}"
    return Step(
        "", "", DONE, f"Who decides in which steps. When accepting, the password is {password}.", *link
    )


def _notices(connection: Connection) -> Step:
    said = "Mails go to everybody concerned; other programs follow by webhooks, if you want them to."
    return Step("", "", DONE, said, reverse("admin:webhooks_endpoint_changelist"), "Webhooks")


def _tested(connection: Connection) -> Step:
    link = (reverse("admin:erp_test_send", args=[connection.company_id]), "Test send")
    if not trial_actions.is_test(connection.alias):
        real = f"{erp_name(connection)} is not declared as a test, so nothing made up is written to it."
        return Step("", "", LATER, real, *link)
    last = connection.test_sends.exclude(ended_at=None).first()
    if last is None:
        return Step("", "", TODO, "Write something small, and have it taken out again.", *link)
    if last.state == TestSendState.DONE:
        asked = plain_moment_in(last.asked_at, connection.company.time_zone)
        said = f"Test send went through on {asked}: {len(last.calls)} calls, taken out again."
        return Step("", "", DONE, said, *link)
    return Step("", "", PROBLEM, f"The last test {last.get_state_display()}.", *link)


WITH_CONNECTION: tuple[tuple[str, str, Callable[[Connection], Step]], ...] = (
    ("check", "Check the connection", _checked),
    ("sync", "Read jobs and codes", _synced),
    ("jobs", "Link jobs to projects", _linked),
    ("mapping", "Map codes", _mapped),
    ("approvals", "Approval rules", _approvals),
    ("notices", "Notices and webhooks", _notices),
    ("test", "Test send", _tested),
)


def _desk(connection: Connection) -> tuple[str, str]:
    return reverse("admin:erp_connection_change", args=[connection.pk]), "The connection"


def _settings_link(company: Company) -> tuple[str, str]:
    return reverse("admin:erp_settings", args=[company.pk]), "Settings"
