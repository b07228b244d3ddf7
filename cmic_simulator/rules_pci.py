"""Rules of potential change items: headers (`cmmast`) and lines (`cmdetail`)."""

from decimal import Decimal

from cmic_simulator import rules_budget
from cmic_simulator.book import Book
from cmic_simulator.errors import Refused, refused


def create_header(book: Book, row: dict, *, user: str) -> dict:
    """This function will store a new PCI header."""
    company, code = row["CmmCompCode"], row["CmmJobCode"]
    job = book.job(company, code, user=user, path="CmmJobCode")
    if job["JobAllowPciFlag"] == "N":
        raise refused(f"Job {code} does not allow PCIs.", code="JBO-27019", path="CmmJobCode")
    kind = book.tables["cmtype"].one(company, row["CmmTypeCode"])
    if kind is None:
        raise refused(
            f"Type Code {row['CmmTypeCode']} is not valid for company {company}.",
            code="JBO-27019",
            path="CmmTypeCode",
        )
    if kind["CmtClassCode"] == "O" and book.main_job(job)["JobStatusCode"] == "P":
        raise refused(
            f"Job {code} is pending: class Original is for started jobs, use Enter Budget.",
            code="JBO-27019",
            path="CmmTypeCode",
        )
    book.pending_type(company, row["CmmPrepostStatCode"])
    if numbers_itself(kind):
        row["CmmCode"] = _next_code(book, company, code, kind)
    elif book.tables["cmmast"].one(company, code, row["CmmCode"]):
        raise rules_budget.duplicate("cmmast", (company, code, row["CmmCode"]))
    row["CmmStatCode"] = "U"
    return book.put("cmmast", row, user=user)


def numbers_itself(kind: dict | None) -> bool:
    """This function will say whether a cmtype row makes the server choose `CmmCode`."""
    return bool(kind and kind["CmtChgOrdNumberMask"] and kind["CmtPciMaskOverrideFlag"] == "N")


def _next_code(book: Book, company: str, job: str, kind: dict) -> str:
    stem = kind["CmtChgOrdNumberMask"].replace("*", "")
    while True:
        number = book.next_number(f"{company}|{job}|{stem}")
        code = f"{stem}{number:04d}"
        if book.tables["cmmast"].one(company, job, code) is None:
            return code


def writable(book: Book, header: dict, *, user: str) -> None:
    """This function will refuse any write to a PCI that is posted, or whose job is hidden or closed."""
    book.job(header["CmmCompCode"], header["CmmJobCode"], user=user, path="CmmJobCode")
    if header["CmmStatCode"] == "P":
        raise refused(f"PCI {header['CmmCode']} is posted and cannot be changed.", code="JBO-27019")


def update_header(book: Book, old: dict, changes: dict, *, user: str) -> dict:
    """This function will change an unposted header; a new status moves the lines with it."""
    writable(book, old, user=user)
    new = {**old, **changes}
    company, status = old["CmmCompCode"], new["CmmPrepostStatCode"]
    becomes = book.pending_type(company, status)
    if becomes == "A" and book.pending_type(company, old["CmmPrepostStatCode"]) != "A":
        balanced(book, old)
    stored = book.put("cmmast", new, user=user)
    if status != old["CmmPrepostStatCode"]:
        for line in book.pci_lines(stored):
            book.put("cmdetail", {**line, "CmdStatusCode": status}, user=user)
    return stored


def balanced(book: Book, header: dict) -> None:
    """This function will refuse a Transfer whose lines do not sum to zero."""
    if book.class_of(header) != "T":
        return
    total = sum((line["CmdBudgAmt"] for line in book.pci_lines(header)), Decimal(0))
    if total:
        raise refused(
            f"PCI {header['CmmCode']} is a transfer and does not balance: the lines sum to {total}.",
            code="JBO-27019",
        )


def delete_header(book: Book, old: dict, *, user: str) -> None:
    """This function will delete an unposted header, with its lines only where the switch says cascade."""
    writable(book, old, user=user)
    lines = book.pci_lines(old)
    if lines and book.switches.header_delete == "refuse":
        raise refused(
            f"PCI {old['CmmCode']} has {len(lines)} lines: ORA-02292: child record found.", code="JBO-26048"
        )
    for line in lines:
        book.remove("cmdetail", line["CmdVUuid"])
    book.remove("cmmast", old["CmmVUuid"])


def header_of(book: Book, line: dict) -> dict:
    """This function will return a line's header; a missing one is refused with 400."""
    header = book.pci_of(line)
    if header is None:
        raise refused(
            f"PCI {line['CmdChgCode']} does not exist on job {line['CmdMastJobCode']}.",
            code="JBO-26048",
            path="CmdChgCode",
        )
    return header


def create_line(book: Book, row: dict, *, user: str) -> dict:
    """This function will store a new line of an unposted PCI."""
    company, main = row["CmdCompCode"], row["CmdMastJobCode"]
    book.job(company, main, user=user, path="CmdMastJobCode")
    header = header_of(book, row)
    writable(book, header, user=user)
    job = book.job(company, row["CmdJobCode"], user=user, path="CmdJobCode")
    if row["CmdJobCode"] != main and job["JobCtrlCode"] != main:
        raise _foreign_job(row["CmdJobCode"], main)
    rules_budget.assigned(book, row)
    rules_budget.unit(book, row["CmdWmCode"], path="CmdWmCode")
    row["CmdStatusCode"] = row["CmdStatusCode"] or header["CmmPrepostStatCode"]
    book.pending_type(company, row["CmdStatusCode"])
    row["CmdPostingFlag"] = "UNPOSTED"
    return book.put("cmdetail", row, user=user)


def _foreign_job(job: object, main: object) -> Refused:
    return refused(
        f"Job Code {job} is neither {main} nor a sub job of it.", code="JBO-27019", path="CmdJobCode"
    )


def update_line(book: Book, old: dict, changes: dict, *, user: str) -> dict:
    """This function will change a line of an unposted PCI."""
    _line_writable(book, old, user=user)
    new = {**old, **changes}
    rules_budget.unit(book, changes.get("CmdWmCode"), path="CmdWmCode")
    new["CmdStatusCode"] = new["CmdStatusCode"] or header_of(book, old)["CmmPrepostStatCode"]
    book.pending_type(old["CmdCompCode"], new["CmdStatusCode"])
    return book.put("cmdetail", new, user=user)


def delete_line(book: Book, old: dict, *, user: str) -> None:
    """This function will delete a line of an unposted PCI."""
    _line_writable(book, old, user=user)
    book.remove("cmdetail", old["CmdVUuid"])


def _line_writable(book: Book, line: dict, *, user: str) -> None:
    writable(book, header_of(book, line), user=user)
    book.job(line["CmdCompCode"], line["CmdJobCode"], user=user, path="CmdJobCode")
