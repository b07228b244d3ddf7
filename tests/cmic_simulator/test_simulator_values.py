"""Single values in POST and PATCH: names, types, lengths, decimals, mandatory, updatable."""

from decimal import Decimal

import pytest

from tests.cmic_simulator.tenant import SERVICES, Tenant, a_header, a_line

JSON = {"Content-Type": "application/json"}


def test_a_created_item_is_answered_with_201_and_its_address(tenant: Tenant) -> None:
    answer = tenant.post("cmmast", a_header())
    assert answer.status_code == 201
    assert answer.json()["CmmStatCode"] == "U"
    assert answer.json()["CmmPostDate"] is None
    assert tenant.http.get(answer.headers["Location"]).json()["CmmCode"] == "TB-1"


@pytest.mark.parametrize(
    "changes",
    [
        {"NoSuchName": "x"},
        {"CmmName": "x" * 201},
        {"CmmCode": "TB-123456789"},
        {"CmmName": None},
        {"CmmName": ""},
        {"CmmCode": 7},
        {"CmmRefDate": "01.11.2026"},
        {"CmmRefDate": "2026-02-30"},
        {"CmmCalcProjAmtMethod": "X"},
        {"CmmTypeCode": "NONE"},
        {"CmmPrepostStatCode": "NONE"},
        {"CmmCompCode": "999"},
        {"CmmJobCode": "99-9"},
    ],
)
def test_a_header_with_a_wrong_value_is_refused(tenant: Tenant, changes: dict) -> None:
    assert tenant.post("cmmast", a_header(**changes)).status_code == 400
    assert tenant.items("cmmast") == []


@pytest.mark.parametrize("name", [name for name in a_header() if name != "CmmCode"])
def test_a_mandatory_value_must_be_there(tenant: Tenant, name: str) -> None:
    header = a_header()
    del header[name]
    answer = tenant.post("cmmast", header)
    assert answer.status_code == 400
    assert name in answer.text


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("0.10", "0.1"),
        ("-0.01", "-0.01"),
        ("9999999999999.99", "9999999999999.99"),
        ("-9999999999999999.99", "-9999999999999999.99"),
        ("100", "100"),
        ("100.0", "100"),
        ("100.00", "100"),
        ("1e2", "100"),
    ],
)
def test_amounts_survive_to_the_last_digit(tenant: Tenant, text: str, stored: str) -> None:
    tenant.post("cmmast", a_header())
    body = '{"CmdCompCode":"001","CmdMastJobCode":"26-1","CmdChgCode":"TB-1","CmdJobCode":"26-1",'
    body += f'"CmdPhsCode":"03-30-00","CmdCatCode":"1000","CmdBudgAmt":{text}}}'
    answer = tenant.http.post(SERVICES["cmdetail"], content=body, headers=JSON)
    assert answer.status_code == 201, answer.text
    assert f'"CmdBudgAmt":{stored},' in answer.text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("CmdBudgAmt", "0.001"),
        ("CmdBudgAmt", '"100.00"'),
        ("CmdBudgAmt", "true"),
        ("CmdBudgAmt", "NaN"),
        ("CmdBudgAmt", "1e999999"),
        ("CmdBudgAmt", "1e-999999"),
        ("CmdBudgAmt", "10000000000000000"),
        ("CmdBudgUnits", "0.00001"),
        ("CmdBudgUnits", "100000000000000"),
    ],
)
def test_a_number_that_does_not_fit_is_refused(tenant: Tenant, name: str, text: str) -> None:
    tenant.post("cmmast", a_header())
    body = '{"CmdCompCode":"001","CmdMastJobCode":"26-1","CmdChgCode":"TB-1","CmdJobCode":"26-1",'
    body += f'"CmdPhsCode":"03-30-00","CmdCatCode":"1000","CmdBudgAmt":1,"{name}":{text}}}'
    assert tenant.http.post(SERVICES["cmdetail"], content=body, headers=JSON).status_code == 400
    assert tenant.items("cmdetail") == []


def test_three_dimes_are_thirty_cents(tenant: Tenant) -> None:
    tenant.pci(0.1, 0.1, 0.1)
    assert sum(line["CmdBudgAmt"] for line in tenant.items("cmdetail")) == Decimal("0.3")


def test_units_have_four_decimals(tenant: Tenant) -> None:
    tenant.post("cmmast", a_header())
    answer = tenant.post("cmdetail", a_line(CmdBudgUnits=12.3456, CmdWmCode="SF"))
    assert answer.json()["CmdBudgUnits"] == 12.3456


def test_codes_keep_their_zeros_and_spaces(tenant: Tenant) -> None:
    tenant.control("seed", jobs=[{"company": "001", "code": " 007 "}])
    assert tenant.post("cmmast", a_header(CmmJobCode=" 007 ", CmmCode="00 1")).status_code == 201
    [item] = tenant.items("cmmast", q="CmmJobCode = ' 007 '")
    assert item["CmmCode"] == "00 1"


def test_non_updatable_values_are_ignored_on_create_and_refused_in_a_change(tenant: Tenant) -> None:
    created = tenant.post("cmmast", a_header(CmmPostDate="2026-01-01", CmmVUuid="MINE", CmmStatCode="P"))
    item = created.json()
    assert created.status_code == 201
    assert (item["CmmPostDate"], item["CmmStatCode"]) == (None, "U")
    assert item["CmmVUuid"] != "MINE"
    same_code = tenant.patch("cmmast", item["CmmVUuid"], CmmCode=item["CmmCode"])
    assert same_code.status_code == 400, "even unchanged"
    assert tenant.patch("cmmast", item["CmmVUuid"], CmmName=None).status_code == 400
    assert tenant.patch("cmmast", item["CmmVUuid"], CmmName="Other").json()["CmmName"] == "Other"


def test_a_body_that_is_no_json_object_is_refused(tenant: Tenant) -> None:
    for body in ("", "{", "[]", "7"):
        answer = tenant.http.post(SERVICES["cmmast"], content=body, headers=JSON)
        assert answer.status_code == 400


def test_an_item_that_is_not_there_is_404(tenant: Tenant) -> None:
    assert tenant.patch("cmmast", "0", CmmName="x").status_code == 404
    assert tenant.delete("cmmast", "0").status_code == 404
