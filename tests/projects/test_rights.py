"""Who may do what: the table of the specification, each level with and without its grant."""

import pytest
from django.contrib.auth.models import AnonymousUser

from projects import permissions
from projects.models import BudgetLevel, Company, Direction, ErpLevel, Membership, ProjectRole
from projects.permissions import BUDGET_RIGHTS, may, may_administer, may_decide

# none, read only, standard, admin:  - never   y always   g with its grant
TABLE = {
    "see": "-yyy",
    "export": "-yyy",
    "comment": "-yyy",
    "edit_lines": "-ggy",
    "add_lines": "-ggy",
    "delete_lines": "-ggy",
    "lock": "-ggy",
    "unlock": "---y",
    "modify": "--yy",
    "forecast": "--yy",
    "send": "-ggy",
    "history": "---y",
}
GRANTS = {
    "edit_lines": "can_edit_lines",
    "add_lines": "can_add_lines",
    "delete_lines": "can_delete_lines",
    "lock": "can_lock",
    "send": "can_send",
}
ALL = dict.fromkeys(GRANTS.values(), True)


@pytest.fixture
def role(scene):
    """Mira's role on Dana's project; she has none until now."""
    return ProjectRole.objects.create(user=scene.mira, project=scene.project, level=BudgetLevel.NONE)


def has(scene, right):
    return may(scene.mira, type(scene.project).objects.get(pk=scene.project.pk), right)


def test_the_table_speaks_of_every_right():
    assert set(TABLE) == set(BUDGET_RIGHTS)
    assert {name: right.grant for name, right in BUDGET_RIGHTS.items() if right.grant} == GRANTS


@pytest.mark.parametrize("level", BudgetLevel, ids=lambda level: level.name.lower())
def test_each_level_has_its_rights_and_grants_give_the_rest(scene, role, level):
    role.level = level
    role.save()
    for right, row in TABLE.items():
        cell = row[level]
        own = {GRANTS[right]: True} if right in GRANTS else {}
        others = {grant: True for grant in ALL if grant not in own}
        for grants, wanted in (({}, "y"), (others, "y"), (own, "yg"), (ALL, "yg")):
            ProjectRole.objects.filter(pk=role.pk).update(**dict.fromkeys(ALL, False) | grants)
            assert has(scene, right) == (cell in wanted), (right, level, grants)
            named = scene.mira in permissions.who_may(scene.project, right)
            assert named == (cell in wanted), "whom people are told to ask is who may"


def test_without_a_role_there_is_no_right_at_all(scene):
    for right in BUDGET_RIGHTS:
        assert not has(scene, right)
        assert not may(AnonymousUser(), scene.project, right)
        assert not may(None, scene.project, right)


def test_a_person_who_left_has_no_right_at_all(scene, role):
    ProjectRole.objects.filter(pk=role.pk).update(level=BudgetLevel.ADMIN)
    assert has(scene, "unlock")
    scene.mira.is_active = False
    scene.mira.save()
    assert not any(has(scene, right) for right in BUDGET_RIGHTS)
    assert scene.mira not in permissions.who_may(scene.project, "see")


def test_a_superuser_has_no_right_on_a_budget_by_that_alone(scene):
    scene.mira.is_superuser = True
    scene.mira.save()
    assert not any(has(scene, right) for right in BUDGET_RIGHTS)
    assert not permissions.visible_projects(scene.mira).exists()


def test_people_see_the_projects_they_have_a_level_on(scene, role):
    assert not permissions.visible_projects(scene.mira).exists()
    assert list(permissions.visible_projects(scene.ruth)) == [scene.project]
    assert list(permissions.visible_projects(scene.olga)) == [scene.other_project]
    ProjectRole.objects.create(user=scene.olga, project=scene.project, level=BudgetLevel.READ)
    assert set(permissions.visible_projects(scene.olga)) == {scene.project, scene.other_project}


# -- ERP Integrations -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "flag", "sees", "decides", "administers"),
    [
        (ErpLevel.NONE, False, False, False, False),
        (ErpLevel.NONE, True, False, False, False),
        (ErpLevel.STANDARD, False, True, False, False),
        (ErpLevel.STANDARD, True, True, True, False),
        (ErpLevel.ADMIN, False, True, False, True),
        (ErpLevel.ADMIN, True, True, True, True),
    ],
)
def test_deciding_takes_the_level_and_the_flag_and_settings_take_admin(
    scene, level, flag, sees, decides, administers
):
    Membership.objects.filter(user=scene.mira).update(erp_level=level, can_push=flag)
    assert (scene.company in permissions.queue_companies(scene.mira)) == sees
    assert may_decide(scene.mira, scene.company) == decides
    assert (scene.mira in permissions.who_may_decide(scene.company)) == decides
    assert may_administer(scene.mira, scene.company) == administers
    assert (scene.mira in permissions.who_administers(scene.company)) == administers


def test_a_level_in_one_company_is_none_in_another(scene):
    for who in (scene.mira, scene.jonas, scene.tom, scene.ruth):
        assert not may_decide(who, scene.other_company)
        assert not may_administer(who, scene.other_company)
        assert list(permissions.queue_companies(who)) == [scene.company]
    assert list(permissions.queue_companies(scene.olga)) == [scene.other_company]


def test_a_person_of_two_companies_decides_in_each_by_its_own_level(scene):
    Membership.objects.create(user=scene.olga, company=scene.company, erp_level=ErpLevel.STANDARD)
    assert set(permissions.queue_companies(scene.olga)) == {scene.company, scene.other_company}
    assert may_decide(scene.olga, scene.other_company)
    assert not may_decide(scene.olga, scene.company)


def test_people_are_named_in_a_sentence(scene):
    people = [scene.dana, scene.tom, scene.mira]
    assert permissions.names(people[:1]) == "Dana Reyes"
    assert permissions.names(people[:2]) == "Dana Reyes or Tom Baptiste"
    assert permissions.names(people) == "Dana Reyes, Tom Baptiste or Mira Osei"
    assert permissions.names([]) == "nobody yet"


@pytest.mark.parametrize(
    ("way", "on", "back"),
    [(Direction.BOTH, True, True), (Direction.OUT, True, False), (Direction.BACK, False, True)],
)
def test_the_flag_may_be_narrowed_to_one_way(scene, way, on, back):
    def company() -> Company:
        return Company.objects.get(pk=scene.company.pk)  # as each request reads its own

    Membership.objects.filter(user=scene.mira).update(direction=way)
    assert may_decide(scene.mira, company())
    for asked, wanted in ((Direction.OUT, on), (Direction.BACK, back)):
        assert may_decide(scene.mira, company(), asked) == wanted
        assert (scene.mira in permissions.who_may_decide(company(), asked)) == wanted
    Membership.objects.filter(user=scene.mira).update(can_push=False)
    assert not may_decide(scene.mira, company(), way)
