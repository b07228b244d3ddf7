"""A recorded /describe dropped in: the stand-in is that tenant, in names, lengths, methods and what is missing."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cmic_simulator import describes as recorded
from cmic_simulator.simulator import Simulator
from tests.cmic_simulator.describes import VARIANTS, own, path_of, text_of
from tests.cmic_simulator.tenant import SEED, SERVICES, Tenant, a_header, a_line

Open = Callable[..., Tenant]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Starts stand-ins with descriptions: the name of a recorded variant, or paths."""
    made: list[tuple[Tenant, Simulator]] = []

    def start(*described: str | Path) -> Tenant:
        paths = [one if isinstance(one, Path) else path_of(one) for one in described]
        simulator = Simulator(throttle=False, describe=paths).start()
        made.append((Tenant(simulator), simulator))
        made[-1][0].control("reset", **SEED)
        return made[-1][0]

    yield start
    for tenant, simulator in made:
        tenant.close()
        simulator.stop()


def written(folder: Path, resources: dict[str, Any], name: str = "described.json") -> Path:
    file = folder / name
    file.write_text(json.dumps({"Resources": resources}))
    return file


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_recorded_files_are_what_the_stand_in_declares_today(variant: str) -> None:
    assert path_of(variant).read_text() == text_of(variant), "run: python -m tests.cmic_simulator.describes"


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_was_recorded_is_declared_again_word_for_word(opened: Open, variant: str) -> None:
    tenant = opened(variant)
    declared: dict[str, Any] = {}
    for root in ("cm-rest-api/rest/1", "jc-rest-api/rest/1", "sys-rest-api/rest/1", "glrestapi/rest/v1"):
        declared |= tenant.http.get(f"{root}/describe").json()["Resources"]
    recorded_ones = json.loads(text_of(variant))["Resources"]
    assert set(declared) == set(recorded_ones)
    for name, one in recorded_ones.items():
        assert {**declared[name], "links": []} == {**one, "links": []}


@pytest.mark.parametrize("variant", ["as_declared", "vendor_words"])
def test_other_words_for_the_same_facts_change_nothing(opened: Open, variant: str) -> None:
    tenant = opened(variant)
    assert tenant.sim.get("profile").json()["differences"] == []
    tenant.pci(100.25)
    assert tenant.post("cmmast", a_header(CmmCode="X" * 12)).status_code == 400
    assert tenant.post("cmdetail", a_line(CmdBudgAmt=0.001)).status_code == 400
    assert tenant.post("cmdetail", a_line(CmdBudgUnits=1.2345)).status_code == 201
    assert len(tenant.items("cmdetail", q="CmdIuUpdateDate > '2020-01-01' and CmdBudgAmt >= 100")) == 2


def test_a_renamed_attribute_is_really_renamed(opened: Open) -> None:
    tenant = opened("renamed_attribute")
    assert "cmdetail: CmdBudgAmt is called CmdBudgetAmt." in tenant.sim.get("profile").json()["differences"]
    assert tenant.post("cmmast", a_header()).status_code == 400
    header = a_header(CmmReferenceDate="2026-11-01")
    del header["CmmRefDate"]
    assert tenant.post("cmmast", header).status_code == 201
    line = a_line(CmdBudgetAmt=7.5)
    assert tenant.post("cmdetail", line).status_code == 400
    del line["CmdBudgAmt"]
    assert tenant.post("cmdetail", line).json()["CmdBudgetAmt"] == 7.5
    assert len(tenant.items("cmdetailunposted", q="CmdBudgetAmt = 7.5", orderBy="CmdBudgetAmt")) == 1
    assert tenant.get("cmdetail", q="CmdBudgAmt = 7.5").status_code == 400
    header_id = tenant.items("cmmast")[0]["CmmVUuid"]
    tenant.patch("cmmast", header_id, CmmPrepostStatCode="APPR")
    tenant.control("post", company="001", job="26-1", code="TB-1")
    assert tenant.budget()[1] - tenant.budget()[0] == 7.5, "it still plays its part"


def test_a_fault_comes_on_top_of_a_recording(opened: Open) -> None:
    tenant = opened("renamed_attribute")
    tenant.fault("rename_attribute", match={"resource": "cmdetail"}, **{"from": "CmdBudgAmt", "to": "CmdX"})
    text = tenant.http.get(f"{SERVICES['cmdetail']}/describe").text
    assert "CmdX" in text and "CmdBudgetAmt" not in text


def test_a_method_that_is_not_offered_is_refused(opened: Open) -> None:
    tenant = opened("no_pci_rights")
    assert tenant.post("cmmast", a_header()).status_code == 405
    assert tenant.get("cmmast").status_code == 200


def test_lengths_are_those_of_the_recording(opened: Open) -> None:
    tenant = opened("shorter_lengths")
    assert "cmmast.CmmCode: length is 8, not 11." in tenant.sim.get("profile").json()["differences"]
    assert tenant.post("cmmast", a_header(CmmCode="TB-123456")).status_code == 400
    assert tenant.post("cmmast", a_header(CmmCode="TB-12345")).status_code == 201


def test_a_resource_that_is_missing_is_404_and_a_strange_one_is_described_only(opened: Open) -> None:
    tenant = opened("missing_resource")
    assert tenant.get("cmdetailunposted").status_code == 404
    assert tenant.http.get("cm-rest-api/rest/1/cmstatuses").status_code == 404
    assert "cmstatuses" in tenant.http.get("cm-rest-api/rest/1/describe").json()["Resources"]
    tenant.pci(100.25)


def test_extra_attributes_are_kept_served_and_asked_for(opened: Open, tmp_path: Path) -> None:
    tenant = opened("more_is_wanted")
    assert "CmmReasonCode is required" in tenant.post("cmmast", a_header()).text
    made = tenant.post("cmmast", a_header(CmmReasonCode="SC", CmmWeather="wet"))
    assert (made.status_code, made.json()["CmmWeather"]) == (201, "wet")
    assert len(tenant.items("cmmast", q="CmmWeather like 'w%' and CmmReasonCode = 'SC'")) == 1
    old = {"company": "001", "job": "26-1", "code": "OLD", "type": "COI", "status": "PEND"}
    tenant.control("seed", pcis=[old])
    assert [item["CmmWeather"] for item in tenant.items("cmmast", orderBy="CmmWeather")] == ["wet", None]


def test_an_attribute_that_is_missing_is_missing_and_the_rules_do_not_stumble(
    opened: Open, tmp_path: Path
) -> None:
    resources = own()
    for name in ("cmdetail", "cmdetailunposted"):
        kept = [a for a in resources[name]["attributes"] if a["name"] not in ("CmdBudgAmt", "CmdBillAmt")]
        resources[name]["attributes"] = kept
    tenant = opened(written(tmp_path, resources))
    assert tenant.post("cmmast", a_header()).status_code == 201
    line = a_line()
    assert tenant.post("cmdetail", line).status_code == 400
    del line["CmdBudgAmt"]
    assert "CmdBudgAmt" not in tenant.post("cmdetail", line).json()
    tenant.patch("cmmast", tenant.items("cmmast")[0]["CmmVUuid"], CmmPrepostStatCode="APPR")
    tenant.control("post", company="001", job="26-1", code="TB-1")


def test_a_name_that_nobody_can_guess_is_told_in_a_file_beside(opened: Open, tmp_path: Path) -> None:
    resources = own()
    for one in resources["cmdetail"]["attributes"]:
        one["name"] = {"CmdBudgAmt": "FinalValue"}.get(one["name"], one["name"])
    written(tmp_path, resources)
    assert "cmdetail: CmdBudgAmt does not exist." in opened(tmp_path).sim.get("profile").json()["differences"]
    (tmp_path / "names.json").write_text('{"cmdetail": {"CmdBudgAmt": "FinalValue"}}')
    tenant = opened(tmp_path)
    tenant.post("cmmast", a_header())
    line = a_line(FinalValue=5)
    del line["CmdBudgAmt"]
    assert tenant.post("cmdetail", line).json()["FinalValue"] == 5
    assert tenant.state()["book"]["pcis"][0]["lines"][0]["amount"] == 5


def test_applications_that_no_file_describes_stay_as_they_are(opened: Open, tmp_path: Path) -> None:
    resources = {
        name: one for name, one in own().items() if name.startswith("jc") and name != "jcjobcostcodes"
    }
    tenant = opened(written(tmp_path, resources))
    assert tenant.get("jcjobcostcodes").status_code == 404
    assert tenant.get("cmmast").status_code == 200


def test_one_resource_alone_says_nothing_of_its_neighbours(opened: Open, tmp_path: Path) -> None:
    tenant = opened(written(tmp_path, {"cmmast": own()["cmmast"]}))
    assert tenant.get("cmdetail").status_code == 200


def test_a_resource_may_be_at_another_path(opened: Open, tmp_path: Path) -> None:
    job = own()["jcjob"]
    job["links"][0]["href"] = "https://cmic.example/prod/jc-rest-api/rest/2/jcjob"
    tenant = opened(written(tmp_path, {"jcjob": job}))
    assert tenant.get("jcjob").status_code == 404
    moved = tenant.http.get("jc-rest-api/rest/2/jcjob").json()
    assert moved["items"][0]["links"][0]["href"].startswith(
        f"{tenant.origin}/cmictest/jc-rest-api/rest/2/jcjob/"
    )
    assert list(tenant.http.get("jc-rest-api/rest/2/describe").json()["Resources"]) == ["jcjob"]


@pytest.mark.parametrize("content", ["{", "[]", '{"Resources": []}', '{"items": []}'])
def test_a_file_that_is_no_description_is_told_and_nothing_starts(tmp_path: Path, content: str) -> None:
    file = tmp_path / "wrong.json"
    file.write_text(content)
    command = [sys.executable, "-m", "cmic_simulator", "--port", "0", "--describe", str(file)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert ended.returncode == 1
    assert "wrong.json" in ended.stderr and "Traceback" not in ended.stderr


def test_nothing_to_read_and_the_same_twice_are_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no recorded description"):
        recorded.load([tmp_path])
    with pytest.raises(ValueError, match="cmtype is described twice"):
        recorded.load([path_of("as_declared"), path_of("shorter_lengths")])


def test_the_command_line_says_what_is_not_as_usual() -> None:
    command = [sys.executable, "-m", "cmic_simulator", "--port", "0"]
    command += ["--describe", str(path_of("shorter_lengths"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        said = [running.stdout.readline() for _ in range(4)]
        running.terminate()
    assert any("cmmast.CmmCode: length is 8, not 11." in line for line in said)
