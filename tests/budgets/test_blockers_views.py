"""What stops people from keeping the company's shared views."""

from django.utils import timezone

from budgets.models import SavedView
from budgets.saved_views import services as view_services
from budgets.saved_views.services import ViewValues
from projects.models import BudgetLevel, ErpLevel, Membership, ProjectRole
from tests.workflow.cases import codes, gone, met, removes, shows, stays
from workflow.blockers import Kind

KEEPERS = (
    "Dana Reyes, Jonas Lindqvist or Tom Baptiste"  # Budget admins, and the ERP admin who only reads budgets
)


def view_of(scene, person):
    return view_services.create(
        scene.company, ViewValues("Mine", ["revised"]), user=person, now=timezone.now()
    )


def shared(scene):
    return view_services.share(view_of(scene, scene.dana), user=scene.dana, now=timezone.now())


@shows("view_is_shared")
@removes("view_is_shared")
def test_a_reader_becomes_admin_of_a_project_and_may_change_the_shared_view(scene):
    view = shared(scene)
    for action in ("change_view", "delete_view"):
        found = met(view, action, scene.ruth, "view_is_shared")
        assert found.kind is Kind.PERMISSION
        assert found.who == KEEPERS
        assert "Copy it and change the copy" in found.sentence
    ProjectRole.objects.filter(user=scene.ruth).update(level=BudgetLevel.ADMIN)
    for action in ("change_view", "delete_view"):
        gone(view, action, scene.ruth, "view_is_shared")
    assert codes(view, "change_view", scene.jonas) == []


@shows("no_right_to_share_views")
@removes("no_right_to_share_views")
def test_an_erp_admin_may_share_and_others_are_told_whom_to_ask(scene):
    view = view_of(scene, scene.ruth)
    assert codes(view, "change_view", scene.ruth) == []
    found = met(view, "share_view", scene.ruth, "no_right_to_share_views")
    assert found.sentence == f"You may not share views with the company. Ask {KEEPERS}."
    Membership.objects.filter(user=scene.ruth, company=scene.company).update(erp_level=ErpLevel.ADMIN)
    gone(view, "share_view", scene.ruth, "no_right_to_share_views")


@shows("view_shared_already")
@removes("view_shared_already")
def test_what_is_shared_is_shared_and_its_address_is_sent_instead(scene):
    view = shared(scene)
    found = met(view, "share_view", scene.dana, "view_shared_already")
    assert "Send the address" in found.sentence
    stays(view, "share_view", scene.dana, "view_shared_already")
    assert SavedView.objects.get().shared
