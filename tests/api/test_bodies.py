"""What the API takes as a body, and what it refuses before it looks at fields."""

from typing import Any

import pytest


def line(scene: Any) -> Any:
    return next(iter(scene.lines.values()))


def address(scene: Any) -> str:
    return f"/api/v1/budgets/{scene.project.pk}/lines/"


@pytest.mark.parametrize("body", ["[" * 200_000, '{"amount": NaN}', '{"amount": 1e999}', "{", b"\xff"])
def test_a_body_that_is_no_json_is_refused_with_a_sentence(scene, api, body):
    answer = api(scene.dana).post(address(scene), body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("This is no JSON: ")


def test_a_form_is_refused_because_what_it_leaves_out_looks_like_a_no(scene, api):
    row, client = line(scene), api(scene.dana)
    one = f"{address(scene)}{row.pk}/"
    automatic = {"version": row.version, "quantity": "2", "unit_cost": "3", "automatic": True}
    changed = client.patch(one, automatic, format="json").json()
    form = {"version": changed["version"], "description": "only this"}
    for kind in ("multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
        assert client.patch(one, "version=1", content_type=kind).status_code == 415
    answer = client.patch(one, form, format="json").json()
    assert (answer["automatic"], answer["amount"]) == (True, "6.00")
