"""Who has no right is told so, and by whom it can be done or given."""

import pytest

from budgets.models import Budget, BudgetLine
from projects.models import BudgetLevel, ProjectRole
from tests.support.scene import MAIN, Scene, lock, modify
from tests.workflow.cases import gone, met, removes, shows
from workflow.blockers import Kind

CONCRETE, CARPET = (MAIN, "03-30-00", "M"), (MAIN, "09-68-00", "S")

RIGHTS = [  # code, action, whose words, grant that gives it (none: only a level does)
    ("no_right_to_edit_lines", "edit_line", "edit lines", "can_edit_lines"),
    ("no_right_to_edit_lines", "import_file", "edit lines", "can_edit_lines"),
    ("no_right_to_add_lines", "add_line", "add lines", "can_add_lines"),
    ("no_right_to_delete_lines", "delete_line", "delete lines", "can_delete_lines"),
    ("no_right_to_lock", "lock", "lock this budget", "can_lock"),
    ("no_right_to_unlock", "unlock", "unlock this budget", ""),
    ("no_right_to_modify", "modify", "write modifications", ""),
    ("no_right_to_forecast", "forecast", "set forecasts", ""),
    ("no_right_to_history", "see_history", "see the change history", ""),
]
CODES = sorted({row[0] for row in RIGHTS})


def object_of(scene: Scene, action: str) -> Budget | BudgetLine:
    return scene.lines[CONCRETE] if action in ("edit_line", "delete_line", "forecast") else scene.budget


@shows(*CODES)
def test_an_auditor_who_only_reads_is_told_whom_to_ask_for_everything_else(scene):
    for code, action, words, _ in RIGHTS:
        found = met(object_of(scene, action), action, scene.ruth, code)
        assert found.kind is Kind.PERMISSION, code
        assert found.sentence.startswith("You may not "), code
        assert words in found.sentence, code
        assert found.who == "Dana Reyes or Tom Baptiste", code
        assert found.sentence.endswith("Ask Dana Reyes or Tom Baptiste."), code


@removes(*CODES)
def test_an_admin_of_the_project_gives_the_right_and_the_reader_has_it_at_once(scene):
    for code, action, _, grant in RIGHTS:
        obj = object_of(scene, action)
        met(obj, action, scene.ruth, code)
        give = {grant: True} if grant else {"level": BudgetLevel.ADMIN}
        ProjectRole.objects.filter(user=scene.ruth).update(**give)
        gone(obj, action, scene.ruth, code)
        take = {grant: False} if grant else {"level": BudgetLevel.READ}
        ProjectRole.objects.filter(user=scene.ruth).update(**take)
        met(obj, action, scene.ruth, code)


@pytest.mark.parametrize("who", ["mira", "olga"])
def test_a_grant_helps_nobody_who_has_no_level_on_the_project(scene, who):
    user = getattr(scene, who)
    ProjectRole.objects.create(
        user=user, project=scene.project, level=BudgetLevel.NONE, can_lock=True, can_add_lines=True
    )
    met(scene.budget, "lock", user, "no_right_to_lock")
    met(scene.budget, "add_line", user, "no_right_to_add_lines")


def test_a_person_who_left_has_no_rights_and_is_named_to_nobody(scene):
    scene.tom.is_active = False
    scene.tom.save()
    assert met(scene.budget, "lock", scene.ruth, "no_right_to_lock").who == "Dana Reyes"
    met(scene.budget, "lock", scene.tom, "no_right_to_lock")


def test_five_people_to_ask_are_shortened_to_three_and_a_number(scene, django_user_model):
    for first in ("Ann", "Bo", "Cy"):
        user = django_user_model.objects.create(username=first, first_name=first, last_name="Hu")
        ProjectRole.objects.create(user=user, project=scene.project, level=BudgetLevel.ADMIN)
    who = met(scene.budget, "lock", scene.ruth, "no_right_to_lock").who
    assert who == "Ann Hu, Bo Hu, Cy Hu or 2 others"


def test_a_project_manager_may_change_what_only_standard_people_modify(scene):
    lock(scene)
    written = modify(scene, "buyout", (CONCRETE, "-5.00"), (CARPET, "5.00"), effective=False)
    ProjectRole.objects.filter(user=scene.ruth).update(level=BudgetLevel.STANDARD)
    for action in ("change_modification", "make_effective", "delete_modification"):
        gone(written, action, scene.ruth, "no_right_to_modify")
        met(written, action, scene.jonas, "no_right_to_modify")
