"""What stops people from asking others to unlock or to return, and from answering."""

from django.utils import timezone

from budgets import services
from budgets.requests import services as requests
from budgets.requests.models import RequestKind
from erp.delivery import aftercare
from projects.models import BudgetLevel, ProjectRole
from tests.support import scene as acts
from tests.workflow.cases import codes, gone, met, removes, shows
from workflow.blockers import Kind

WHY = "Carpet is priced wrongly."


def ask(scene, kind=RequestKind.UNLOCK, by=None):
    return requests.ask(scene.budget, user=by or scene.ruth, now=timezone.now(), kind=kind, note=WHY)


@shows("nothing_to_unlock")
@removes("nothing_to_unlock")
def test_a_draft_needs_no_unlocking(scene):
    found = met(scene.budget, "ask_unlock", scene.ruth, "nothing_to_unlock")
    assert found.sentence == "The budget is a draft: nothing is locked."
    acts.lock(scene)
    gone(scene.budget, "ask_unlock", scene.ruth, "nothing_to_unlock")


@shows("may_unlock_yourself")
@removes("may_unlock_yourself")
def test_who_may_unlock_asks_nobody(scene):
    acts.lock(scene)
    found = met(scene.budget, "ask_unlock", scene.dana, "may_unlock_yourself")
    assert (found.link_label, found.kind) == ("Unlock", Kind.STATE)
    ProjectRole.objects.filter(user=scene.dana).update(level=BudgetLevel.STANDARD)
    gone(scene.budget, "ask_unlock", scene.dana, "may_unlock_yourself")


@shows("no_right_to_see")
@removes("no_right_to_see")
def test_who_does_not_see_the_budget_cannot_ask(scene):
    acts.lock(scene)
    met(scene.budget, "ask_unlock", scene.olga, "no_right_to_see")
    ProjectRole.objects.create(user=scene.olga, project=scene.project, level=BudgetLevel.READ)
    gone(scene.budget, "ask_unlock", scene.olga, "no_right_to_see")


def test_what_is_under_way_is_said_so(scene):
    acts.send(scene)
    assert codes(scene.budget, "ask_unlock", scene.ruth) == ["waiting_for_accounting"]


@shows("unlock_asked", "unlock_not_asked", "unlock_request_of_another")
@removes("unlock_asked", "unlock_not_asked", "unlock_request_of_another")
def test_one_request_is_open_and_belongs_to_whoever_asked(scene):
    acts.lock(scene)
    met(scene.budget, "decline_unlock", scene.dana, "unlock_not_asked")
    ask(scene)
    gone(scene.budget, "decline_unlock", scene.dana, "unlock_not_asked")
    found = met(scene.budget, "ask_unlock", scene.jonas, "unlock_asked")
    assert found.waiting and found.sentence == (
        "Ruth Adler has asked to unlock already. Dana Reyes or Tom Baptiste can answer."
    )
    other = met(scene.budget, "withdraw_unlock_request", scene.jonas, "unlock_request_of_another")
    assert other.who == "Ruth Adler"
    requests.withdraw(scene.budget, user=scene.ruth, now=timezone.now(), kind="unlock")
    gone(scene.budget, "ask_unlock", scene.jonas, "unlock_asked")
    gone(scene.budget, "withdraw_unlock_request", scene.jonas, "unlock_request_of_another")


@shows("nothing_to_return")
@removes("nothing_to_return")
def test_only_what_accounting_has_accepted_can_come_back(scene):
    assert "nothing to return" in met(scene.budget, "ask_return", scene.dana, "nothing_to_return").sentence
    batch = acts.send(scene)
    assert "retrieve" in met(scene.budget, "ask_return", scene.dana, "nothing_to_return").sentence
    acts.accept(scene, batch)
    gone(scene.budget, "ask_return", scene.dana, "nothing_to_return")


@shows("return_asked", "return_not_asked", "return_request_of_another", "nothing_asked")
@removes("return_asked", "return_not_asked", "return_request_of_another", "nothing_asked")
def test_a_request_for_return_is_open_once_and_answered_by_approvers(scene):
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    met(batch, "decline_return", scene.mira, "nothing_asked")
    met(scene.budget, "withdraw_return_request", scene.dana, "return_not_asked")
    ask(scene, RequestKind.RETURN, by=scene.dana)
    gone(batch, "decline_return", scene.mira, "nothing_asked")
    gone(scene.budget, "withdraw_return_request", scene.dana, "return_not_asked")
    assert "Mira Osei" in met(scene.budget, "ask_return", scene.tom, "return_asked").who
    met(scene.budget, "withdraw_return_request", scene.tom, "return_request_of_another")
    aftercare.decline_return(batch, user=scene.mira, now=timezone.now(), note="It is posted tonight.")
    gone(scene.budget, "ask_return", scene.tom, "return_asked")
    gone(scene.budget, "withdraw_return_request", scene.tom, "return_request_of_another")


def test_unlocking_in_between_leaves_nothing_to_decline(scene):
    acts.lock(scene)
    ask(scene)
    services.unlock(scene.budget, user=scene.tom, now=timezone.now())
    assert codes(scene.budget, "decline_unlock", scene.dana) == ["unlock_not_asked"]
