"""The queue as a list: who sees what, on which shelf, and several batches at once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from budgets import services as budget_services
from budgets.models import Budget
from erp import services
from erp.delivery import aftercare
from erp.models import Batch, BatchState, ErpReading
from erp.sync import readings
from projects.models import BudgetLevel, Membership, ProjectRole
from tests.support import scene as acts

QUEUE = "/admin/erp/batch/"


def another_batch(scene, code: str = "26-0310", amount: str = "500.00", *, by=None) -> Batch:
    """Dana sends the budget of one more project of company 001; it is not read yet."""
    project = acts._project(scene.connection, f"Project {code}", code)
    for person in (scene.dana, scene.tom):
        ProjectRole.objects.create(user=person, project=project, level=BudgetLevel.ADMIN)
    budget = budget_services.budget_for(project)
    acts.add_line(budget, scene.dana, code, "01-31-00", "L", amount)
    budget_services.lock(budget, user=scene.dana, now=timezone.now())
    budget = Budget.objects.get(pk=budget.pk)
    return services.send(budget, user=by or scene.dana, now=timezone.now())


def read(batch: Batch) -> None:
    readings.make(batch.budget.readings.get(), now=timezone.now())


def projects_on(client, shelf: str = "") -> list[str]:
    answer = client.get(QUEUE, {"queue": shelf} if shelf else {})
    assert answer.status_code == 200
    return [batch.budget.project.name for batch in answer.context["cl"].result_list]


def counts(client) -> dict[str, int]:
    return {shelf.key: shelf.count for shelf in client.get(QUEUE).context["shelves"]}


def test_what_waits_is_shown_first_with_what_it_is_and_moves(scene, desk):
    acts.lock(scene)
    acts.modify(scene, "Own crew", *_transfer("500.00"))
    acts.send(scene)
    page = desk(scene.mira).get(QUEUE).content.decode()
    for words in ("Quay Street", "original, 1 modification", "93,000.75", "92,500.75", "Dana Reyes", "1st"):
        assert words in page, words


def _transfer(amount: str):
    job = acts.MAIN
    return ((job, "03-30-00", "L"), amount), ((job, "03-30-00", "M"), f"-{amount}")


def test_a_batch_moves_from_shelf_to_shelf(scene, desk):
    batch = acts.send(scene)
    client = desk(scene.mira)
    assert projects_on(client) == projects_on(client, "mine") == ["Quay Street"]
    acts.accept(scene, batch)
    assert projects_on(client) == []
    assert projects_on(client, "exporting") == ["Quay Street"]
    acts.refuse(batch)
    assert projects_on(client, "attention") == ["Quay Street"]
    aftercare.retry(batch, user=scene.mira, now=timezone.now())
    acts.deliver(batch)
    assert projects_on(client, "in_erp") == ["Quay Street"]
    acts.post(batch)
    assert projects_on(client, "posted") == ["Quay Street"]
    assert counts(client) == {
        **dict.fromkeys(("mine", "waiting", "exporting", "attention", "in_erp", "back"), 0),
        "posted": 1,
        "all": 1,
    }


def test_a_rejected_batch_lies_on_sent_back(scene, desk):
    acts.reject(scene, acts.send(scene))
    assert projects_on(desk(scene.mira), "back") == ["Quay Street"]


def test_what_was_sent_again_is_sent_back_no_more_and_leads_to_what_became_of_it(scene, desk):
    acts.reject(scene, acts.send(scene))
    second = acts.send(scene)
    services.retrieve(scene.reload(), user=scene.dana, now=timezone.now())
    client = desk(scene.mira)
    assert counts(client)["back"] == 1  # pulled back: still nobody has answered
    third = acts.send(scene)
    assert (counts(client)["back"], projects_on(client, "back")) == (0, [])
    page = client.get(QUEUE, {"queue": "all"}).content.decode()
    assert f'<a href="{QUEUE}{third.pk}/change/">sent again as batch 3</a>' in page
    first = Batch.objects.get(number=1)
    shown = " ".join(client.get(f"{QUEUE}{first.pk}/change/").content.decode().split())
    assert f'It was sent again as <a href="{QUEUE}{third.pk}/change/">batch 3</a>' in shown
    assert second.pk != third.pk


def test_mine_to_decide_leaves_out_what_i_prepared_and_what_is_over_my_limit(scene, desk):
    acts.send(scene, by=scene.tom)
    another_batch(scene, amount="100000.01")
    assert projects_on(desk(scene.tom), "mine") == ["Project 26-0310"]
    assert projects_on(desk(scene.mira), "mine") == ["Quay Street"]
    assert projects_on(desk(scene.ruth), "mine") == []
    page = desk(scene.tom).get(QUEUE).content.decode()
    assert "you prepared it" in page
    assert "over your limit" in desk(scene.mira).get(QUEUE).content.decode()


def test_another_companys_batches_do_not_exist(scene, desk):
    batch = acts.send(scene)
    client = desk(scene.olga)
    assert projects_on(client, "all") == []
    assert counts(client)["all"] == 0
    for rest in ("change/", "progress/", "reading/", "posting-list/", "do/return_to_pm/"):
        assert client.get(f"{QUEUE}{batch.pk}/{rest}").status_code == 404, rest
    for action in ("accept", "reject", "retry", "return_to_pm", "check_now", "confirm_posted", "read_again"):
        assert client.post(f"{QUEUE}{batch.pk}/do/{action}/").status_code == 404, action
    chosen = {"action": "accept_selected", "_selected_action": [batch.pk], "index": 0, "confirm": "yes"}
    client.post(f"{QUEUE}?queue=all", chosen)
    batch.refresh_from_db()
    assert batch.state == BatchState.WAITING


@pytest.mark.parametrize("path", ["", "1/change/"])
def test_staff_without_a_level_and_people_who_are_no_staff_see_no_queue(scene, desk, path):
    Membership.objects.filter(user=scene.mira).update(erp_level=0)
    assert desk(scene.mira).get(f"{QUEUE}{path}").status_code in (403, 404)
    assert desk(scene.dana).get(f"{QUEUE}{path}").status_code == 302


def test_nobody_adds_deletes_or_edits_a_batch_by_hand(scene, desk):
    batch = acts.send(scene)
    client = desk(scene.jonas)
    for path in ("add/", f"{batch.pk}/delete/", f"{batch.pk}/history/"):
        assert client.get(f"{QUEUE}{path}").status_code == 404, path
    assert client.post(f"{QUEUE}{batch.pk}/change/", {"state": "posted"}).status_code == 405


def test_search_finds_a_project_a_job_a_person_and_a_document(scene, desk):
    batch = acts.send(scene)
    another_batch(scene)
    acts.accept(scene, batch)
    number = batch.documents.get().number
    client = desk(scene.mira)
    for words in ("Quay", "26-0288", number):
        answer = client.get(QUEUE, {"queue": "all", "q": words})
        assert [b.pk for b in answer.context["cl"].result_list] == [batch.pk], words
    assert len(client.get(QUEUE, {"queue": "all", "q": "Reyes"}).context["cl"].result_list) == 2


def test_a_sender_is_filtered(scene, desk):
    acts.send(scene, by=scene.tom)
    another_batch(scene)
    answer = desk(scene.mira).get(QUEUE, {"sender": scene.tom.pk})
    assert [b.budget.project.name for b in answer.context["cl"].result_list] == ["Quay Street"]


def test_the_list_is_summed_as_it_is_filtered_whatever_page_is_shown(scene, desk):
    acts.send(scene)
    another_batch(scene, amount="250.00")
    client = desk(scene.mira)
    (one,) = client.get(QUEUE).context["cl"].sums
    assert (one.currency, one.batches, one.lines) == ("USD", 2, 6)
    assert one.moved == one.net == acts.TOTAL + 250
    (one,) = client.get(QUEUE, {"high": "1000"}).context["cl"].sums
    assert (one.batches, one.moved) == (1, 250)
    assert "change of the totals" not in client.get(QUEUE, {"queue": "posted"}).content.decode()


def test_the_number_of_queries_is_small_and_does_not_grow(scene, desk, django_assert_max_num_queries):
    acts.send(scene)
    client = desk(scene.mira)
    # One each: jobs changed in the ERP, who acts for whom, whose later steps would find nobody, the sums.
    with django_assert_max_num_queries(13):
        assert client.get(QUEUE).status_code == 200
    for number in range(6):
        another_batch(scene, code=f"26-04{number:02}")
    with django_assert_max_num_queries(13):
        assert len(client.get(QUEUE).context["cl"].result_list) == 7


# -- several at once -----------------------------------------------------------------------------------------


def choose(client, action: str, batches: list[Batch], **more):
    chosen = {"action": action, "_selected_action": [b.pk for b in batches], "index": 0, "select_across": 0}
    return client.post(QUEUE, {**chosen, **more}, follow=True)


def test_selected_batches_are_accepted_one_by_one_and_each_is_told(scene, desk):
    first, second, third = acts.send(scene), another_batch(scene), another_batch(scene, "26-0311")
    read(second)
    client = desk(scene.mira)
    asked = choose(client, "accept_selected", [first, second, third])
    assert "Accept 2 of 3 selected batches?" in asked.content.decode()
    seen = {f"reading-{c.batch.pk}": c.reading.hash if c.reading else "" for c in asked.context["candidates"]}
    (sums,) = asked.context["sums"]
    assert (sums.batches, sums.moved) == (2, first.moved + second.moved)
    done = choose(client, "accept_selected", [first, second, third], confirm="yes", **seen)
    result = done.context["result"]
    assert result.headline == "2 accepted. 1 not."
    (refused,) = result.refused
    assert refused.batch == third
    assert [one["sentence"][:21] for one in refused.said] == ["CMiC is being read. T"]
    assert f'href="{QUEUE}{third.pk}/change/?list=' in done.content.decode()
    assert [Batch.objects.get(pk=b.pk).state for b in (first, second, third)] == [
        "accepted",
        "accepted",
        "waiting",
    ]


def test_reading_the_erp_again_before_a_bulk_keeps_what_was_selected_and_says_when_it_is_done(scene, desk):
    first, second = acts.send(scene), another_batch(scene)
    read(second)
    client, pressed = desk(scene.mira), {"_selected_action": [first.pk, second.pk], "confirm": "yes"}
    look = f"{QUEUE}look/?queue=all"
    page = client.post(look, {**pressed, "read": "yes"}).content.decode()
    assert page.count('name="_selected_action"') == 2
    assert "The ERP is being read: 0 of 2 done" in page and f'hx-post="{QUEUE}look/?queue=all"' in page
    assert f'action="{QUEUE}?queue=all"' in page, "the buttons lead back to the list as it was"
    readings.make(second.budget.readings.get(state="asked"), now=timezone.now())
    followed = client.post(look, pressed, headers={"HX-Request": "true"}).content.decode()
    assert "1 of 2 done" in followed and "hx-post" in followed
    ErpReading.objects.filter(state="asked").update(state="failed", error="CMiC gave no answer.")
    followed = client.post(look, pressed, headers={"HX-Request": "true"}).content.decode()
    assert "Show what was read" in followed and "hx-post" not in followed
    assert "CMiC gave no answer." in followed
    newest = second.budget.readings.filter(state="made").first().hash
    shown = client.post(look, pressed).content.decode()
    assert f'name="reading-{second.pk}" value="{newest}"' in shown
    assert set(Batch.objects.values_list("state", flat=True)) == {"waiting"}, "nothing was decided meanwhile"


def test_reading_the_erp_again_from_the_list_keeps_the_selection_on_the_page_that_follows_it(scene, desk):
    first, second = acts.send(scene), another_batch(scene)
    read(second)
    rejected = acts.reject(scene, first)
    client = desk(scene.mira)
    page = choose(client, "read_selected", [first, second]).content.decode()
    assert page.count('name="_selected_action"') == 2
    assert "The ERP is being read: 1 of 2 done" in page and f'hx-post="{QUEUE}look/"' in page
    assert f"1 not read: {rejected.budget.project} (batch 1): " in page
    assert "being read; this takes" not in page
    readings.make(second.budget.readings.get(state="asked"), now=timezone.now())
    shown = client.post(f"{QUEUE}look/", {"_selected_action": [second.pk]}).content.decode()
    assert "Accept 1 of 1 selected batch?" in shown


def test_a_reading_that_grew_old_is_not_accepted_in_bulk(scene, desk):
    batch = acts.send(scene, read_it=False)
    reading = acts.read(scene, at=timezone.now() - timedelta(minutes=16))
    client = desk(scene.mira)
    choose(client, "accept_selected", [batch], confirm="yes", **{f"reading-{batch.pk}": reading.hash})
    assert Batch.objects.get().state == "waiting"


def test_bulk_accept_without_having_seen_the_reading_accepts_nothing(scene, desk):
    batch = acts.send(scene)
    choose(desk(scene.mira), "accept_selected", [batch], confirm="yes")
    assert Batch.objects.get().state == "waiting"


def test_selected_batches_are_rejected_with_one_reason(scene, desk):
    batches = [acts.send(scene), another_batch(scene)]
    client = desk(scene.mira)
    assert "Reject 2 of 2" in choose(client, "reject_selected", batches).content.decode()
    given = {"confirm": "yes", "reason_code": "documentation", "reason": "Attach the estimate, please."}
    choose(client, "reject_selected", batches, **given)
    assert set(Batch.objects.values_list("state", "reason")) == {("rejected", "Attach the estimate, please.")}


def test_a_bulk_rejection_without_a_reason_asks_again(scene, desk):
    batch = acts.send(scene)
    answer = choose(desk(scene.mira), "reject_selected", [batch], confirm="yes", reason_code="amounts")
    assert answer.status_code == 422
    assert "Say in a sentence what the project manager should do." in answer.content.decode()
    assert Batch.objects.get().state == "waiting"


def test_the_auditor_is_offered_no_decisions(scene, desk):
    batch = acts.send(scene)
    client = desk(scene.ruth)
    assert "Accept selected" not in client.get(QUEUE).content.decode()
    seen = {f"reading-{batch.pk}": scene.budget.readings.first().hash}
    choose(client, "accept_selected", [batch], confirm="yes", **seen)
    assert Batch.objects.get().state == "waiting"
