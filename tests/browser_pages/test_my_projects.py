"""My projects: states, filters, search, order."""

import pytest
from django.urls import reverse

from budgets.services import budget_for
from projects.models import BudgetLevel, Project, ProjectRole
from tests.browser_pages.conftest import Desk, words
from tests.support.scene import lock, person, send

pytestmark = pytest.mark.django_db


def mine(desk: Desk, **query: str) -> str:
    return words(desk.client.get(reverse("projects:mine"), query))


def another(desk: Desk, name: str) -> Project:
    project = Project.objects.create(company=desk.scene.project.company, name=name)
    budget_for(project)
    ProjectRole.objects.create(user=desk.scene.dana, project=project, level=BudgetLevel.READ)
    return project


def test_every_project_shows_its_state_amounts_and_last_event(desk: Desk) -> None:
    lock(desk.scene)
    page = mine(desk)
    assert "Quay Street" in page
    assert "26-0288" in page
    assert "Locked - ready to send" in page
    assert "92,500.75" in page
    assert "Dana Reyes: Locked the budget" in page


def test_filters_count_and_narrow(desk: Desk) -> None:
    another(desk, "Parkade C")
    lock(desk.scene)
    send(desk.scene)
    page = mine(desk)
    assert 'To send <span class="count">1</span>' in page
    assert 'Waiting for accounting <span class="count">1</span>' in page
    waiting = mine(desk, state="waiting")
    assert "Quay Street</a>" in waiting
    assert "Parkade C</a>" not in waiting


def test_search_finds_by_job_or_by_words(desk: Desk) -> None:
    another(desk, "Parkade C")
    assert "Parkade C</a>" not in mine(desk, q="26-0288")
    assert "Quay Street</a>" not in mine(desk, q="park")
    assert "No project matches." in mine(desk, q="nowhere")


def test_the_order_follows_the_column(desk: Desk) -> None:
    another(desk, "Annex")
    up, down = mine(desk, sort="name"), mine(desk, sort="-name")
    assert up.index("Annex</a>") < up.index("Quay Street</a>")
    assert down.index("Quay Street</a>") < down.index("Annex</a>")


def test_whoever_has_no_project_is_told_how_to_get_one(desk: Desk) -> None:
    desk.log_in(person("nemo", "Nemo Newcomer"))
    assert "You have no projects yet." in mine(desk)


def test_an_approver_without_projects_is_shown_the_way_to_the_queue(desk: Desk) -> None:
    desk.log_in(desk.scene.mira)
    assert "what waits for you is in the" in mine(desk)


def test_another_companys_project_is_not_listed(desk: Desk) -> None:
    assert desk.scene.other_project.name not in mine(desk)


def test_the_list_takes_as_many_queries_for_many_projects_as_for_few(
    desk: Desk, django_assert_num_queries
) -> None:
    with django_assert_num_queries(7):
        mine(desk)
    for number in range(12):
        another(desk, f"Project {number}")
    with django_assert_num_queries(7):
        mine(desk)
