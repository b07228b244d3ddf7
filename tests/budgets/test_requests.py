"""Who may not unlock asks those who may, and hears what became of it; likewise for the way back from the ERP."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from budgets import services
from budgets.errors import InvalidInput
from budgets.requests import services as requests
from budgets.requests.models import BudgetRequest, RequestState
from erp.delivery import aftercare
from erp.models import Notice
from tests.browser_pages.conftest import Desk, words
from tests.support import scene as acts
from tests.support.scene import Scene
from workflow.models import Event

WHY = "Carpet is priced wrongly."


@pytest.fixture
def ruth(scene: Scene) -> Desk:
    """Ruth the auditor, who may only read, before a locked budget."""
    acts.lock(scene)
    return Desk(scene).log_in(scene.ruth)


def mails(to: str) -> list[str]:
    return list(
        Notice.objects.filter(kind="request", to__username=to)
        .order_by("pk")
        .values_list("subject", flat=True)
    )


def test_ruth_asks_and_those_who_may_read_it_on_the_page_and_by_mail(ruth: Desk):
    assert "Ask to unlock" in words(ruth.get("page"))
    assert "Dana Reyes or Tom Baptiste" in words(ruth.get("ask", "ask_unlock"))
    assert ruth.send("ask", "ask_unlock", note=WHY).status_code == 302
    assert mails("dana") == mails("tom") == ["Ruth Adler asks to unlock: Quay Street"]
    told = Notice.objects.filter(to__username="dana").get().text
    assert WHY in told and "/budget/#requests" in told
    shown = words(Desk(ruth.scene).log_in(ruth.scene.dana).get("page"))
    assert "Ruth Adler asked to unlock" in shown and WHY in shown and "Decline" in shown
    event = Event.objects.filter(action="ask_unlock").get()
    assert (event.actor, event.note) == ("Ruth Adler", WHY)


def test_no_reason_is_no_request(ruth: Desk):
    answer = ruth.send("ask", "ask_unlock", note="  ")
    assert answer.status_code == 422 and "Say in a sentence why" in words(answer)
    with pytest.raises(InvalidInput):
        requests.ask(ruth.scene.budget, user=ruth.scene.ruth, now=timezone.now(), kind="unlock", note="no")


def test_unlocking_grants_it_and_ruth_hears_so(ruth: Desk):
    ruth.send("ask", "ask_unlock", note=WHY)
    services.unlock(ruth.scene.budget, user=ruth.scene.tom, now=timezone.now())
    done = BudgetRequest.objects.get()
    assert (done.state, done.answered_by) == (RequestState.GRANTED, ruth.scene.tom)
    assert mails("ruth") == ["Your request to unlock: Quay Street"]
    assert "Tom Baptiste has done it." in Notice.objects.get(to__username="ruth").text
    assert "asked to unlock" not in words(ruth.get("page"))


def test_declining_takes_a_sentence_that_ruth_reads(ruth: Desk):
    ruth.send("ask", "ask_unlock", note=WHY)
    dana = Desk(ruth.scene).log_in(ruth.scene.dana)
    assert dana.send("decline_unlock", note="").status_code == 422
    assert dana.send("decline_unlock", note="Write a modification instead.").status_code == 302
    assert "Dana Reyes declined to unlock" in words(ruth.get("page"))
    assert "Write a modification instead." in Notice.objects.get(to__username="ruth").text
    assert ruth.send("ask", "ask_unlock", note="Please, once more.").status_code == 302


def test_ruth_takes_it_back(ruth: Desk):
    ruth.send("ask", "ask_unlock", note=WHY)
    assert ruth.send("withdraw_request", "unlock").status_code == 302
    assert BudgetRequest.objects.get().state == RequestState.WITHDRAWN
    assert mails("ruth") == []


def test_dana_asks_for_the_way_back_and_accounting_returns_or_posts(scene: Scene):
    batch = acts.accept(scene, acts.send(scene))
    acts.deliver(batch)
    dana = Desk(scene).log_in(scene.dana)
    assert "Ask for return" in words(dana.get("page"))
    dana.send("ask", "ask_return", note=WHY)
    assert mails("mira") == ["Dana Reyes asks to return it: Quay Street"]
    queue = Client()
    queue.force_login(scene.mira)
    shown = words(queue.get(f"/admin/erp/batch/{batch.pk}/change/"))
    assert "Dana Reyes asked to return it" in shown and "Decline to return" in shown
    acts.post(batch)
    over = BudgetRequest.objects.get()
    assert over.state == RequestState.OVER and "posted meanwhile" in over.answer
    assert "It cannot be done any more" in Notice.objects.filter(to=scene.dana, kind="request").get().text


def test_returning_grants_it(scene: Scene):
    batch = acts.accept(scene, acts.send(scene))
    requests.ask(scene.budget, user=scene.dana, now=timezone.now(), kind="return", note=WHY)
    aftercare.return_to_pm(batch, user=scene.mira, now=timezone.now(), note="As you wish.")
    assert BudgetRequest.objects.get().state == RequestState.GRANTED


def test_a_program_asks_lists_and_answers(ruth: Desk):
    address = f"/api/v1/budgets/{ruth.scene.project.pk}/requests/"
    made = ruth.client.post(f"{address}unlock/", {"note": WHY}, content_type="application/json")
    assert made.status_code == 201 and made.json()["state"] == "open"
    dana = Desk(ruth.scene).log_in(ruth.scene.dana).client
    answer = dana.post(f"{address}unlock/decline/", {"note": "Not now."}, content_type="application/json")
    assert answer.json()["answer"] == "Not now."
    assert [row["state"] for row in ruth.client.get(address).json()] == ["declined"]


def test_two_open_requests_of_a_kind_are_refused_by_the_database(ruth: Desk):
    values = {"budget": ruth.scene.budget, "kind": "unlock", "note": "x", "asked_at": timezone.now()}
    BudgetRequest.objects.create(asked_by=ruth.scene.ruth, **values)
    with pytest.raises(IntegrityError), transaction.atomic():
        BudgetRequest.objects.create(asked_by=ruth.scene.jonas, **values)
