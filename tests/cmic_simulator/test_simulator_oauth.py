"""OAuth2 client credentials beside Basic authentication."""

import base64
import json

import httpx2
import pytest

from tests.cmic_simulator.tenant import SERVICES, Tenant

GRANT = {"grant_type": "client_credentials"}


def ask(
    tenant: Tenant, client: str = "tieback-client", secret: str = "secret", **form: str
) -> httpx2.Response:
    return httpx2.post(f"{tenant.origin}/oauth2/v1/token", auth=(client, secret), data=GRANT | form)


def with_token(tenant: Tenant, token: str, service: str = "jcjob") -> httpx2.Response:
    url = f"{tenant.origin}/cmictest/{SERVICES[service]}"
    return httpx2.get(url, headers={"Authorization": f"Bearer {token}"})


def test_a_token_logs_its_user_in(tenant: Tenant) -> None:
    answer = ask(tenant)
    told = answer.json()
    assert (answer.status_code, told["token_type"], told["expires_in"]) == (200, "Bearer", 3600)
    claims = json.loads(base64.urlsafe_b64decode(told["access_token"].split(".")[1] + "=="))
    assert claims["cmicuser"] == "ACME||TIEBACK"
    assert with_token(tenant, told["access_token"]).status_code == 200
    assert tenant.journal()[-1]["user"] == "ACME||TIEBACK"


def test_the_client_may_name_itself_in_the_form(tenant: Tenant) -> None:
    form = {**GRANT, "client_id": "accountant-client", "client_secret": "secret"}
    token = httpx2.post(f"{tenant.origin}/oauth2/v1/token", data=form).json()["access_token"]
    assert with_token(tenant, token).status_code == 200
    assert tenant.journal()[-1]["user"] == "ACME||ACCOUNTANT"


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"secret": "wrong"}, 401, "invalid_client"),
        ({"client": "nobody"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_a_wrong_client_gets_no_token(tenant: Tenant, changes: dict, status: int, error: str) -> None:
    answer = ask(tenant, **changes)
    assert (answer.status_code, answer.json()) == (status, {"error": error})


def test_a_token_ends_by_the_virtual_clock(tenant: Tenant) -> None:
    tenant.control("switches", token_seconds=60)
    token = ask(tenant).json()["access_token"]
    tenant.control("clock", advance=61)
    assert with_token(tenant, token).status_code == 401


def test_a_token_that_was_tampered_with_is_worth_nothing(tenant: Tenant) -> None:
    head, claims, signature = ask(tenant).json()["access_token"].split(".")
    other = base64.urlsafe_b64encode(b'{"cmicuser":"ACME||ACCOUNTANT","exp":9999999999}').decode().rstrip("=")
    for token in (f"{head}.{other}.{signature}", "x", "a.b.c", f"{head}.{claims}."):
        assert with_token(tenant, token).status_code == 401, token


def test_either_way_of_logging_in_can_be_switched_off(tenant: Tenant) -> None:
    token = ask(tenant).json()["access_token"]
    for ways, basic, bearer in (("basic", 200, 401), ("oauth2", 401, 200), ("both", 200, 200)):
        tenant.control("switches", authentication=ways)
        assert (tenant.get("jcjob").status_code, with_token(tenant, token).status_code) == (basic, bearer)
