"""A newcomer tries his own tenant: sync_erp, link_project, import_budget, without the demo."""

from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from budgets.models import Budget
from erp.models import Connection, CostTypeLink
from projects.models import Company, Membership, ProjectRole
from tests.support.simulator import Simulator
from tests.support.story import JOB, SUB_JOB, cmic_holds, person
from workflow.actions import blockers

pytestmark = pytest.mark.django_db(transaction=True)

LINES = (
    f"job,phase_code,cost_type,uom,qty,original_amount\n,03-30-00,L,CY,2,10.10\n{SUB_JOB},09-6800,S,LS,1,5\n"
)


def run(*words: str) -> str:
    """Run a command; return all that it wrote."""
    said = StringIO()
    call_command(*words, stdout=said, stderr=said, no_color=True)
    return said.getvalue()


def refusal(*words: str) -> tuple[str, int]:
    """Run a command that ends with an error; return everything written, and the exit code."""
    said = StringIO()
    with pytest.raises(CommandError) as problem:
        call_command(*words, stdout=said, stderr=said, no_color=True)
    return f"{said.getvalue()}{problem.value}", problem.value.returncode


@pytest.fixture
def newcomer(cmic: Simulator):
    """A tenant with one job, and one user; nothing else."""
    cmic.seed(cmic_holds(status="I"))
    return person("nora", "Nora", "Lind")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two lines, one with a code nobody knows."""
    path = tmp_path / "lines.csv"
    path.write_text(LINES)
    return path


def set_up() -> str:
    return run("sync_erp", "001", "--create", "--admin", "nora", "--confirm-cost-types")


def test_a_newcomer_reads_his_company_links_a_job_and_imports_a_file(newcomer, file):
    said = set_up()
    assert "Northgate Builders" in said and "jobs: 2 read" in said and "ready to send" in said
    company = Company.objects.get()
    assert (company.code, company.name, company.currency) == ("001", "Northgate Builders", "USD")
    assert Connection.objects.get().verified_at is not None
    assert not CostTypeLink.objects.filter(confirmed_at=None).exists()

    said = run("link_project", JOB, "--admin", "nora")
    assert SUB_JOB in said and "import_budget" in said

    said = run("import_budget", JOB, str(file), "--user", "nora")
    assert "2 lines new" in said and "'09-6800' is not known (row 3). Did you mean 09-68-00?" in said
    budget = Budget.objects.get()
    assert sorted(budget.lines.values_list("job__code", "amount")) == [
        (JOB, Decimal("10.10")),
        (SUB_JOB, Decimal("5.00")),
    ]
    assert "2 unchanged" in run("import_budget", str(budget.project_id), str(file), "--user", "nora")
    assert "cost_code_unknown" in {b.code for b in blockers(budget, "send", newcomer)}


def test_reading_again_keeps_what_was_set_up(newcomer):
    set_up()
    assert "ready to send" in run("sync_erp", "001")
    assert Company.objects.count() == Membership.objects.count() == 1


def test_a_company_that_is_not_set_up_is_not_made_by_mistake(newcomer):
    assert "Add --create" in refusal("sync_erp", "001")[0]
    said, code = refusal("sync_erp", "009", "--create")
    assert "does not show us a company '009'. It shows: 001" in said and code == 1
    assert not Company.objects.exists()


def test_cost_types_wait_for_an_admin_who_says_yes(newcomer):
    assert "Labor = 1000" in run("sync_erp", "001", "--create")
    assert refusal("sync_erp", "001", "--confirm-cost-types")[1] == 2
    assert "5 matches" in run("sync_erp", "001", "--admin", "nora", "--confirm-cost-types")


def test_what_is_missing_before_sending_is_printed(newcomer, cmic):
    cmic.fault(
        "rename_attribute", match={"resource": "cmmast"}, times=None, **{"from": "CmmName", "to": "CmmTitle"}
    )
    said, code = refusal("sync_erp", "001", "--create")
    assert "CmmName" in said and "nothing can be sent" in said and code == 1
    assert Connection.objects.get().verified_at is None


def test_an_erp_that_is_down_or_refuses_the_login_is_a_sentence(newcomer, cmic):
    cmic.fault("503_html", times=None)
    said, code = refusal("sync_erp", "001", "--create")
    assert said.startswith("The ERP could not be read") and code == 1
    assert "Traceback" not in said


def test_an_erp_that_no_setting_names_is_a_sentence(db):
    said, code = refusal("sync_erp", "001", "--create", "--alias", "viewpoint")
    assert "'viewpoint'" in said and "CMIC_BASE_URL" in said and code == 1


def test_a_job_becomes_a_project_once_and_only_a_main_job(newcomer):
    assert "No company has a job" in refusal("link_project", JOB)[0]
    set_up()
    assert f"sub job of {JOB}" in refusal("link_project", SUB_JOB)[0]
    assert "There is no user 'nobody'" in refusal("link_project", JOB, "--admin", "nobody")[0]
    run("link_project", JOB)
    assert not ProjectRole.objects.exists()
    assert "already" in refusal("link_project", JOB)[0]


def test_a_job_code_of_two_companies_needs_the_company(newcomer, cmic):
    cmic.seed({"companies": [{"code": "002"}], "jobs": [{"company": "002", "code": JOB, "name": "Other"}]})
    set_up()
    run("sync_erp", "002", "--create")
    assert "companies 001, 002" in refusal("link_project", JOB)[0]
    run("link_project", JOB, "--company", "002")
    assert Budget.objects.get().project.company.code == "002"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            "phase_code,cost_type,amount\n03-30-00,L,1.005\n",
            "Row 2, amount: '1.005' has more than 2 decimals|1.005",
        ),
        ("phase_code,amount\n03-30-00,1\n", "No column for the cost type"),
        ("job,phase_code,cost_type,amount\n99,03-30-00,L,1\n", "99 is no job of this project"),
    ],
)
def test_a_bad_file_imports_nothing_and_says_why(newcomer, tmp_path, content, words):
    set_up()
    run("link_project", JOB, "--admin", "nora")
    path = tmp_path / "bad.csv"
    path.write_text(content)
    said, code = refusal("import_budget", JOB, str(path), "--user", "nora")
    assert any(each in said for each in words.split("|")) and code == 1
    assert not Budget.objects.get().lines.exists()


def test_who_may_not_import_and_what_is_not_there_is_said(newcomer, file, tmp_path):
    set_up()
    run("link_project", JOB)
    assert "You may not edit lines" in refusal("import_budget", JOB, str(file), "--user", "nora")[0]
    assert "no user 'x'" in refusal("import_budget", JOB, str(file), "--user", "x")[0]
    assert "no project" in refusal("import_budget", "77-1", str(file), "--user", "nora")[0]
    said, code = refusal("import_budget", JOB, str(tmp_path / "none.csv"), "--user", "nora")
    assert "cannot be read: No such file" in said and code == 1


@pytest.mark.parametrize("command", ["sync_erp", "link_project", "import_budget", "verify_events"])
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as ended:
        call_command(command, "--help")
    assert ended.value.code == 0
    assert "Exit code 0" in " ".join(capsys.readouterr().out.split())
