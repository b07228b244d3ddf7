"""A route of several steps over HTTP: what is next, naming somebody, and the password."""

from decimal import Decimal

from django.core.cache import cache

from projects.models import Company, Membership
from tests.api.test_batches import batch_url
from tests.erp.test_approval_steps import lend, rule
from tests.support import scene as acts
from tests.support.scene import PASSWORD


def accept(scene, client, batch, **given):
    given["reading_hash"] = scene.budget.readings.first().hash
    return client.post(batch_url(batch, "accept/"), given, format="json")


def test_accept_answers_what_is_next(scene, api):
    rule(scene, "Approver")
    rule(scene, "Controller", scene.jonas)
    lend(scene, scene.jonas, scene.mira)
    batch = acts.send(scene)
    answer = accept(scene, api(scene.tom), batch)
    assert (answer.status_code, answer.json()["state"]) == (200, "waiting")
    first, second = answer.json()["steps"]
    assert (first["name"], first["state"], first["taken_by"]["name"]) == ("Approver", "done", "Tom Baptiste")
    assert (second["state"], second["who"]) == ("due", "Jonas Lindqvist or Mira Osei (for Jonas Lindqvist)")
    done = accept(scene, api(scene.mira), batch).json()
    assert done["state"] == "accepted"
    assert done["steps"][1]["on_behalf_of"]["name"] == "Jonas Lindqvist"


def test_an_erp_admin_names_somebody(scene, api):
    rule(scene, "Controller", scene.tom)
    batch = acts.send(scene)
    Membership.objects.filter(user=scene.tom).update(can_push=False)
    client = api(scene.jonas)
    refused = client.post(batch_url(batch, "name-for-step/"), {"person": scene.ruth.pk}, format="json")
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["person"])
    named = client.post(batch_url(batch, "name-for-step/"), {"person": scene.mira.pk}, format="json")
    assert named.json()["steps"][0]["who"] == "Mira Osei"
    other = api(scene.olga).post(batch_url(batch, "name-for-step/"), {"person": 1}, format="json")
    assert other.status_code == 404


def test_a_large_batch_takes_the_password_in_the_body(scene, api):
    cache.clear()
    Company.objects.filter(pk=scene.company.pk).update(reauthenticate_above=Decimal("1.00"))
    scene.reload()
    batch, client = acts.send(scene), api(scene.mira)
    assert client.get(batch_url(batch)).json()["takes_password"] is True
    told = accept(scene, client, batch)
    assert (told.status_code, told.json()["blockers"][0]["code"]) == (409, "reauthentication_needed")
    wrong = accept(scene, client, batch, password="hunter2")
    assert (wrong.status_code, list(wrong.json()["errors"])) == (400, ["password"])
    done = accept(scene, client, batch, password=PASSWORD)
    assert done.json()["state"] == "accepted"
    assert "password" not in done.json()
