"""What the database itself refuses about companies, jobs and people."""

import pytest

from projects.models import Company, Job, Membership, ProjectRole
from tests.support.scene import MAIN, SUB
from tests.workflow.sql import copy, refused, undone, update


def test_a_project_has_one_main_job(scene):
    main, sub = Job.objects.get(code=MAIN), Job.objects.get(code=SUB)
    with refused("one_main_job_per_project"):
        copy(main, code="26-0289")
    with refused("one_main_job_per_project"):
        update(sub, parent_id=None)
    with undone():
        copy(sub, code="26-0288-02")


def test_a_job_belongs_to_one_project_of_a_company(scene):
    with refused("job_code_once_per_company"):
        copy(Job.objects.get(code=SUB))


def test_a_person_has_one_level_on_a_project_and_in_a_company(scene):
    with refused("one_role_per_user_and_project"):
        copy(ProjectRole.objects.get(user=scene.dana))
    with refused("one_membership_per_user_and_company"):
        copy(Membership.objects.get(user=scene.mira))


def test_a_limit_is_never_negative(scene):
    with refused("approval_limit_not_negative"):
        update(Membership.objects.get(user=scene.mira), approval_limit=-1)


@pytest.mark.parametrize("hour", [24, 99])
def test_the_daily_mail_has_an_hour_of_the_day(scene, hour):
    with refused("company_digest_hour_is_an_hour"):
        update(Company.objects.get(pk=scene.company.pk), digest_hour=hour)
