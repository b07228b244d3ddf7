"""Who may call, media types, error shapes of the releases, request ids, the limit of `limit`."""

import pytest

from tests.cmic_simulator.tenant import SERVICES, Tenant, a_header

ADF = {"Rest-Framework-Version": "4"}
COLLECTION = "application/vnd.oracle.adf.resourcecollection+json"
ITEM = "application/vnd.oracle.adf.resourceitem+json"


@pytest.mark.parametrize(
    ("user", "password"),
    [("ACME||TIEBACK", "wrong"), ("ACME|TIEBACK", "secret"), ("", ""), ("ACME||NOBODY", "secret")],
)
def test_wrong_credentials_are_answered_with_a_page(tenant: Tenant, user: str, password: str) -> None:
    with tenant.caller(user, password) as caller:
        answer = caller.get(SERVICES["glcompany"])
    assert answer.status_code == 401
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_the_release_tells_its_version(tenant: Tenant) -> None:
    tenant.control("switches", release="patch22")
    answer = tenant.http.get("jc-rest-api/rest/version").json()
    assert (answer["items"][0]["version"], answer["release"]) == ("1", "patch22")


@pytest.mark.parametrize(
    ("release", "headers", "shape"),
    [
        ("patch21", {}, "text"),
        ("patch21", ADF, "text"),
        ("patch22", {}, "text"),
        ("patch22", ADF, "adf4"),
        ("nexus1", {}, "wsd"),
        ("nexus2", ADF, "wsd"),
    ],
)
def test_each_release_has_its_shape_of_refusals(
    tenant: Tenant, release: str, headers: dict, shape: str
) -> None:
    tenant.control("switches", release=release)
    answer = tenant.post("cmmast", a_header(CmmName="x" * 201), headers=headers)
    assert answer.status_code == 400
    assert "CmmName" in answer.text
    assert shape_of(answer.headers["Content-Type"], answer) == shape


def shape_of(content_type: str, answer: object) -> str:
    if content_type == "text/plain":
        return "text"
    body = answer.json()  # type: ignore[attr-defined]
    if "o:errorDetails" in body:
        assert body["o:errorDetails"][0]["o:errorPath"] in ("CmmName", "")
        assert body["status"] == str(answer.status_code)  # type: ignore[attr-defined]
        return "adf4"
    if "errorMessage" in body:
        assert body["errorCode"].startswith("WSD-")
        assert body["moreDetails"]["ecid"]
        return "wsd"
    return "error" if list(body) == ["error"] else "unknown"


@pytest.mark.parametrize("shape", ["text", "adf4", "wsd", "error"])
def test_any_shape_can_be_switched_on(tenant: Tenant, shape: str) -> None:
    tenant.control("switches", error_shape=shape)
    answer = tenant.http.get(f"{SERVICES['jcjob']}/0")
    assert answer.status_code == 404
    assert shape_of(answer.headers["Content-Type"], answer) == shape


@pytest.mark.parametrize(("release", "shape"), [("patch22", "text"), ("nexus2", "wsd")])
def test_404_405_406_and_415_are_text_before_nexus(tenant: Tenant, release: str, shape: str) -> None:
    tenant.control("switches", release=release)
    path = SERVICES["cmmast"]
    answers = {
        404: tenant.http.get("cm-rest-api/rest/1/nothing", headers=ADF),
        405: tenant.http.delete(path, headers=ADF),
        406: tenant.http.get(path, headers=ADF | {"Accept": "text/html"}),
        415: tenant.http.post(path, content="{}", headers=ADF | {"Content-Type": "text/plain"}),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert shape_of(answer.headers["Content-Type"], answer) == shape


@pytest.mark.parametrize("accept", [COLLECTION, "application/json", "*/*", f"text/html, {COLLECTION};q=0.5"])
def test_the_answers_media_type_is_one_that_was_asked_for(tenant: Tenant, accept: str) -> None:
    answer = tenant.http.get(SERVICES["jcjob"], headers={"Accept": accept})
    wanted = "application/json" if accept == "application/json" else COLLECTION
    assert answer.headers["Content-Type"] == wanted


def test_bodies_are_items_or_json_and_nothing_else(tenant: Tenant) -> None:
    def status(content_type: str, code: str) -> int:
        headers = {"Content-Type": content_type}
        return tenant.post("cmmast", a_header(CmmCode=code), headers=headers).status_code

    assert status(ITEM, "TB-1") == 201
    assert status("application/json; charset=utf-8", "TB-2") == 201
    assert status("application/vnd.oracle.adf.batch+json", "TB-3") == 415
    assert status("application/vnd.oracle.adf.action+json", "TB-3") == 415


@pytest.mark.parametrize(("release", "status"), [("patch21", 200), ("patch22", 400), ("nexus2", 400)])
def test_a_limit_above_a_thousand_is_refused_since_patch22(tenant: Tenant, release: str, status: int) -> None:
    tenant.control("switches", release=release)
    assert tenant.get("jcjob", limit=1001).status_code == status
    assert tenant.get("jcjob", limit=1000).status_code == 200
    tenant.control("switches", limit_cap=10)
    assert tenant.get("jcjob", limit=11).status_code == 400
    tenant.control("switches", limit_cap=0)
    assert tenant.get("jcjob", limit=1001).status_code == 200


@pytest.mark.parametrize("status", [400, 409, 200])
def test_a_repeated_request_id_is_not_processed(tenant: Tenant, status: int) -> None:
    tenant.control("switches", request_id_repeat_status=status)
    once = {"x-api-request-id": "one"}
    assert tenant.post("cmmast", a_header(), headers=once).status_code == 201
    again = tenant.post("cmmast", a_header(CmmCode="TB-2"), headers=once)
    assert again.status_code == status
    assert "Duplicate request" in again.text
    assert [item["CmmCode"] for item in tenant.items("cmmast")] == ["TB-1"]


def test_a_refused_request_uses_its_id_up(tenant: Tenant) -> None:
    once = {"x-api-request-id": "one"}
    assert tenant.post("cmmast", a_header(CmmTypeCode="NONE"), headers=once).status_code == 400
    assert "Duplicate" in tenant.post("cmmast", a_header(), headers=once).text


@pytest.mark.parametrize("kind", ["401", "403", "429", "503_html", "413", "login_html_200", "reset_before"])
def test_what_a_gateway_answers_does_not_use_the_id_up(tenant: Tenant, kind: str) -> None:
    once = {"x-api-request-id": "one"}
    tenant.fault(kind)
    if kind == "reset_before":
        with pytest.raises(Exception, match="reset"):
            tenant.post("cmmast", a_header(), headers=once)
    else:
        tenant.post("cmmast", a_header(), headers=once)
    assert tenant.post("cmmast", a_header(), headers=once).status_code == 201


def test_a_missing_right_does_not_use_the_id_up(tenant: Tenant) -> None:
    once = {"x-api-request-id": "one", "Content-Type": "application/json"}
    assert tenant.http.post(SERVICES["postcm"], json={}, headers=once).status_code == 403
    assert tenant.post("cmmast", a_header(), headers=once).status_code == 201


def test_patch21_knows_no_request_ids(tenant: Tenant) -> None:
    tenant.control("switches", release="patch21")
    once = {"x-api-request-id": "one"}
    for code in ("TB-1", "TB-2"):
        assert tenant.post("cmmast", a_header(CmmCode=code), headers=once).status_code == 201
    tenant.control("switches", request_ids=True)
    assert tenant.post("cmmast", a_header(CmmCode="TB-3"), headers=once).status_code == 201
    assert tenant.post("cmmast", a_header(CmmCode="TB-4"), headers=once).status_code == 400


def test_an_unknown_switch_changes_nothing(tenant: Tenant) -> None:
    answer = tenant.sim.post("switches", json={"release": "patch21", "nothing": 1})
    assert answer.status_code == 400
    assert tenant.sim.post("switches", json={"release": "R12"}).status_code == 400
    assert tenant.state()["switches"]["release"] == "nexus2"
