"""The accountant's actions by friendly codes, for the desk and the control interface alike."""

from decimal import Decimal

from cmic_simulator import operations, posting, rules_budget
from cmic_simulator.book import ACCOUNTANT, Book, not_found
from cmic_simulator.errors import refused
from cmic_simulator.profile import RESOURCES
from cmic_simulator.values import check


class Accountant:
    """Acts as the user ACME||ACCOUNTANT under the same rules as the services. Hold `book.session()`."""

    def __init__(self, book: Book) -> None:
        self.book = book

    def header(self, company: str, job: str, code: str) -> dict:
        """This function will return a PCI header; 404 if there is none."""
        row = self.book.tables["cmmast"].one(company, job, code)
        if row is None:
            raise not_found(f"PCI {company} / {job} / {code}")
        return row

    def post(self, *, company: str, job: str, code: str, date: str | None = None) -> dict:
        """This function will post an approved PCI, on `date` or today."""
        header = self.header(company, job, code)
        row = posting.post(self.book, header, user=ACCOUNTANT, post_date=date)
        return {"posted": row["CmmPostDate"], "batch": row["CmmPostBatchNum"]}

    def reject(self, *, company: str, job: str, code: str) -> dict:
        """This function will give a PCI the rejected status."""
        row = posting.reject(self.book, self.header(company, job, code), user=ACCOUNTANT)
        return {"status": row["CmmPrepostStatCode"]}

    def set_status(self, *, company: str, job: str, code: str, status: str) -> dict:
        """This function will give a PCI any status of the company, e.g. back to pre-pending."""
        return self._patch_header(self.header(company, job, code), {"CmmPrepostStatCode": status})

    def _patch_header(self, header: dict, payload: dict) -> dict:
        resource = RESOURCES["cmmast"]
        row = operations.update(self.book, resource, header["CmmVUuid"], payload, user=ACCOUNTANT)
        return {"status": row["CmmPrepostStatCode"]}

    def edit_amount(
        self,
        *,
        amount: object,
        line: str | None = None,
        company: str | None = None,
        job: str | None = None,
        code: str | None = None,
        line_job: str | None = None,
        phase: str | None = None,
        category: str | None = None,
    ) -> dict:
        """This function will change the amount of an unposted line, named by VUuid (`line`) or by codes."""
        uuid = line or self._line_by_codes(company, job, code, line_job or job, phase, category)
        payload = {"CmdBudgAmt": Decimal(str(amount))}
        row = operations.update(self.book, RESOURCES["cmdetail"], uuid, payload, user=ACCOUNTANT)
        return {"line": row["CmdVUuid"], "amount": row["CmdBudgAmt"]}

    def _line_by_codes(self, company: object, job: object, code: object, *codes: object) -> str:
        header = self.header(str(company), str(job), str(code))
        for line in self.book.pci_lines(header):
            if (line["CmdJobCode"], line["CmdPhsCode"], line["CmdCatCode"]) == codes:
                return line["CmdVUuid"]
        raise not_found(f"Line {' / '.join(map(str, codes))} of PCI {code}")

    def delete(self, *, company: str, job: str, code: str) -> dict:
        """This function will delete an unposted PCI with its lines."""
        posting.delete(self.book, self.header(company, job, code), user=ACCOUNTANT)
        return {"deleted": code}

    def undo(self, *, company: str, job: str, code: str) -> dict:
        """This function will take a posted PCI out with its amounts, past all rules."""
        header = self.header(company, job, code)
        original = self.book.class_of(header) == "O"
        for line in self.book.pci_lines(header):
            self.book.remove("cmdetail", line["CmdVUuid"])
            posting.lower(self.book, line, original=original, user=ACCOUNTANT)
        self.book.remove("cmmast", header["CmmVUuid"])
        return {"undone": code}

    def start_job(self, *, company: str, job: str, sub_jobs: bool = True) -> dict:
        """This function will start a pending job (Start Job): its original budget freezes."""
        posting.set_job_status(
            self.book, company=company, job=job, status="I", user=ACCOUNTANT, sub_jobs=sub_jobs
        )
        return {"status": "I"}

    def close_job(self, *, company: str, job: str, sub_jobs: bool = True) -> dict:
        """This function will close a job: it takes no more writes."""
        posting.set_job_status(
            self.book, company=company, job=job, status="C", user=ACCOUNTANT, sub_jobs=sub_jobs
        )
        return {"status": "C"}

    def set_budget(
        self,
        *,
        company: str,
        job: str,
        phase: str,
        category: str,
        original: object = None,
        current: object = None,
    ) -> dict:
        """This function will set an original or current budget past all rules: an edit straight in CMiC."""
        values = [None if v is None else Decimal(str(v)) for v in (original, current)]
        for value in values:
            problem = (
                None if value is None else check(RESOURCES["jcjobcategory"].by_name["JcatOrigBudgAmt"], value)
            )
            if problem:
                raise refused(problem)
        key = (company, job, phase, category)
        row = rules_budget.set_directly(
            self.book, key=key, original=values[0], current=values[1], user=ACCOUNTANT
        )
        return {"original": row["JcatOrigBudgAmt"], "current": row["JcatCurrBudgAmt"]}

    def set_active(
        self,
        *,
        company: str,
        active: bool,
        phase: str | None = None,
        category: str | None = None,
        job: str | None = None,
    ) -> dict:
        """This function will switch a code on or off: a phase or category of the company, or, with `job`,
        a phase on the job, or a phase with category on the job."""
        resource, key, flag = _active_place(company=company, job=job, phase=phase, category=category)
        posting.set_active(self.book, resource=resource, key=key, flag=flag, active=active, user=ACCOUNTANT)
        return {"resource": resource, "active": active}


def _active_place(
    *, company: str, job: str | None, phase: str | None, category: str | None
) -> tuple[str, tuple, str]:
    if job and phase and category:
        return "jcjobcategory", (company, job, phase, category), "JcatCatActiveFlag"
    if job and phase:
        return "jcjobcostcodes", (company, job, phase), "GjjpActiveFlag"
    if phase and not job and not category:
        return "jcmastercostcodes", (company, phase), "PhsActiveFlag"
    if category and not job and not phase:
        return "jcmastercategories", (company, category), "CatActiveFlag"
    raise refused("set_active needs phase, category, job + phase, or job + phase + category.")
