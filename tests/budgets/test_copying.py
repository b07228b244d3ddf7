"""A project that begins with the budget of another one."""

from typing import Any

import pytest
from django.utils import timezone

from budgets.models import Budget, BudgetLine, StagedImport
from budgets.services import add_line, budget_for, edit_line, lock
from projects.models import BudgetLevel, Job, Project, ProjectRole
from tests.browser_pages.conftest import Desk, words
from tests.browser_pages.conftest import desk as desk
from tests.support.scene import SUB
from workflow.submissions import new_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def pier(desk: Desk) -> Budget:
    """Dana's next project, *Pier Nine*, with a sub job and no lines."""
    scene = desk.scene
    project = Project.objects.create(company=scene.company, name="Pier Nine")
    main = Job.objects.create(company=scene.company, project=project, code="27-0100", name="Pier Nine")
    Job.objects.create(company=scene.company, project=project, code="27-0100-01", parent=main)
    ProjectRole.objects.create(user=scene.dana, project=project, level=BudgetLevel.ADMIN)
    return budget_for(project)


def send(desk: Desk, budget: Budget, name: str, *args: Any, **form: Any) -> Any:
    from django.urls import reverse

    address = reverse(f"budgets:{name}", args=[budget.project_id, *args])
    return desk.client.post(address, {"submission": new_id(), **form}, follow=True)


def copied(desk: Desk, budget: Budget, **form: Any) -> dict[tuple[str, str, str], str]:
    """Copy, load, and list what the budget has then."""
    preview = send(desk, budget, "copy", project=desk.scene.project.pk, **form)
    staged = StagedImport.objects.get()
    assert preview.context["counts"]["new"] == staged.total, words(preview)
    send(desk, budget, "import_load", staged.pk, version=staged.budget_version)
    rows = BudgetLine.objects.filter(budget=budget).select_related("job", "cost_code", "cost_type")
    return {(row.job.code, row.code, row.type): str(row.amount) for row in rows}


def test_codes_come_by_code_and_a_sub_job_goes_to_the_main_job_where_what_meets_is_added(
    desk: Desk, pier: Budget
) -> None:
    assert copied(desk, pier, amounts="same") == {
        ("27-0100", "01-31-00", "L"): "20000.00",
        ("27-0100", "03-30-00", "L"): "15000.00",
        ("27-0100", "03-30-00", "M"): "45000.25",
        ("27-0100", "09-68-00", "S"): "12500.50",
        ("27-0100", "09-68-00", "O"): "0.00",
    }


def test_a_sub_job_goes_where_she_says_and_amounts_by_a_percentage_to_the_cent(
    desk: Desk, pier: Budget
) -> None:
    theirs = Job.objects.get(code=SUB)
    lines = copied(desk, pier, amounts="percent", percent="-2.5", **{f"job_{theirs.pk}": "27-0100-01"})
    assert lines["27-0100-01", "03-30-00", "M"] == "4875.24"
    assert lines["27-0100", "03-30-00", "M"] == "39000.00"


def test_amounts_may_begin_at_zero_with_the_same_lines(desk: Desk, pier: Budget) -> None:
    values = {
        "cost_code": "03-30-00",
        "cost_type": "E",
        "quantity": "3",
        "unit_cost": "0.335",
        "automatic": True,
    }
    add_line(desk.scene.reload(), user=desk.scene.dana, now=timezone.now(), values=values)
    assert set(copied(desk, pier, amounts="zero").values()) == {"0.00"}


def test_a_project_is_found_by_name_or_job_and_only_where_she_may_see_it(desk: Desk, pier: Budget) -> None:
    from django.urls import reverse

    page = reverse("budgets:copy", args=[pier.project_id])
    assert "Quay Street" in words(desk.client.get(page, {"q": "26-0288"}))
    assert "No project you may see is called" in words(desk.client.get(page, {"q": "Harbor"}))
    answer = send(desk, pier, "copy", project=desk.scene.other_project.pk, amounts="same")
    assert answer.status_code == 422 and "Choose a project" in words(answer)
    assert "Enter a percentage" in words(
        send(desk, pier, "copy", project=desk.scene.project.pk, amounts="percent", percent="x")
    )


def test_only_a_draft_takes_a_copy_and_who_lost_sight_of_the_source_loads_nothing(
    desk: Desk, pier: Budget
) -> None:
    send(desk, pier, "copy", project=desk.scene.project.pk, amounts="same")
    staged = StagedImport.objects.get()
    ProjectRole.objects.filter(user=desk.scene.dana, project=desk.scene.project).delete()
    answer = send(desk, pier, "import_load", staged.pk, version=staged.budget_version)
    assert "You may not see this budget any more" in words(answer) and not pier.lines.exists()
    ProjectRole.objects.create(user=desk.scene.dana, project=desk.scene.project, level=BudgetLevel.ADMIN)
    add_line(
        pier, user=desk.scene.dana, now=timezone.now(), values={"cost_code": "03-30-00", "cost_type": "L"}
    )
    lock(pier, user=desk.scene.dana, now=timezone.now())
    assert send(desk, pier, "copy", project=desk.scene.project.pk, amounts="same").status_code == 409


def test_a_source_changed_since_the_preview_is_shown_again_before_anything_is_loaded(
    desk: Desk, pier: Budget
) -> None:
    send(desk, pier, "copy", project=desk.scene.project.pk, amounts="same")
    seen = StagedImport.objects.get()
    tom = desk.scene.tom
    edit_line(desk.labor, user=tom, now=timezone.now(), version=0, values={"amount": "999999.00"})
    added = {"cost_code": "03-30-00", "cost_type": "E", "amount": "5000.00"}
    add_line(desk.scene.reload(), user=tom, now=timezone.now(), values=added)
    again = send(desk, pier, "import_load", seen.pk, version=seen.budget_version)
    assert "Nothing was loaded. The budget it is copied from was changed since" in words(again)
    assert again.context["counts"]["new"] == seen.total + 1 and not pier.lines.exists()
    send(desk, pier, "import_load", seen.pk, version=seen.budget_version)
    assert pier.lines.filter(amount="999999.00").count() == 1
