"""Approval rules and delegations in a browser's hands: set, tried out, handed over; and steps on the batch's page."""

import re
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from erp.models import ApprovalRule, Batch, Delegation, Notice
from projects.models import Company, Membership
from tests.erp.test_approval_steps import lend, rule
from tests.support import scene as acts
from tests.support.scene import PASSWORD
from workflow.models import Event

RULES, DELEGATIONS = "/admin/erp/approvalrule/", "/admin/erp/delegation/"


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


def seen(client) -> str:
    return client.get(RULES).context["seen"]


def save(client, *, at=RULES, **given):
    form = {"do": "save", "seen": seen(client), "name": "Controller", "kind": "any", "needed": "1"}
    return client.post(at, form | given)


# -- rules ---------------------------------------------------------------------------------------------------


def test_jonas_asks_for_a_controller_above_an_amount(scene, desk):
    client = desk(scene.jonas)
    assert "There are no rules" in text(client.get(RULES))
    given = {"who": "named", "people": [scene.jonas.pk], "moved_from": "50,000"}
    answer = save(client, **given)
    assert (answer.status_code, answer.url) == (302, f"{RULES}{scene.company.pk}/")
    made = ApprovalRule.objects.get()
    assert (made.name, made.moved_from, made.anybody) == ("Controller", Decimal("50000.00"), False)
    assert list(made.people.all()) == [scene.jonas]
    event = Event.objects.get(action="set_approval_rules")
    assert event.sentence == "Added the approval step Controller"
    assert event.data["new"][0]["who"] == ["jonas"]


def test_steps_change_places_and_are_removed(scene, desk):
    client = desk(scene.jonas)
    first, second = rule(scene, "Approver"), rule(scene, "Controller", scene.jonas)
    client.post(RULES, {"do": "up", "rule": second.pk, "seen": seen(client)})
    assert list(ApprovalRule.objects.values_list("name", flat=True)) == ["Controller", "Approver"]
    client.post(RULES, {"do": "remove", "rule": first.pk, "seen": seen(client)})
    assert [one.name for one in ApprovalRule.objects.all()] == ["Controller"]
    told = [event.sentence for event in Event.objects.filter(action="set_approval_rules").order_by("seq")]
    assert told == [
        "Moved the approval step Controller before Approver",
        "Removed the approval step Approver",
    ]


def test_a_step_is_changed_on_the_same_page(scene, desk):
    client, one = desk(scene.jonas), rule(scene, "Approver", scene.tom, needed=1)
    page = text(client.get(f"{RULES}?rule={one.pk}"))
    assert "Change “Approver”" in page
    save(client, rule=one.pk, name="Cost engineer", kind="total")
    one.refresh_from_db()
    assert (one.name, one.kind, one.anybody, one.people.count()) == ("Cost engineer", "total", True, 0)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "APPROVER"}, "name"),
        ({"kind": "x"}, "kind"),
        ({"moved_from": "0"}, "moved_from"),
        ({"moved_from": "much"}, "moved_from"),
        ({"needed": "4"}, "needed"),
        ({"who": "named"}, "people"),
        ({"who": "named", "people": ["ruth"]}, "people"),
        ({"who": "anybody", "people": ["jonas"]}, "people"),
        ({"people": ["jonas"]}, "people"),
    ],
)
def test_a_rule_that_makes_no_sense_is_told_at_its_field(scene, desk, given, field):
    rule(scene, "Approver")
    if given.get("people"):
        given = given | {"people": [getattr(scene, name).pk for name in given["people"]]}
    answer = save(desk(scene.jonas), **given)
    assert answer.status_code == 422
    assert list(answer.context["errors"]) == [field]
    assert ApprovalRule.objects.count() == 1


def test_people_who_are_ticked_are_never_dropped_for_anybody(scene, desk):
    one = rule(scene, "Approver", scene.tom)
    given = {"rule": one.pk, "who": "anybody", "people": [scene.jonas.pk], "needed": "2"}
    answer = save(desk(scene.jonas), at=f"{RULES}?rule={one.pk}", **given)
    assert "Choose “One of these”, or untick them." in text(answer)
    assert list(one.people.all()) == [scene.tom]
    page = answer.content.decode()
    checked = [tag for tag in re.findall(r"<input[^>]*>", page) if " checked" in tag]
    assert [re.search(r'id="([^"]*)"', tag)[1] for tag in checked] == [
        "who-anybody",
        f"person-{scene.jonas.pk}",
    ]
    assert "<option selected>2</option>" in page, "what was chosen beside is not lost"
    assert save(desk(scene.jonas), **given | {"who": "named", "needed": "1"}).status_code == 302
    assert list(one.people.all()) == [scene.jonas]


def test_all_rules_together_ask_for_at_most_eight_people(scene, desk):
    for name in ("One", "Two"):
        rule(scene, name, needed=3)
    assert save(desk(scene.jonas), needed="3").status_code == 422
    assert save(desk(scene.jonas), needed="2").status_code == 302


def test_whoever_is_second_at_the_rules_is_told(scene, desk):
    client = desk(scene.jonas)
    before = seen(client)
    rule(scene, "Approver")
    answer = save(client, seen=before)
    assert answer.status_code == 409
    assert "Somebody changed the rules since you opened this page." in text(answer)


def test_the_same_form_twice_is_one_step(scene, desk):
    client, submission = desk(scene.jonas), str(uuid.uuid4())
    before = seen(client)
    for _ in range(2):
        assert save(client, submission=submission, seen=before).status_code == 302
    assert ApprovalRule.objects.count() == 1


def test_the_auditor_reads_the_rules_and_is_told_who_changes_them(scene, desk):
    rule(scene, "Controller", scene.jonas)
    page = text(desk(scene.ruth).get(RULES))
    assert "Jonas Lindqvist" in page
    assert "You are no ERP admin of Northgate Builders. Ask Jonas Lindqvist." in page
    assert 'value="remove"' not in page


@pytest.mark.parametrize("page", [RULES, DELEGATIONS])
def test_another_companys_pages_are_not_there(scene, desk, page):
    assert desk(scene.olga).get(f"{page}{scene.company.pk}/").status_code == 404
    assert desk(scene.olga).post(f"{page}{scene.company.pk}/", {"do": "save"}).status_code == 404
    assert desk(scene.jonas).post(page, {"do": "nothing"}).status_code == 404


def test_the_rules_are_tried_out(scene, desk):
    rule(scene, "Approver")
    rule(scene, "Controller", scene.jonas, moved_from=Decimal("100000"))
    asked = {"held": "original", "amount": "120,000", "sender": scene.tom.pk}
    page = text(desk(scene.jonas).get(RULES, asked))
    assert "A batch with the original budget that moves 120,000.00, sent by Tom Baptiste, would go:" in page
    steps = desk(scene.jonas).get(RULES, asked).context["trial"].steps
    assert [(step.name, step.who) for step in steps] == [
        ("Approver", "Mira Osei"),  # Jonas is the only one for the second step
        ("Controller", "Jonas Lindqvist"),
    ]
    small = desk(scene.jonas).get(RULES, asked | {"amount": "99,999.99"}).context["trial"].steps
    assert [step.name for step in small] == ["Approver"]
    rule(scene, "Second controller", scene.jonas)
    assert "nobody would be left for “Second controller”" in text(desk(scene.jonas).get(RULES, asked))


def test_a_trial_without_an_amount_says_what_to_fill_in(scene, desk):
    said = "Type what the batch moves, like 1,250.00"
    assert said not in text(desk(scene.jonas).get(RULES)), "nobody tried anything"
    page = text(desk(scene.jonas).get(RULES, {"held": "original", "amount": " ", "sender": ""}))
    assert said in page
    # The browser would say it in a bubble that comes and goes, and of spaces nothing at all.
    field = page.split('id="amount"')[1].split(">")[0]
    assert "required" not in field and 'aria-describedby="about_amount"' in field


@pytest.mark.parametrize("above", ["", "50,000.01"])
def test_an_unlocked_screen_does_not_switch_the_password_off(scene, desk, above):
    Company.objects.filter(pk=scene.company.pk).update(reauthenticate_above=Decimal("50000.00"))
    Membership.objects.filter(user=scene.ruth).update(erp_level=2)
    client, asked = desk(scene.jonas), {"do": "reauthenticate", "above": above}
    for more, said in (({}, "Type your password"), ({"password": "not it"}, "This is not your password.")):
        answer = client.post(RULES, {**asked, **more})
        assert answer.status_code == 422
        assert said in text(answer)
        assert "not it" not in text(answer)
    assert Company.objects.get(pk=scene.company.pk).reauthenticate_above == Decimal("50000.00")
    assert client.post(RULES, {**asked, "password": PASSWORD}).status_code == 302
    told = Notice.objects.get(kind="alarm")
    assert told.to == scene.ruth
    assert "Jonas Lindqvist changed when accepting in Northgate Builders asks for the password" in told.text


def test_jonas_sets_above_which_amount_the_password_is_asked_for(scene, desk):
    client = desk(scene.jonas)
    assert client.post(RULES, {"do": "reauthenticate", "above": "50,000"}).status_code == 302
    assert Company.objects.get(pk=scene.company.pk).reauthenticate_above == Decimal("50000.00")
    assert client.post(RULES, {"do": "reauthenticate", "above": "-1"}).status_code == 422
    assert client.post(RULES, {"do": "reauthenticate", "above": "40,000"}).status_code == 302, "more often"
    client.post(RULES, {"do": "reauthenticate", "above": "", "password": PASSWORD})
    assert Company.objects.get(pk=scene.company.pk).reauthenticate_above is None
    told = [event.sentence for event in Event.objects.filter(action="set_reauthentication").order_by("seq")]
    assert told == [
        "Accepting asks for the password again: for batches that move more than 50,000.00",
        "Accepting asks for the password again: for batches that move more than 40,000.00",
        "Accepting asks for the password again: never",
    ]


# -- delegations ---------------------------------------------------------------------------------------------


def hand_over(client, giver, taker, **given):
    """Somebody fills in the form."""
    return typed(client, {"giver": giver.pk, "taker": taker.pk, **given})


def typed(client, given):
    """Somebody fills in the form; `given` stands over it."""
    form = {
        "do": "delegate",
        "until": str(timezone.localdate() + timedelta(days=3)),
        "limit": "50,000",
    }
    return client.post(DELEGATIONS, form | given)


def test_mira_lets_tom_act_for_her_until_the_end_of_a_day_where_the_company_is(scene, desk):
    day = timezone.localdate() + timedelta(days=5)
    assert hand_over(desk(scene.mira), scene.mira, scene.tom, until=str(day)).status_code == 302
    made = Delegation.objects.get()
    assert (made.from_user, made.to_user, made.made_by) == (scene.mira, scene.tom, scene.mira)
    with timezone.override("America/Chicago"):
        end = timezone.localtime(made.ends_at)
    assert (end.date(), end.hour, end.minute) == (day + timedelta(days=1), 0, 0)
    told = Event.objects.get(action="delegate")
    assert told.sentence == f"Lets Tom Baptiste act for Mira Osei until {day}, up to 50,000.00"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"limit": "100,000.01"}, "limit"),
        ({"limit": ""}, "limit"),
        ({"limit": "0"}, "limit"),
        ({"until": "2020-01-01"}, "until"),
        ({"until": "2099-01-01"}, "until"),
        ({"until": "soon"}, "until"),
        ({"taker": "mira"}, "taker"),
        ({"taker": "ruth"}, "taker"),
        ({"taker": "olga"}, "taker"),
        ({"giver": "jonas"}, "giver"),
        ({"note": "x" * 201}, "note"),
    ],
)
def test_what_cannot_be_handed_over_is_told_at_its_field(scene, desk, given, field):
    given = {
        name: getattr(scene, value, None) and getattr(scene, value).pk or value
        for name, value in given.items()
    }
    answer = typed(desk(scene.mira), {"giver": scene.mira.pk, "taker": scene.tom.pk, **given})
    assert answer.status_code == 422
    assert field in answer.context["errors"]
    assert not Delegation.objects.exists()


def test_an_erp_admin_makes_one_for_somebody_but_none_to_themselves(scene, desk):
    client = desk(scene.jonas)
    answer = hand_over(client, scene.mira, scene.jonas)
    assert list(answer.context["errors"]) == ["taker"]
    assert hand_over(client, scene.mira, scene.tom).status_code == 302
    assert Delegation.objects.get().made_by == scene.jonas
    assert "made by Jonas Lindqvist" in text(client.get(DELEGATIONS))


def test_the_same_two_have_one_at_a_time_and_it_is_taken_back(scene, desk):
    client = desk(scene.mira)
    hand_over(client, scene.mira, scene.tom)
    assert hand_over(client, scene.mira, scene.tom).status_code == 422
    row = Delegation.objects.get()
    assert client.post(DELEGATIONS, {"do": "revoke", "delegation": row.pk}).status_code == 302
    row.refresh_from_db()
    assert row.revoked_by == scene.mira
    assert Event.objects.get(action="revoke_delegation").sentence == (
        "No longer lets Tom Baptiste act for Mira Osei"
    )
    assert client.post(DELEGATIONS, {"do": "revoke", "delegation": row.pk}).status_code == 409
    assert hand_over(client, scene.mira, scene.tom).status_code == 302


def test_a_budget_that_waits_says_at_once_who_else_can_decide_it(scene, desk):
    rule(scene, "Controller", scene.jonas)
    acts.send(scene)
    hand_over(desk(scene.jonas), scene.jonas, scene.mira, limit="1,000,000")
    assert scene.reload().hold_data["who"] == "Jonas Lindqvist or Mira Osei (for Jonas Lindqvist)"


# -- the batch's page ----------------------------------------------------------------------------------------


def url(batch, rest: str = "change/") -> str:
    return f"/admin/erp/batch/{batch.pk}/{rest}"


def decide(client, batch, **given):
    page = client.get(url(batch))
    form = {"reading_hash": page.context["decision"].reading.hash, **given}
    return client.post(url(batch, "do/accept/"), form, follow=True)


def test_names_with_braces_are_names(scene, desk):
    rule(scene, "Approver {0} {sender}")
    rule(scene, "Controller {", scene.jonas)
    batch = acts.send(scene)
    answer = decide(desk(scene.mira), batch)
    assert "It waits for Controller { now: Jonas Lindqvist" in text(answer)
    assert "Approver {0} {sender}" in text(answer)
    assert decide(desk(scene.jonas), batch).status_code == 200
    assert Batch.objects.get(pk=batch.pk).state == "accepted"


def test_the_page_shows_the_route_and_the_button_says_which_step_it_takes(scene, desk):
    rule(scene, "Approver")
    rule(scene, "Controller", scene.jonas)
    batch = acts.send(scene)
    page = text(desk(scene.mira).get(url(batch)))
    assert "Approve as Approver" in page
    assert "Waiting for accounting, step 1 of 2: Approver" in page
    assert '<li class="route-due" aria-current="step">' in page
    said = text(decide(desk(scene.mira), batch))
    assert "Approved. It waits for Controller now: Jonas Lindqvist, who was told by mail." in said
    page = text(desk(scene.jonas).get(url(batch)))
    assert '<span class="mark good">approved</span> <span class="soft">Mira Osei' in page
    queue = text(desk(scene.jonas).get("/admin/erp/batch/?queue=mine"))
    assert "Approved by Mira Osei (1 of 2), waiting for Controller: Jonas Lindqvist" in queue
    assert "Accepted. Tieback writes it into the ERP now." in text(decide(desk(scene.jonas), batch))


def test_a_route_names_nobody_for_a_step_whom_it_could_not_let_take_it(scene, desk):
    rule(scene, "Approver", scene.mira, scene.jonas)
    rule(scene, "Controller", scene.jonas)
    lend(scene, scene.jonas, scene.mira)
    page = text(desk(scene.mira).get(url(acts.send(scene))))
    route = page[page.index('<ol class="route') :].split("</ol>")[0]
    approver, controller = route.split("</li>")[:2]
    assert "Mira Osei" in approver
    assert "Jonas Lindqvist" not in approver  # nobody would be left for the second step
    assert "Jonas Lindqvist" in controller
    assert "Mira Osei" not in controller  # whoever takes the first step shuts her out of this one


def test_the_project_manager_sees_the_route_too_and_is_warned_before_an_approval_is_lost(scene, desk):
    rule(scene, "Approver")
    rule(scene, "Controller", scene.jonas)
    batch = acts.send(scene)
    budget = f"/projects/{scene.project.pk}/budget/"
    dana, retrieve = desk(scene.dana), reverse("budgets:act", args=[scene.project.pk, "retrieve"])
    assert "That is lost" not in text(dana.get(retrieve))
    seen = dana.get(f"{budget}batches/{batch.number}/").context["seen"]
    decide(desk(scene.mira), batch)
    taken = scene.reload().hold_since
    assert taken == batch.steps.get(position=1).taken_at > batch.sent_at
    for place in ("", f"batches/{batch.number}/", f"batches/{batch.number}/progress/?seen={seen}"):
        page = text(dana.get(f"{budget}{place}"))
        assert '<span class="mark good">approved</span> <span class="soft">Mira Osei' in page, place
        assert '<li class="route-due" aria-current="step">' in page, place
    asked = text(dana.get(retrieve))
    assert "Approved already by Mira Osei (Approver). That is lost" in asked


def test_whoever_prepared_a_batch_does_not_open_it_as_an_approver(scene, desk):
    batch = acts.send(scene, by=scene.tom)
    desk(scene.tom).get(url(batch))
    assert Batch.objects.get().opened_by is None
    desk(scene.mira).get(url(batch))
    assert Batch.objects.get().opened_by == scene.mira


def test_somebody_without_a_right_to_the_admin_is_told_so_instead_of_asked_to_log_in(scene, desk):
    client = desk(scene.dana)
    answer = client.get("/admin/erp/batch/", follow=True)
    assert answer.status_code == 403
    assert "You may not open this page" in text(answer)
    client.logout()
    assert client.get("/admin/erp/batch/", follow=True).redirect_chain[-1] == (
        "/login/?next=%2Fadmin%2Ferp%2Fbatch%2F",
        302,
    )


def test_several_at_once_say_which_were_only_passed_on(scene, desk):
    rule(scene, "Approver")
    rule(scene, "Controller", scene.jonas)
    batch = acts.send(scene)
    reading = scene.budget.readings.first()
    form = {
        "action": "accept_selected",
        "_selected_action": [batch.pk],
        "confirm": "yes",
        "index": "0",
        f"reading-{batch.pk}": reading.hash,
    }
    page = text(desk(scene.mira).post("/admin/erp/batch/", form, follow=True))
    assert "0 accepted. 1 approved and waiting for the next step." in page
    assert Batch.objects.get().state == "waiting"


def test_an_erp_admin_names_somebody_on_the_page(scene, desk):
    rule(scene, "Controller", scene.tom)
    batch = acts.send(scene)
    Membership.objects.filter(user=scene.tom).update(can_push=False)
    assert "Who takes it for this batch?" not in text(desk(scene.mira).get(url(batch)))
    client = desk(scene.jonas)
    assert "Nobody can take “Controller” any more. Who takes it for this batch?" in text(
        client.get(url(batch))
    )
    assert client.post(url(batch, "do/name_for_step/"), {"person": "x"}).status_code == 422
    client.post(url(batch, "do/name_for_step/"), {"person": scene.mira.pk})
    assert [one.user for one in batch.steps.get().people.order_by("pk")] == [scene.tom, scene.mira]


def test_the_page_takes_the_password_and_never_shows_it_again(scene, desk):
    cache.clear()
    Company.objects.filter(pk=scene.company.pk).update(reauthenticate_above=Decimal("1.00"))
    batch, client = acts.send(scene), desk(scene.mira)
    assert "Your password, because this batch moves more than 1.00" in text(client.get(url(batch)))
    answer = decide(client, batch, password="hunter2hunter2")
    assert answer.status_code == 422
    assert "This is not your password. 4 tries left." in text(answer)
    assert "hunter2hunter2" not in text(answer)
    decide(client, batch, password=PASSWORD)
    assert Batch.objects.get().state == "accepted"
    assert not Event.objects.filter(data__icontains=PASSWORD).exists()


def test_several_at_once_leave_large_ones_out_with_the_sentence(scene, desk):
    Company.objects.filter(pk=scene.company.pk).update(reauthenticate_above=Decimal("1.00"))
    batch = acts.send(scene)
    form = {"action": "accept_selected", "_selected_action": [batch.pk], "index": "0"}
    page = text(desk(scene.mira).post("/admin/erp/batch/", form))
    assert "None of 1 selected batch can be accepted now" in page
    assert "accepting takes your password. Open the batch and type it there." in page


def test_before_sending_dana_sees_the_route(scene, desk):
    rule(scene, "Approver")
    rule(scene, "Controller", scene.jonas)
    lend(scene, scene.jonas, scene.mira)
    acts.lock(scene)
    page = text(desk(scene.dana).get(f"/projects/{scene.project.pk}/budget/send/"))
    assert "The route it will take" in page
    assert "Jonas Lindqvist or Mira Osei (for Jonas Lindqvist)" in page
    assert "2 steps" in page
