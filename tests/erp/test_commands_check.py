"""erp_check: a look at the ERP before anything is sent, in words or as JSON, with files to try the tenant elsewhere."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.utils import timezone

from cmic_simulator import describes
from erp.backends import forget_backends
from erp.models import Connection
from erp.setup import stopping as connections
from tests.support import paper
from tests.support.scene import Scene
from tests.support.simulator import Simulator
from tests.support.story import begin, cmic_holds
from workflow.models import Event

pytestmark = pytest.mark.django_db(transaction=True)
RENAMED = {"from": "CmdBudgAmt", "to": "CmdBudgetAmt"}


def check(*words: str) -> tuple[str, str, int]:
    """Run it; what it printed, what it complained about, and its exit code."""
    said, complained = StringIO(), StringIO()
    try:
        call_command("erp_check", *words, stdout=said, stderr=complained, no_color=True)
    except CommandError as problem:
        return said.getvalue(), f"{complained.getvalue()}{problem}", problem.returncode
    return said.getvalue(), complained.getvalue(), 0


@pytest.fixture
def tenant(cmic: Simulator) -> Simulator:
    """A tenant that nobody has set up here yet."""
    cmic.seed(cmic_holds(status="I"))
    return cmic


def test_a_tenant_that_is_as_expected_is_told_thing_by_thing(tenant: Simulator) -> None:
    said, complained, code = check("001")
    assert (complained, code) == ("", 0)
    for area in (
        "Connection",
        "Names",
        "Rights",
        "Company",
        "Ways into CMiC",
        "Costs to date",
        "Cannot be seen from here",
        "Limits",
    ):
        assert f"\n{area}\n" in f"\n{said}"
    assert "  ok      cmdetail: all 11 names are there, also those that were assumed: CmdBudgAmt" in said
    assert "  off     Change item of class original" in said
    assert said.endswith("Nothing is missing: CMiC can be sent to.\n")


def test_a_look_changes_nothing_here_or_there(tenant: Simulator) -> None:
    check("001")
    assert not Connection.objects.exists() and not Event.objects.exists()
    assert {entry["method"] for entry in tenant.journal()} == {"GET"}


def test_what_is_missing_is_told_with_candidates_and_an_exit_code(tenant: Simulator) -> None:
    tenant.fault("rename_attribute", match={"resource": "cmdetail"}, times=None, **RENAMED)
    said, complained, code = check("001")
    assert (
        "  missing cmdetail has no attribute CmdBudgAmt; likely candidates: CmdBudgetAmt, CmdBillAmt." in said
    )
    assert "  note    CmdBudgAmt of cmdetail was our guess" in said
    assert "  off     Enter Budget (original budgets of pending jobs): it would work" in said
    assert complained.endswith(
        "1 of these are missing: nothing can be sent to CMiC until they are put right."
    )
    assert code == 1


def test_a_program_can_read_it(tenant: Simulator) -> None:
    tenant.fault("rename_attribute", match={"resource": "cmdetail"}, times=None, **RENAMED)
    said, _, code = check("001", "--json")
    told = json.loads(said)
    assert (told["company"], told["erp"], told["ready"], told["recorded"], code) == (
        "001",
        "CMiC",
        False,
        [],
        1,
    )
    [missing] = [item for item in told["items"] if item["state"] == "missing"]
    assert (missing["area"], missing["candidates"]) == ("Names", ["CmdBudgetAmt", "CmdBillAmt"])
    tenant.clear_faults()
    said, complained, code = check("001", "--json")
    assert json.loads(said)["ready"] and (complained, code) == ("", 0)


def test_the_descriptions_are_saved_and_play_the_tenant_again(tenant: Simulator, tmp_path: Path) -> None:
    tenant.fault("rename_attribute", match={"resource": "cmdetail"}, times=None, **RENAMED)
    folder = tmp_path / "recorded" / "today"
    said, _, code = check("001", "--record", str(folder))
    assert code == 1 and said.count("Recorded ") == 4
    assert "cmdetail: CmdBudgAmt is called CmdBudgetAmt." in describes.load([folder]).differences
    for file in folder.iterdir():
        assert not {word for word in ("secret", "TIEBACK", "127.0.0.1") if word in file.read_text()}
    assert (
        str(folder / "cm-rest-api.rest.1.json")
        in json.loads(check("001", "--json", "--record", str(folder))[0])["recorded"]
    )


def test_a_folder_that_cannot_be_written_is_a_sentence(tenant: Simulator, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    _, complained, code = check("001", "--record", str(tmp_path / "file"))
    assert "cannot be written: File exists" in complained and code == 1


def test_a_refused_log_in_is_one_try_and_a_sentence(tenant: Simulator, tmp_path: Path) -> None:
    tenant.fault("401", times=1)
    said, _, code = check("001")
    assert "  missing CMiC does not let us in" in said and code == 1
    assert len(tenant.journal()) == 1


@pytest.mark.parametrize("fault", ["503_html", "reset_before"])
def test_no_answer_has_an_exit_code_of_its_own(tenant: Simulator, fault: str) -> None:
    tenant.fault(fault, times=None)
    _, complained, code = check("001")
    assert complained.startswith("The ERP gave no answer: ") and code == 3


def test_an_erp_that_no_setting_names_is_a_sentence(db: None) -> None:
    _, complained, code = check("001", "--alias", "viewpoint")
    assert complained.startswith("No such ERP: ") and code == 1


def test_a_company_that_is_set_up_is_looked_at_with_its_own_options(brisk_cmic: Simulator) -> None:
    story = begin(brisk_cmic, status="I")
    story.connection.refresh_from_db()
    story.connection.originals_on_started_jobs = True
    story.connection.options = {"type_internal": "NONE"}
    story.connection.save()
    said, _, code = check("001")
    assert "Change item of class original (originals of started jobs): it would work" in said
    assert "CMiC has no change type of class internal NONE" in said and code == 1


@pytest.fixture
def on_paper(scene: Scene, settings: LazySettings) -> Scene:
    settings.ERP_BACKENDS = paper.BACKENDS
    forget_backends()
    return scene


def test_an_erp_that_only_knows_what_is_missing_is_reported_too(on_paper: Scene, tmp_path: Path) -> None:
    company = on_paper.connection.company.code
    said, complained, code = check(company, "--record", str(tmp_path))
    assert "  ok      " in said and "has everything we need" in said and code == 0
    assert "does not declare itself" in complained
    paper.SHEET.missing.append("The paper has no ink.")
    said, _, code = check(company)
    assert "Set-up\n  missing The paper has no ink." in said and code == 1


def test_another_erp_can_be_looked_at_before_a_company_moves_there(
    brisk_cmic: Simulator, settings: LazySettings
) -> None:
    begin(brisk_cmic, status="I")
    settings.ERP_BACKENDS = {**settings.ERP_BACKENDS, **paper.BACKENDS}
    forget_backends()
    paper.clean()
    assert "jcjobcategory" in check("001")[0]
    said, _, _ = check("001", "--alias", "paper")
    assert "has everything we need" in said and "jcjobcategory" not in said


def test_verifying_keeps_what_was_found_until_the_next_answer(brisk_cmic: Simulator) -> None:
    story = begin(brisk_cmic, status="I")

    def kept() -> dict[str, str]:
        connections.verify(story.connection, user=story.jonas, now=timezone.now())
        story.connection.refresh_from_db()
        return {row["sentence"]: row["state"] for row in story.connection.report}

    assert kept()["We see 2 jobs: 0 pending, 2 started, 0 closed. Job security may hide others."] == "info"
    brisk_cmic.fault("503_html", times=None)
    assert "We see 2 jobs: 0 pending, 2 started, 0 closed. Job security may hide others." in kept()
    brisk_cmic.clear_faults()
    brisk_cmic.fault("rename_attribute", match={"resource": "cmdetail"}, times=None, **RENAMED)
    assert [state for sentence, state in kept().items() if "CmdBudgetAmt" in sentence] == ["missing"]


def test_it_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("erp_check", "--help")
    assert ended.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Exit code 0: nothing is missing; 1:" in said and "3: the ERP gave no answer" in said
