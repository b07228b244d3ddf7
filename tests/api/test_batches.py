"""Sending, deciding and delivering over HTTP."""

from datetime import timedelta

from django.utils import timezone

from budgets.selectors import state_of
from tests.support import scene as acts
from tests.support.scene import MAIN


def budget(scene, rest: str = "") -> str:
    return f"/api/v1/budgets/{scene.project.pk}/{rest}"


def batch_url(batch, rest: str = "") -> str:
    return f"/api/v1/batches/{batch.pk}/{rest}"


def test_dana_sends_and_the_batch_holds_what_was_new(scene, api):
    acts.lock(scene)
    answer = api(scene.dana).post(budget(scene, "send/"), {"note": "Please before Friday"}, format="json")
    assert answer.status_code == 201
    sent = answer.json()
    assert (sent["state"], sent["moved"], sent["net"], sent["note"]) == (
        "waiting",
        "92500.75",
        "92500.75",
        "Please before Friday",
    )
    (item,) = sent["items"]
    assert (item["kind"], len(item["lines"]), item["document"]) == ("original", 6, None)
    assert item["lines"][0]["target"] == "20000.00"
    assert [event["action"] for event in sent["events"]] == ["send"]


def test_dana_retrieves(scene, api):
    acts.send(scene)
    assert api(scene.dana).post(budget(scene, "retrieve/")).json()["state"] == "retrieved"
    assert state_of(scene.reload()).code == "ready"


def test_mira_reads_what_cmic_holds_and_accepts_on_it(scene, api):
    scene.sheet.hold(MAIN, "03-30-00", "1000", "14000.00")
    batch = acts.send(scene)
    client = api(scene.mira)
    reading = client.get(batch_url(batch, "reading/")).json()
    assert reading["rows"][0]["current"] == "14000.00"
    assert reading["statuses"] == {MAIN: "started", "26-0288-01": "started"}
    answer = client.post(batch_url(batch, "accept/"), {"reading_hash": reading["hash"]}, format="json")
    assert answer.status_code == 200
    accepted = answer.json()
    assert (accepted["state"], accepted["accepted_by"]["name"]) == ("accepted", "Mira Osei")
    assert accepted["items"][0]["document"]["state"] == "queued"
    assert len(accepted["items"][0]["document"]["number"]) == 11


def test_accepting_on_a_reading_that_cmic_has_left_behind_is_refused(scene, api):
    batch = acts.send(scene)
    seen = api(scene.mira).get(batch_url(batch)).json()["reading"]["hash"]
    scene.sheet.hold(MAIN, "03-30-00", "1000", "14000.00")
    acts.read(scene)
    answer = api(scene.mira).post(batch_url(batch, "accept/"), {"reading_hash": seen}, format="json")
    assert answer.status_code == 409
    assert [blocker["code"] for blocker in answer.json()["blockers"]] == ["erp_changed"]


def test_accepting_on_an_old_reading_is_refused(scene, api):
    batch = acts.send(scene, read_it=False)
    reading = acts.read(scene, at=timezone.now() - timedelta(minutes=16))
    answer = api(scene.mira).post(batch_url(batch, "accept/"), {"reading_hash": reading.hash}, format="json")
    assert [blocker["code"] for blocker in answer.json()["blockers"]] == ["reading_old"]


def test_nobody_accepts_what_he_sent_himself(scene, api):
    batch = acts.send(scene, by=scene.tom)
    seen = api(scene.tom).get(batch_url(batch)).json()
    accept = next(action for action in seen["actions"] if action["name"] == "accept")
    assert [blocker["code"] for blocker in accept["blockers"]] == ["you_prepared_it"]
    answer = api(scene.tom).post(
        batch_url(batch, "accept/"), {"reading_hash": seen["reading"]["hash"]}, format="json"
    )
    assert answer.status_code == 409
    batch.refresh_from_db()
    assert batch.state == "waiting"


def test_mira_rejects_with_a_remark_and_dana_answers_it(scene, api):
    batch = acts.send(scene)
    line = scene.lines[MAIN, "03-30-00", "M"]
    given = {"reason_code": "amounts", "reason": "Concrete is too high.", "remarks": {line.pk: "Ready-mix?"}}
    answer = api(scene.mira).post(batch_url(batch, "reject/"), given, format="json")
    assert answer.status_code == 200
    (remark,) = answer.json()["remarks"]
    assert (answer.json()["state"], remark["line"], remark["text"]) == ("rejected", line.pk, "Ready-mix?")
    answered = api(scene.dana).post(
        budget(scene, f"remarks/{remark['id']}/answer/"), {"answer": "Yes, C40."}, format="json"
    )
    assert answered.json()["answer"] == "Yes, C40."


def test_a_rejection_without_a_reason_is_refused(scene, api):
    batch = acts.send(scene)
    answer = api(scene.mira).post(batch_url(batch, "reject/"), {"reason_code": "whim"}, format="json")
    assert (answer.status_code, set(answer.json()["errors"])) == (400, {"reason_code", "reason"})


def test_a_refused_document_is_retried_and_then_confirmed_posted(scene, api):
    batch = acts.send(scene)
    acts.accept(scene, batch)
    acts.refuse(batch)
    client = api(scene.mira)
    document = client.get(batch_url(batch)).json()["items"][0]["document"]
    assert (document["state"], document["findings"][0]["code"]) == ("refused", "phase_inactive")
    assert client.post(batch_url(batch, "retry/")).json()["items"][0]["document"]["state"] == "queued"
    acts.deliver(batch)
    assert client.post(batch_url(batch, "check-now/")).status_code == 202
    early = client.post(batch_url(batch, "confirm-posted/"), {"note": "JC batch 118"}, format="json")
    assert [blocker["code"] for blocker in early.json()["blockers"]] == ["not_asked_lately"]
    acts.ask(batch, "waiting")
    unsaid = client.post(batch_url(batch, "confirm-posted/"), {"note": "JC batch 118"}, format="json")
    assert (unsaid.status_code, list(unsaid.json()["errors"])) == (400, ["despite_erp"])
    given = {"note": "JC batch 118", "despite_erp": True}
    answer = client.post(batch_url(batch, "confirm-posted/"), given, format="json")
    assert answer.json()["state"] == "posted"
    document = answer.json()["items"][0]["document"]
    assert (document["by_hand"]["state"], document["by_hand"]["against"]) == ("watched", "waiting")


def test_mira_returns_a_batch_to_the_project_manager(scene, api):
    batch = acts.send(scene)
    acts.accept(scene, batch)
    answer = api(scene.mira).post(
        batch_url(batch, "return-to-pm/"), {"note": "Owner wants a split"}, format="json"
    )
    assert answer.status_code == 202
    assert answer.json()["items"][0]["document"]["state"] == "withdrawn"


def test_a_reading_is_asked_for_anew(scene, api):
    batch = acts.send(scene)
    assert api(scene.mira).post(batch_url(batch, "read-again/")).status_code == 202
    assert scene.budget.readings.first().state == "asked"


def test_the_auditor_sees_everything_and_decides_nothing(scene, api):
    batch = acts.send(scene)
    client = api(scene.ruth)
    seen = client.get(batch_url(batch)).json()
    assert seen["actions"] and not any(action["available"] for action in seen["actions"])
    given = {"reading_hash": seen["reading"]["hash"]}
    answer = client.post(batch_url(batch, "accept/"), given, format="json")
    assert [blocker["code"] for blocker in answer.json()["blockers"]] == ["no_right_to_decide"]


def test_another_companys_batch_does_not_exist(scene, api):
    batch = acts.send(scene)
    client = api(scene.olga)
    assert client.get("/api/v1/batches/").json()["count"] == 0
    assert client.get(batch_url(batch)).status_code == 404
    for rest in (
        *("accept/", "reject/", "retry/", "return-to-pm/", "check-now/", "confirm-posted/", "read-again/"),
        "close-alarm/",
    ):
        assert client.post(batch_url(batch, rest), {}, format="json").status_code == 404, rest


def test_the_list_of_batches_is_narrowed_by_state(scene, api):
    acts.send(scene)
    client = api(scene.dana)
    assert client.get("/api/v1/batches/?state=waiting").json()["count"] == 1
    assert client.get("/api/v1/batches/?state__in=accepted,posted").json()["count"] == 0


def test_asking_for_batches_of_a_foreign_project_is_answered_like_asking_for_none_there_is(scene, api):
    acts.send(scene)
    for field, foreign in (
        ("budget__project", scene.project.pk),
        ("budget__project__company", scene.company.pk),
    ):
        answers = [api(scene.olga).get(f"/api/v1/batches/?{field}={asked}") for asked in (foreign, 999_999)]
        assert [a.status_code for a in answers] == [200, 200]
        assert answers[0].content == answers[1].content
        own = api(scene.dana).get(f"/api/v1/batches/?{field}={foreign}").json()
        assert own["count"] == 1
        for huge in (10**30, "9" * 5000):
            assert api(scene.olga).get(f"/api/v1/batches/?{field}={huge}").status_code in (200, 400)
