"""What only a broken or hostile program sends is answered with a sentence, never with an error of ours."""

import pytest
from django.test import Client

from tests.browser_pages.conftest import Desk, words
from tests.support.scene import send

pytestmark = pytest.mark.django_db


def test_text_with_a_nul_is_refused_with_a_sentence_and_changes_nothing(desk: Desk) -> None:
    answer = desk.send("line_add", cost_code="01-31-00", cost_type="M", description="a\0b", amount="1.00")
    assert answer.status_code == 400
    assert "contains a NUL character" in words(answer)
    assert desk.scene.budget.lines.count() == len(desk.scene.lines)


def test_an_address_with_a_nul_is_refused_in_the_queue_and_in_the_api(desk: Desk) -> None:
    desk.log_in(desk.scene.mira)
    assert desk.client.get("/admin/erp/batch/?note__startswith=%00").status_code == 400
    answer = desk.client.get("/api/v1/batches/?state=%00")
    assert (answer.status_code, "NUL" in answer.json()["detail"]) == (400, True)


def test_more_than_any_page_takes_is_refused_before_it_is_read(desk: Desk) -> None:
    huge = {"CONTENT_LENGTH": str(64 * 1024**2 + 1), "content_type": "multipart/form-data; boundary=x"}
    answer = desk.client.generic("POST", desk.url("import"), b"", **huge)
    assert (answer.status_code, "larger than 64 MB" in words(answer)) == (413, True)
    told = desk.client.generic("POST", "/api/v1/batches/", b"", **huge)
    assert (told.status_code, "larger than 64 MB" in told.json()["detail"]) == (413, True)
    for odd in ("9" * 5000, "-1", "²", ""):
        assert desk.client.generic("GET", "/", b"", CONTENT_LENGTH=odd).status_code in {200, 413}


def test_a_session_cookie_with_a_nul_is_no_session(desk: Desk) -> None:
    stranger = Client()
    stranger.cookies["sessionid"] = "aaaaaaaaaa\0b"
    answer = stranger.get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/login/?next=/")


@pytest.mark.parametrize("long", ["9" * 5000, str(10**30), "²"])
def test_a_number_that_is_none_is_like_a_wrong_one(desk: Desk, long: str) -> None:
    page = desk.url("page")
    assert desk.send("line_edit", desk.concrete.pk, version=long, amount="1.00").status_code == 409
    for missing in (
        f"/projects/{long}/budget/",
        f"/projects/{long}/budget/do/lock/",
        f"{page}modifications/{long}/do/void/",
        f"{page}lines/{long}/",
        f"{page}batches/{long}/",
    ):
        assert desk.client.get(missing).status_code == 404, missing
    assert desk.get("modification_new", reverse=long).status_code == 200


@pytest.mark.parametrize("long", ["9" * 5000, str(10**30), "²", "x"])
def test_the_queue_and_the_trail_take_no_nonsense_for_an_id(desk: Desk, long: str) -> None:
    desk.log_in(desk.scene.mira)
    for filtered in (
        f"erp/batch/?company={long}",
        f"erp/batch/?sender={long}",
        f"workflow/event/?chain={long}",
    ):
        assert desk.client.get(f"/admin/{filtered}").status_code == 200, filtered
    selected = {"action": "accept_selected", "_selected_action": [long], "index": 0}
    assert desk.client.post("/admin/erp/batch/", selected).status_code == 400


def test_a_remark_under_a_number_of_5000_digits_is_refused(desk: Desk) -> None:
    batch = send(desk.scene)
    desk.log_in(desk.scene.mira)
    answer = desk.client.post(
        f"/api/v1/batches/{batch.pk}/reject/",
        {"reason_code": "other", "reason": "Too high.", "remarks": {"9" * 5000: "Why?"}},
        content_type="application/json",
    )
    assert answer.status_code == 400
    assert answer.json()["errors"]["remarks"] == "Give each remark under the id of its budget line."
