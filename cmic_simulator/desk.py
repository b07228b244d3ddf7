"""The accountant's desk: plain pages on which a person posts, rejects, starts jobs and reads the journal."""

from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from itertools import count
from pathlib import Path
from urllib.parse import parse_qsl, unquote_plus, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cmic_simulator.accountant import Accountant
from cmic_simulator.errors import Refused, refused
from cmic_simulator.messages import Request, Response
from cmic_simulator.service import Service

TEMPLATES = Path(__file__).with_name("templates")
JOURNAL_ROWS = 300
POSTED_ROWS = 20
POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
NOTICES_KEPT = 100


def money(value: Decimal | None) -> str:
    """This function will show an amount with two decimals and thousands separators; None is empty."""
    return "" if value is None else f"{value:,.2f}"


class Desk:
    """Answers the pages under /desk."""

    def __init__(self, service: Service, *, app_url: str) -> None:
        self.service, self.book, self.app_url = service, service.book, app_url
        self.accountant = Accountant(service.book)
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._templates.filters["money"] = money
        self._templates.filters["query"] = lambda values: urlencode(values)
        # What an action said, by number, until the page after it has shown it.
        self._notices: dict[str, tuple[str, bool]] = {}
        self._numbers = count(1)
        self._pages: dict[str, Callable[[Request], Response]] = {
            "/desk": self._front,
            "/desk/pci": self._pci,
            "/desk/job": self._job,
            "/desk/journal": self._journal,
            "/desk/desk.css": self._css,
        }

    def answer(self, request: Request) -> Response:
        """This function will answer a page request, or carry out a form and lead back."""
        path = request.path.rstrip("/")
        if path == "":
            return Response(303, headers={"Location": "/desk"})
        if request.method == "POST" and path == "/desk/act":
            return self._act(request)
        page = self._pages.get(path)
        if page is None:
            return self._shown(request, "missing.html", status=404, what=request.path)
        if request.method not in ("GET", "HEAD"):
            return Response(405, "Method Not Allowed", "text/plain")
        try:
            with self.book.session():
                return page(request)
        except Refused as problem:
            return self._shown(request, "missing.html", status=404, what=problem.text)

    def _shown(self, request: Request, template: str, *, status: int = 200, **values: object) -> Response:
        notice, bad = self._notices.pop(request.query.get("said", ""), ("", False))
        page = self._templates.get_template(template).render(
            app_url=self.app_url,
            notice=notice,
            bad=bad,
            now=self.book.clock.now().strftime("%Y-%m-%d %H:%M"),
            switches=self.book.switches,
            here=request.target,
            **values,
        )
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
        return Response(status, page, "text/html; charset=utf-8", headers)

    def _css(self, request: Request) -> Response:
        text = (TEMPLATES / "desk.css").read_text(encoding="utf-8")
        return Response(200, text, "text/css; charset=utf-8")

    def _front(self, request: Request) -> Response:
        headers = list(self.book.tables["cmmast"])
        waiting = [self._summary(h) for h in headers if h["CmmStatCode"] != "P"]
        posted = [h for h in headers if h["CmmStatCode"] == "P"]
        posted.sort(key=lambda h: h["CmmPostBatchNum"] or "", reverse=True)
        jobs = list(self.book.tables["jcjob"])
        return self._shown(
            request,
            "front.html",
            waiting=sorted(waiting, key=lambda pci: not pci["approved"]),
            posted=[self._summary(h) for h in posted[:POSTED_ROWS]],
            posted_count=len(posted),
            pending_jobs=[job for job in jobs if job["JobStatusCode"] == "P"],
            jobs=jobs,
            companies=list(self.book.tables["glcompany"]),
        )

    def _summary(self, header: dict) -> dict:
        lines = self.book.pci_lines(header)
        company = header["CmmCompCode"]
        kinds = {"P": "not ready", "N": "waiting", "A": "approved", "R": "rejected"}
        status = self.book.tables["cmstatus"].one(company, header["CmmPrepostStatCode"])
        pending_type = status["CmsPendingType"] if status else ""
        classes = {"O": "original", "I": "internal", "T": "transfer", "E": "external"}
        return {
            "header": header,
            "lines": lines,
            "total": sum((line["CmdBudgAmt"] for line in lines), Decimal(0)),
            "approved": pending_type == "A",
            "status": kinds.get(pending_type, "unknown"),
            "class": classes.get(self.book.class_of(header), ""),
            "posted": header["CmmStatCode"] == "P",
            "key": _pci_key(header),
        }

    def _pci(self, request: Request) -> Response:
        wanted = request.query
        key = [wanted.get(name, "") for name in ("company", "job", "code")]
        header = self.accountant.header(*key)
        statuses = self.book.tables["cmstatus"].find(("CmsCompCode",), header["CmmCompCode"])
        return self._shown(request, "pci.html", pci=self._summary(header), statuses=statuses)

    def _job(self, request: Request) -> Response:
        company, code = request.query.get("company", ""), request.query.get("job", "")
        job = self.book.tables["jcjob"].one(company, code)
        if job is None:
            return self._shown(request, "missing.html", status=404, what=f"Job {code} of company {company}")
        rows = self.book.tables["jcjobcategory"].find(("JcatCompCode", "JcatJobCode"), company, code)
        rows.sort(key=lambda row: (row["JcatPhsCode"], row["JcatCode"]))
        pcis = self.book.tables["cmmast"].find(("CmmCompCode", "CmmJobCode"), company, code)
        return self._shown(
            request,
            "job.html",
            job=job,
            rows=rows,
            original=_sum(row["JcatOrigBudgAmt"] for row in rows),
            current=_sum(row["JcatCurrBudgAmt"] for row in rows),
            pcis=[self._summary(header) for header in pcis],
            phases=self._names("jcmastercostcodes", "Phs", company),
            categories=self._names("jcmastercategories", "Cat", company),
        )

    def _names(self, resource: str, prefix: str, company: str) -> dict[str, str]:
        """Map the codes of a master to their names, where a name says more than the code."""
        rows = (row for row in self.book.tables[resource] if row[f"{prefix}CompCode"] == company)
        names = {row[f"{prefix}Code"]: row[f"{prefix}Name"] or "" for row in rows}
        return {code: name for code, name in names.items() if name != code}

    def _journal(self, request: Request) -> Response:
        entries = self.service.journal.listed()
        newest = [
            {**entry.as_dict(), "shown_path": unquote_plus(entry.path)}
            for entry in reversed(entries[-JOURNAL_ROWS:])
        ]
        stats = self.service.journal.stats()
        return self._shown(request, "journal.html", entries=newest, total=len(entries), stats=stats)

    def _act(self, request: Request) -> Response:
        if not _same_site(request):
            return Response(403, "This form was sent from another site.", "text/plain")
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        back = form.pop("back", "/desk")
        try:
            with self.book.session():
                said, bad = self._perform(form.pop("action", ""), form), False
        except Refused as problem:
            said, bad = f"Not done. {problem.text}", True
        except (InvalidOperation, TypeError, KeyError):
            said, bad = "Not done. Please give an amount such as 18400 or -250.50.", True
        number = str(next(self._numbers))
        self._notices[number] = (said, bad)
        while len(self._notices) > NOTICES_KEPT:
            self._notices.pop(next(iter(self._notices)))
        # Only ways within the desk: the form field must not lead elsewhere.
        path, _, query = back.partition("?")
        path = path if path in self._pages else "/desk"
        kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != "said"]
        return Response(303, headers={"Location": f"{path}?{urlencode([*kept, ('said', number)])}"})

    def _perform(self, action: str, form: dict[str, str]) -> str:
        """Carry out one action and say in a sentence what happened."""
        code = form.get("code", "")
        if action == "post":
            done = self.accountant.post(**form)
            return f"{code} is posted in batch {done['batch']}; the budgets are changed."
        if action == "reject":
            return f"{code} is rejected (status {self.accountant.reject(**form)['status']})."
        if action == "set_status":
            return f"{code} now has status {self.accountant.set_status(**form)['status']}."
        if action == "delete":
            self.accountant.delete(**form)
            return f"{code} is deleted."
        if action == "edit_amount":
            done = self.accountant.edit_amount(line=form["line"], amount=form["amount"].replace(",", ""))
            return f"The line's amount is now {money(done['amount'])}."
        if action == "start_job":
            self.accountant.start_job(company=form["company"], job=form["job"])
            return f"Job {form['job']} is started; its original budget is frozen."
        if action == "set_budget":
            original, current = (form.pop(n, "").replace(",", "") or None for n in ("original", "current"))
            done = self.accountant.set_budget(**form, original=original, current=current)
            return f"The budget is now {money(done['original'])} original, {money(done['current'])} current."
        raise refused(f"The desk knows no action {action}.")


def _pci_key(header: dict) -> dict[str, str]:
    return {"company": header["CmmCompCode"], "job": header["CmmJobCode"], "code": header["CmmCode"]}


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


def _same_site(request: Request) -> bool:
    """Say whether a form comes from the desk itself, so that other pages cannot post on a person's behalf."""
    fetch_site = request.headers.get("sec-fetch-site")
    if fetch_site is not None:
        return fetch_site == "same-origin"
    origin = request.headers.get("origin")
    return origin is None or origin == f"http://{request.headers.get('host', '')}"
