"""A password may be tried a few times, whatever door it is tried at."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from budgets.errors import InvalidInput
from erp.approval import reauthentication
from projects import tries
from tests.api.test_login import basic
from tests.support.scene import PASSWORD


@pytest.fixture
def here() -> str:
    """An address that nobody has tried from."""
    return str(uuid.uuid4())


def page(password: str, address: str, who: str = "mira") -> Any:
    return Client(REMOTE_ADDR=address).post("/login/", {"username": who, "password": password})


def api(password: str, address: str, who: str = "mira") -> int:
    client = APIClient(REMOTE_ADDR=address)
    return int(client.post("/api/v1/auth/login/", HTTP_AUTHORIZATION=basic(who, password)).status_code)


def test_after_a_few_wrong_ones_the_right_one_is_of_no_use_from_there(scene, here):
    for _ in range(tries.FROM_HERE // 2):
        assert "do not match" in page("not it", here).content.decode()
        assert api("not it", here) == 401
    assert "Too many wrong passwords for this user name" in page(PASSWORD, here).content.decode()
    assert api(PASSWORD, here) == 429
    assert api(PASSWORD, here, who="dana") == 200
    assert page(PASSWORD, f"{here}, elsewhere").status_code == 302, "the person is not shut out"


@pytest.mark.parametrize(("proxy", "believed"), [("127.0.0.1", True), ("203.0.113.9", False)])
def test_behind_a_proxy_that_is_trusted_each_visitor_has_an_address(scene, proxy, believed):
    def visit(password: str, address: str) -> Any:
        told = f"198.51.100.77, {address}"  # the first was sent by the visitor, the last one was seen by the proxy
        client = Client(REMOTE_ADDR=proxy, HTTP_X_FORWARDED_FOR=told)
        return client.post("/login/", {"username": "mira", "password": password})

    for _ in range(tries.FROM_HERE):
        assert visit("not it", "192.0.2.66").status_code == 200
    assert "Too many wrong passwords" in visit(PASSWORD, "192.0.2.66").content.decode()
    assert (visit(PASSWORD, "192.0.2.10").status_code == 302) is believed


def test_a_name_that_is_nobodys_is_answered_alike(scene, here):
    for _ in range(tries.FROM_HERE):
        assert api("not it", here, who="nobody") == 401
    assert api("not it", here, who="nobody") == 429


def test_all_doors_together_count_for_a_person(scene, here):
    for place in range(tries.IN_ALL - 1):
        assert api("not it", f"{here}, {place}") == 401
    with pytest.raises(InvalidInput, match="This is not your password"):
        reauthentication.prove(scene.mira, "not it")
    with pytest.raises(InvalidInput, match="Too many wrong passwords"):
        reauthentication.prove(scene.mira, PASSWORD)
    assert api(PASSWORD, f"{here}, another") == 429


def test_who_gets_it_right_begins_anew(scene, here):
    for _ in range(3):
        for _ in range(tries.FROM_HERE - 1):
            assert api("not it", here) == 401
        assert api(PASSWORD, here) == 200


def test_people_log_in_while_the_cache_is_down(scene, here, settings):
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    assert page(PASSWORD, here).status_code == 302
    assert page("not it", here).status_code == 200
