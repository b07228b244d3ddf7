"""Rules of Enter Budget: assigning codes to a job and its original and current amounts."""

from decimal import Decimal

from cmic_simulator.book import LINE_CODES, Book
from cmic_simulator.errors import Refused, refused

ZERO = Decimal(0)
KEY = ("JcatCompCode", "JcatJobCode", "JcatPhsCode", "JcatCode")


def phase(book: Book, company: object, code: object, *, path: str) -> None:
    """This function will refuse a cost code that is missing from the master or inactive there."""
    row = book.tables["jcmastercostcodes"].one(company, code)
    if row is None or row["PhsActiveFlag"] != "Y":
        why = "not valid" if row is None else "not active"
        raise refused(f"Cost Code Code {code} is {why} for company {company}.", code="JBO-27019", path=path)


def category(book: Book, company: object, code: object, *, path: str) -> None:
    """This function will refuse a category that is missing from the master or inactive there."""
    row = book.tables["jcmastercategories"].one(company, code)
    if row is None or row["CatActiveFlag"] != "Y":
        why = "not valid" if row is None else "not active"
        raise refused(f"Category Code {code} is {why} for company {company}.", code="JBO-27019", path=path)


def unit(book: Book, code: object, *, path: str) -> None:
    """This function will refuse a unit of measure that does not exist."""
    if code is not None and book.tables["weightmeasure"].one(code) is None:
        raise refused(f"WM Code {code} is not valid.", code="JBO-27019", path=path)


def _not_inactive_on_job(book: Book, company: object, job: object, code: object, *, path: str) -> None:
    row = book.tables["jcjobcostcodes"].one(company, job, code)
    if row is not None and row["GjjpActiveFlag"] != "Y":
        raise refused(f"Cost Code Code {code} is not active on job {job}.", code="JBO-27019", path=path)


def assigned(book: Book, row: dict) -> None:
    """This function will refuse a PCI line whose codes are not there, active and assigned to its job."""
    company, job, phs, cat = (row[name] for name in LINE_CODES)
    phase(book, company, phs, path="CmdPhsCode")
    category(book, company, cat, path="CmdCatCode")
    _not_inactive_on_job(book, company, job, phs, path="CmdPhsCode")
    budget = book.tables["jcjobcategory"].one(company, job, phs, cat)
    if budget is None:
        raise refused(
            f"Cost Code Code {phs} with Category Code {cat} is not assigned to job {job}.",
            code="JBO-27019",
            path="CmdPhsCode",
        )
    if budget["JcatPhaseActiveFlag"] != "Y" or budget["JcatCatActiveFlag"] != "Y":
        raise refused(
            f"Cost Code Code {phs} with Category Code {cat} is not active on job {job}.",
            code="JBO-27019",
            path="CmdPhsCode",
        )


def duplicate(resource: str, key: object) -> Refused:
    """This function will build the refusal of a second row with the same key, in Oracle's words."""
    return refused(
        f"Too many objects match the primary key {key} of {resource}: "
        f"ORA-00001: unique constraint (DA.{resource.upper()}_PK) violated.",
        code="JBO-25013",
    )


def create_job_phase(book: Book, row: dict, *, user: str) -> dict:
    """This function will put a cost code on a job (`jcjobcostcodes`)."""
    company, job, code = row["GjjpCompCode"], row["GjjpJobCode"], row["GjjpCode"]
    book.job(company, job, user=user, path="GjjpJobCode")
    phase(book, company, code, path="GjjpCode")
    if book.tables["jcjobcostcodes"].one(company, job, code):
        raise duplicate("jcjobcostcodes", (company, job, code))
    master = book.tables["jcmastercostcodes"].one(company, code) or {}
    row["GjjpActiveFlag"] = row["GjjpActiveFlag"] or "Y"
    row["GjjpCtrlCode"] = row["GjjpCtrlCode"] or master.get("PhsCtrlCode")
    row["GjjpName"] = row["GjjpName"] or master.get("PhsName")
    return book.put("jcjobcostcodes", row, user=user)


def update_job_phase(book: Book, old: dict, changes: dict, *, user: str) -> dict:
    """This function will change a cost code of a job."""
    book.job(old["GjjpCompCode"], old["GjjpJobCode"], user=user, path="GjjpJobCode")
    return book.put("jcjobcostcodes", {**old, **changes}, user=user)


def create_budget(book: Book, row: dict, *, user: str) -> dict:
    """This function will assign a cost code and category to a job, with no amounts (`jcjobcategory`)."""
    company, job, phs, cat = (row[name] for name in KEY)
    book.job(company, job, user=user, path="JcatJobCode")
    phase(book, company, phs, path="JcatPhsCode")
    category(book, company, cat, path="JcatCode")
    _not_inactive_on_job(book, company, job, phs, path="JcatPhsCode")
    unit(book, row["JcatWmCode"], path="JcatWmCode")
    if book.tables["jcjobcategory"].one(company, job, phs, cat):
        raise duplicate("jcjobcategory", (company, job, phs, cat))
    row["JcatOrigBudgAmt"] = row["JcatCurrBudgAmt"] = ZERO
    return book.put("jcjobcategory", row, user=user)


def update_budget(book: Book, old: dict, changes: dict, *, user: str) -> dict:
    """This function will change a budget row; the original amount only while its job is pending."""
    job = book.job(old["JcatCompCode"], old["JcatJobCode"], user=user, path="JcatJobCode")
    if "JcatOrigBudgAmt" in changes:
        if job["JobStatusCode"] != "P":
            raise refused(
                f"Job {job['JobCode']} is in process: the original budget of Cost Code Code "
                f"{old['JcatPhsCode']} Category Code {old['JcatCode']} is frozen.",
                code="JBO-27019",
                path="JcatOrigBudgAmt",
            )
        changes["JcatOrigBudgAmt"] = changes["JcatOrigBudgAmt"] or ZERO
    unit(book, changes.get("JcatWmCode"), path="JcatWmCode")
    return store_budget(book, {**old, **changes}, user=user)


def store_budget(book: Book, row: dict, *, user: str) -> dict:
    """This function will store a budget row with its current budget worked out anew."""
    row["JcatCurrBudgAmt"] = row["JcatOrigBudgAmt"] + posted_changes(book, row)
    return book.put("jcjobcategory", row, user=user)


def posted_changes(book: Book, row: dict) -> Decimal:
    """This function will sum what raised the current budget alone: posted internal, transfer and external
    lines of this book plus changes older than the book or made directly."""
    key = tuple(row[name] for name in KEY)
    total = book.prior_changes.get(key, ZERO)
    for line in book.tables["cmdetail"].find(LINE_CODES, *key):
        header = book.pci_of(line)
        if line["CmdPostingFlag"] == "POSTED" and header and book.class_of(header) != "O":
            total += line["CmdBudgAmt"]
    return total


def set_directly(
    book: Book, *, key: tuple, original: Decimal | None, current: Decimal | None, user: str
) -> dict:
    """This function will set amounts past all rules, as an edit straight in CMiC; 404 if no such row."""
    old = book.tables["jcjobcategory"].one(*key)
    if old is None:
        raise refused(f"Budget {' / '.join(map(str, key))} was not found.", status=404)
    row = dict(old)
    if original is not None:
        row["JcatOrigBudgAmt"] = original
    if current is not None:
        book.prior_changes[key] = book.prior_changes.get(key, ZERO) + (
            current - row["JcatOrigBudgAmt"] - posted_changes(book, row)
        )
    return store_budget(book, row, user=user)
