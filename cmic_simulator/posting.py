"""What the accountant does: post, start and close jobs, close periods, reject, set codes active."""

from cmic_simulator import rules_budget, rules_pci
from cmic_simulator.book import LINE_CODES, SUB_JOBS, Book, not_found
from cmic_simulator.errors import refused
from cmic_simulator.profile import RESOURCES
from cmic_simulator.values import check


def post(book: Book, header: dict, *, user: str, post_date: str | None = None) -> dict:
    """This function will post an approved PCI and move the budgets; what forbids it is raised as Refused."""
    rules_pci.writable(book, header, user=user)
    company, code = header["CmmCompCode"], header["CmmCode"]
    if book.pending_type(company, header["CmmPrepostStatCode"]) != "A":
        raise refused(
            f"PCI {code} has status {header['CmmPrepostStatCode']}; only an approved PCI can be posted.",
            code="JBO-27019",
        )
    lines = book.pci_lines(header)
    if not lines:
        raise refused(f"PCI {code} has no lines to post.", code="JBO-27019")
    rules_pci.balanced(book, header)
    for line in lines:
        book.job(company, line["CmdJobCode"], user=user, path="CmdJobCode")
        _budget_of(book, line)
    date = post_date or book.clock.today()
    if (problem := check(RESOURCES["cmmast"].by_name["CmmPostDate"], date)) is not None:
        raise refused(problem)
    if date <= book.closed_through.get(company, ""):
        raise refused(f"The period of {date} is closed for company {company}.", code="JBO-27019")
    batch = f"H{book.next_number('batch'):08d}"
    stored = book.put(
        "cmmast", {**header, "CmmStatCode": "P", "CmmPostDate": date, "CmmPostBatchNum": batch}, user=user
    )
    for line in lines:
        _post_line(book, line, original=book.class_of(header) == "O", user=user)
    return stored


def _post_line(book: Book, line: dict, *, original: bool, user: str) -> None:
    book.put("cmdetail", {**line, "CmdPostingFlag": "POSTED"}, user=user)
    raised = dict(_budget_of(book, line))
    if original:
        raised["JcatOrigBudgAmt"] += line["CmdBudgAmt"]
    rules_budget.store_budget(book, raised, user=user)


def lower(book: Book, line: dict, *, original: bool, user: str) -> None:
    """This function will work a budget out anew without a posted line that is gone."""
    lowered = dict(_budget_of(book, line))
    if original:
        lowered["JcatOrigBudgAmt"] -= line["CmdBudgAmt"]
    rules_budget.store_budget(book, lowered, user=user)


def _budget_of(book: Book, line: dict) -> dict:
    budget = book.tables["jcjobcategory"].one(*(line[name] for name in LINE_CODES))
    if budget is None:
        raise refused(
            f"Cost Code Code {line['CmdPhsCode']} with Category Code {line['CmdCatCode']} "
            f"is not assigned to job {line['CmdJobCode']}.",
            code="JBO-27019",
        )
    return budget


def reject(book: Book, header: dict, *, user: str) -> dict:
    """This function will give a PCI the company's rejected status."""
    rejected = book.statuses_of_type(header["CmmCompCode"], "R")
    if not rejected:
        raise refused(f"Company {header['CmmCompCode']} has no rejected status.")
    return rules_pci.update_header(book, header, {"CmmPrepostStatCode": rejected[0]}, user=user)


def delete(book: Book, header: dict, *, user: str) -> None:
    """This function will delete an unposted PCI and its lines."""
    rules_pci.writable(book, header, user=user)
    for line in book.pci_lines(header):
        rules_pci.delete_line(book, line, user=user)
    rules_pci.delete_header(book, header, user=user)


def set_job_status(
    book: Book, *, company: str, job: str, status: str, user: str, sub_jobs: bool = True
) -> None:
    """This function will start (P to I) or close (to C) a job, and its sub jobs in the same status."""
    row = book.tables["jcjob"].one(company, job)
    if row is None:
        raise not_found(f"Job {job} of company {company}")
    before = row["JobStatusCode"]
    if status == "I" and before != "P":
        raise refused(f"Job {job} is not pending.")
    subs = book.tables["jcjob"].find(SUB_JOBS, company, job) if sub_jobs else []
    for each in [row, *(sub for sub in subs if sub["JobStatusCode"] == before or status == "C")]:
        book.put("jcjob", {**each, "JobStatusCode": status}, user=user)


def set_active(book: Book, *, resource: str, key: tuple, flag: str, active: bool, user: str) -> None:
    """This function will set an active flag of a master or of an assignment to a job."""
    row = book.tables[resource].one(*key)
    if row is None:
        raise not_found(f"{resource} {' / '.join(map(str, key))}")
    book.put(resource, {**row, flag: "Y" if active else "N"}, user=user)
