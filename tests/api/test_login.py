"""Logging in to the API."""

from base64 import b64encode

from rest_framework.test import APIClient

from tests.support.scene import PASSWORD


def basic(username: str, password: str) -> str:
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()


def token_of(username: str) -> str:
    answer = APIClient().post("/api/v1/auth/login/", HTTP_AUTHORIZATION=basic(username, PASSWORD))
    assert answer.status_code == 200
    return answer.json()["token"]


def test_a_person_trades_a_password_for_a_token_and_reads_her_projects(scene):
    client = APIClient(HTTP_AUTHORIZATION=f"Token {token_of('dana')}")
    answer = client.get("/api/v1/projects/")
    assert [project["name"] for project in answer.json()["results"]] == ["Quay Street"]


def test_after_logging_out_the_token_opens_nothing(scene):
    client = APIClient(HTTP_AUTHORIZATION=f"Token {token_of('dana')}")
    assert client.post("/api/v1/auth/logout/").status_code == 204
    assert client.get("/api/v1/projects/").status_code == 401


def test_a_wrong_password_gets_no_token(scene):
    answer = APIClient().post("/api/v1/auth/login/", HTTP_AUTHORIZATION=basic("dana", "wrong"))
    assert answer.status_code == 401
    assert "token" not in answer.json()


def test_nobody_reads_anything_without_logging_in(scene):
    addresses = [
        "projects/",
        f"projects/{scene.project.pk}/",
        f"budgets/{scene.project.pk}/",
        f"budgets/{scene.project.pk}/lines/",
        f"budgets/{scene.project.pk}/modifications/",
        "batches/",
    ]
    for address in addresses:
        assert APIClient().get(f"/api/v1/{address}").status_code == 401, address


def test_a_session_without_the_csrf_token_changes_nothing(scene):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(scene.dana)
    answer = client.post(f"/api/v1/budgets/{scene.project.pk}/lock/")
    assert answer.status_code == 403
    assert scene.reload().state == "draft"


def test_a_login_or_token_that_can_be_nobodys_is_refused_like_a_wrong_one(scene):
    answer = APIClient().post("/api/v1/auth/login/", HTTP_AUTHORIZATION=basic("a\0b", "c"))
    assert answer.status_code == 401
    for token in ("\xff\xfe", "\0\0"):
        for address in ("projects/", "auth/logout/"):
            answer = APIClient().post(f"/api/v1/{address}", HTTP_AUTHORIZATION=f"Token {token}")
            assert answer.status_code == 401, (token, address)
