"""A project manager's budget over HTTP."""

import pytest

from budgets.models import BudgetLine
from tests.support import scene as acts
from tests.support.scene import MAIN


def address(scene, rest: str = "") -> str:
    return f"/api/v1/budgets/{scene.project.pk}/{rest}"


def new_line(**more) -> dict:
    return {"job": MAIN, "cost_code": "01-31-00", "cost_type": "M", "amount": "1234.50", **more}


def test_a_project_shows_its_jobs_and_where_its_budget_stands(scene, api):
    shown = api(scene.dana).get(f"/api/v1/projects/{scene.project.pk}/").json()
    assert [(job["code"], job["is_main"]) for job in shown["jobs"]] == [(MAIN, True), ("26-0288-01", False)]
    assert (shown["state"]["code"], shown["company"]["code"]) == ("draft", "001")


def test_a_budget_shows_state_totals_and_every_action_with_all_its_blockers(scene, api):
    shown = api(scene.ruth).get(address(scene)).json()
    assert shown["state"]["code"] == "draft"
    assert shown["totals"] == {"original": "92500.75", "modifications": "0.00", "revised": "92500.75"}
    actions = {action["name"]: action for action in shown["actions"]}
    assert {"lock", "unlock", "add_line", "modify", "send", "retrieve"} <= set(actions)
    assert not actions["send"]["available"]
    found = {blocker["code"]: blocker for blocker in actions["send"]["blockers"]}
    assert set(found) == {"budget_not_locked", "no_right_to_send"}
    assert found["no_right_to_send"]["kind"] == "permission"
    assert found["no_right_to_send"]["who"] == "Dana Reyes or Tom Baptiste"


def test_offending_lines_come_with_their_ids_and_links(scene, api):
    line = acts.add_line(scene.budget, scene.dana, MAIN, "", "L", "1.00")
    shown = api(scene.dana).get(address(scene)).json()
    lock = next(action for action in shown["actions"] if action["name"] == "lock")
    assert [place["id"] for place in lock["blockers"][0]["lines"]] == [line.pk]
    assert api(scene.dana).get(lock["blockers"][0]["lines"][0]["link"]).status_code == 200


def test_every_amount_is_a_string(scene, api):
    lines = api(scene.dana).get(address(scene, "lines/")).json()["results"]
    assert [line["amount"] for line in lines if line["cost_type"] == "S"] == ["12500.50"]
    assert all(
        isinstance(line[name], str) for line in lines for name in ("amount", "modifications", "revised")
    )


def test_codes_are_kept_to_the_character(scene, api):
    answer = api(scene.dana).post(address(scene, "lines/"), new_line(cost_code=" 007 "), format="json")
    assert answer.status_code == 201
    assert BudgetLine.objects.get(pk=answer.json()["id"]).code == " 007 "


def test_dana_adds_changes_and_deletes_a_line(scene, api):
    client = api(scene.dana)
    added = client.post(address(scene, "lines/"), new_line(), format="json").json()
    assert (added["amount"], added["revised"], added["version"]) == ("1234.50", "1234.50", 0)
    one = address(scene, f"lines/{added['id']}/")
    changed = client.patch(one, {"version": 0, "amount": "0.30"}, format="json").json()
    assert (changed["amount"], changed["version"], changed["cost_code"]) == ("0.30", 1, "01-31-00")
    assert client.delete(one).status_code == 204
    assert client.get(one).status_code == 404


def test_a_change_of_a_line_somebody_else_changed_meanwhile_is_a_conflict(scene, api):
    client = api(scene.dana)
    line = client.post(address(scene, "lines/"), new_line(), format="json").json()
    one = address(scene, f"lines/{line['id']}/")
    api(scene.tom).patch(one, {"version": 0, "amount": "1.00"}, format="json")
    answer = client.patch(one, {"version": 0, "amount": "2.00"}, format="json")
    assert answer.status_code == 409
    assert "Tom Baptiste" in answer.json()["conflict"]
    assert client.get(one).json()["amount"] == "1.00"


def test_a_change_without_the_version_is_refused(scene, api):
    line = next(iter(scene.lines.values()))
    answer = api(scene.dana).patch(address(scene, f"lines/{line.pk}/"), {"amount": "2.00"}, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["version"])


@pytest.mark.parametrize("amount", ["0.001", "many", "99999999999999.00", 0.1, True])
def test_an_amount_that_cannot_be_kept_exactly_is_refused(scene, api, amount):
    answer = api(scene.dana).post(address(scene, "lines/"), new_line(amount=amount), format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["amount"])


def test_what_the_service_finds_wrong_is_told_by_field(scene, api):
    answer = api(scene.dana).post(address(scene, "lines/"), new_line(job="26-0900"), format="json")
    assert answer.status_code == 400
    assert answer.json()["errors"]["job"].startswith("26-0900 is no job of this project.")


def test_dana_locks_and_unlocks(scene, api):
    client = api(scene.dana)
    assert client.post(address(scene, "lock/")).json()["state"]["code"] == "ready"
    assert client.post(address(scene, "unlock/")).json()["state"]["code"] == "draft"


def test_a_blocked_action_answers_409_with_every_blocker(scene, api):
    acts.lock(scene)
    answer = api(scene.ruth).post(address(scene, "lock/"))
    assert answer.status_code == 409
    assert [blocker["code"] for blocker in answer.json()["blockers"]] == ["not_draft", "no_right_to_lock"]


def test_a_modification_is_written_made_effective_and_voided(scene, api):
    acts.lock(scene)
    client = api(scene.dana)
    up, down = (scene.lines[MAIN, "03-30-00", kind].pk for kind in ("L", "M"))
    typed = {
        "title": "Own crew places concrete",
        "date": "2026-11-02",
        "lines": [{"line": up, "amount": "500.00"}, {"line": down, "amount": "-500.00"}],
    }
    draft = client.post(address(scene, "modifications/"), typed, format="json").json()
    assert (draft["state"], draft["moved"], draft["net"]) == ("draft", "500.00", "0.00")
    one = address(scene, f"modifications/{draft['id']}/")
    changed = client.put(one, {**typed, "title": "Own crew", "version": draft["version"]}, format="json")
    assert changed.json()["title"] == "Own crew"
    assert client.post(f"{one}make-effective/").json()["number"] == 1
    assert client.get(address(scene)).json()["totals"]["modifications"] == "0.00"
    line = client.get(address(scene, f"lines/{up}/")).json()
    assert (line["modifications"], line["revised"]) == ("500.00", "15500.00")
    assert client.post(f"{one}void/").json()["state"] == "void"


def test_a_draft_modification_is_deleted_and_an_effective_one_is_not(scene, api):
    acts.lock(scene)
    keys = (MAIN, "03-30-00", "L"), (MAIN, "03-30-00", "M")
    draft = acts.modify(scene, "Draft", (keys[0], "5.00"), (keys[1], "-5.00"), effective=False)
    kept = acts.modify(scene, "Kept", (keys[0], "7.00"), (keys[1], "-7.00"))
    client = api(scene.dana)
    assert client.delete(address(scene, f"modifications/{draft.pk}/")).status_code == 204
    answer = client.delete(address(scene, f"modifications/{kept.pk}/"))
    assert (answer.status_code, answer.json()["blockers"][0]["code"]) == (409, "modification_not_draft")


def test_a_modification_of_another_budgets_line_is_refused(scene, api):
    acts.lock(scene)
    foreign = scene.other_budget.lines.get()
    typed = {"title": "x", "date": "2026-11-02", "lines": [{"line": foreign.pk, "amount": "1.00"}]}
    answer = api(scene.dana).post(address(scene, "modifications/"), typed, format="json")
    assert answer.json()["errors"]["lines"] == f"Not in this budget: line {foreign.pk}."


def test_what_is_wrong_in_a_row_is_told_by_its_place(scene, api):
    acts.lock(scene)
    typed = {"title": "x", "date": "soon", "lines": [{"line": 1, "amount": "a lot"}]}
    answer = api(scene.dana).post(address(scene, "modifications/"), typed, format="json")
    assert set(answer.json()["errors"]) == {"date", "lines.0.amount"}


def test_another_companys_budget_does_not_exist(scene, api):
    line = next(iter(scene.lines.values()))
    client = api(scene.olga)
    for method, rest in [
        ("get", ""),
        ("get", "lines/"),
        ("post", "lines/"),
        ("get", f"lines/{line.pk}/"),
        ("patch", f"lines/{line.pk}/"),
        ("delete", f"lines/{line.pk}/"),
        ("get", "modifications/"),
        ("post", "lock/"),
        ("post", "unlock/"),
        ("post", "send/"),
        ("post", "retrieve/"),
    ]:
        assert getattr(client, method)(address(scene, rest)).status_code == 404, (method, rest)
    assert client.get(f"/api/v1/projects/{scene.project.pk}/").status_code == 404


def test_a_line_of_another_budget_is_not_found_below_ones_own(scene, api):
    foreign = scene.other_budget.lines.get()
    assert api(scene.dana).get(address(scene, f"lines/{foreign.pk}/")).status_code == 404


def test_the_number_of_queries_does_not_grow_with_the_lines(scene, api, django_assert_max_num_queries):
    client = api(scene.dana)
    for cents in range(20):
        acts.add_line(scene.budget, scene.dana, MAIN, f"99-{cents:02}", "L", f"{cents}.00")
    with django_assert_max_num_queries(9):
        assert client.get(address(scene, "lines/")).json()["count"] == 26
