"""The control interface under /__sim: what tests and demos need beside CMiC's own services."""

import hmac
import ipaddress
from collections.abc import Callable
from datetime import datetime
from decimal import InvalidOperation

from cmic_simulator import accountant, seed
from cmic_simulator.book import ACCOUNTANT
from cmic_simulator.errors import Refused, refused
from cmic_simulator.jsonio import dumps
from cmic_simulator.messages import Request, Response
from cmic_simulator.service import Service
from cmic_simulator.switches import Switches

PREFIX = "/__sim/"
Action = Callable[[dict], object]


class Control:
    """Answers the control interface; every answer is JSON."""

    def __init__(self, service: Service, *, token: str, start: Switches) -> None:
        self.service, self.book, self.token = service, service.book, token
        self.start = start.as_dict()
        desk = accountant.Accountant(self.book)
        self.actions: dict[tuple[str, str], Action] = {
            ("GET", "state"): self.state,
            ("POST", "reset"): self.reset,
            ("POST", "seed"): self.seed,
            ("GET", "clock"): self.clock,
            ("POST", "clock"): self.set_clock,
            ("GET", "profile"): self.profile,
            ("GET", "switches"): lambda _: self.book.switches.as_dict(),
            ("POST", "switches"): self.switch,
            ("GET", "journal"): self.journal,
            ("DELETE", "journal"): self.clear_journal,
            ("GET", "journal/stats"): lambda _: service.journal.stats(),
            ("GET", "faults"): lambda _: {"faults": service.faults.listed()},
            ("POST", "faults"): self.add_fault,
            ("DELETE", "faults"): self.remove_faults,
            ("POST", "post"): lambda given: desk.post(**given),
            ("POST", "reject"): lambda given: desk.reject(**given),
            ("POST", "set_status"): lambda given: desk.set_status(**given),
            ("POST", "edit_amount"): lambda given: desk.edit_amount(**given),
            ("POST", "delete"): lambda given: desk.delete(**given),
            ("POST", "undo"): lambda given: desk.undo(**given),
            ("POST", "start_job"): lambda given: desk.start_job(**given),
            ("POST", "close_job"): lambda given: desk.close_job(**given),
            ("POST", "set_budget"): lambda given: desk.set_budget(**given),
            ("POST", "set_active"): lambda given: desk.set_active(**given),
            ("POST", "hide_job"): self.hide_job,
            ("POST", "close_period"): self.close_period,
        }

    def answer(self, request: Request) -> Response:
        """This function will answer a control request; refusals are JSON `{"error": ...}`."""
        if not ipaddress.ip_address(request.client).is_loopback:
            return _json(403, {"error": "the control interface answers the loopback address only"})
        if not hmac.compare_digest(request.headers.get("x-sim-token", "").encode(), self.token.encode()):
            return _json(403, {"error": "header X-Sim-Token is missing or wrong"})
        name = request.path.removeprefix(PREFIX).strip("/")
        action = self.actions.get((request.method, name))
        if action is None:
            known = ", ".join(f"{method} {path}" for method, path in self.actions)
            return _json(404, {"error": f"{request.method} {name} is not known; known are {known}"})
        try:
            given = request.json() if request.body else dict(request.query)
            with self.book.session():
                return _json(200, action(given))
        except Refused as problem:
            return _json(problem.status, {"error": problem.text})
        except (ValueError, TypeError, KeyError, InvalidOperation) as problem:
            return _json(400, {"error": f"{type(problem).__name__}: {problem}"})

    def state(self, _: dict) -> dict:
        """This function will return the whole book in the seed format, and everything around it."""
        return {
            "book": seed.dump(self.book),
            "switches": self.book.switches.as_dict(),
            "clock": self.book.clock.stamp(),
            "hidden_jobs": [list(pair) for pair in sorted(self.book.hidden_jobs)],
            "closed_through": self.book.closed_through,
            "late_commits": len(self.book.late),
            "faults": self.service.faults.listed(),
        }

    def profile(self, _: dict) -> dict:
        """This function will tell what this tenant declares otherwise than profile.json."""
        resources = self.book.profile.resources
        return {
            "differences": list(self.book.profile.differences),
            "resources": {name: {"path": r.path, "methods": list(r.verbs)} for name, r in resources.items()},
        }

    def reset(self, given: dict) -> dict:
        """This function will forget everything; a seed in the body is loaded into the empty book."""
        self.service.let_go()
        self.book.clear()
        self.book.switches.change(self.start)
        self.book.clock.reset()
        self.service.request_ids.clear()
        self.service.faults.remove()
        self.service.journal.clear()
        self.service.throttle.clear()
        seed.load(self.book, given)
        return {"ok": True}

    def seed(self, given: dict) -> dict:
        """This function will merge a seed into the book."""
        seed.load(self.book, given)
        return {"ok": True}

    def clock(self, _: dict) -> dict:
        """This function will tell the virtual time."""
        return {
            "now": self.book.clock.stamp(),
            "offset_seconds": str(round(self.book.clock.offset_seconds, 3)),
        }

    def set_clock(self, given: dict) -> dict:
        """This function will move (`advance` seconds), set (`set`, a moment) or stop (`frozen`) the clock."""
        unknown = set(given) - {"advance", "set", "frozen"}
        if unknown:
            raise ValueError(f"clock knows advance, set and frozen, not {', '.join(unknown)}")
        if "set" in given:
            moment = datetime.fromisoformat(given["set"])
            if moment.tzinfo is None:
                raise ValueError("the moment needs a time zone, e.g. 2026-03-01T12:00:00Z")
            self.book.clock.set(moment=moment)
        if "advance" in given:
            self.book.clock.advance(seconds=float(given["advance"]))
        if "frozen" in given:
            self.book.clock.freeze(frozen=bool(given["frozen"]))
        self.book.settle()
        return self.clock({})

    def switch(self, given: dict) -> dict:
        """This function will set switches; auto-numbering also sets the masks of the companies' types."""
        before = set(self.book.switches.auto_numbering)
        self.book.switches.change(given)
        for company in before ^ set(self.book.switches.auto_numbering):
            on = company in self.book.switches.auto_numbering
            for row in self.book.tables["cmtype"].find(("CmtCompCode",), company):
                mask = f"{row['CmtTypeCode']}*" if on else None
                flags = {"CmtChgOrdNumberMask": mask, "CmtPciMaskOverrideFlag": "N" if on else "Y"}
                self.book.put("cmtype", {**row, **flags}, user=ACCOUNTANT)
        return self.book.switches.as_dict()

    def journal(self, given: dict) -> dict:
        """This function will return the journal; `method`, `resource` and `since` (a number) narrow it."""
        unknown = set(given) - {"method", "resource", "since"}
        if unknown:
            raise ValueError(f"journal knows method, resource and since, not {', '.join(unknown)}")
        entries = [
            entry.as_dict()
            for entry in self.service.journal.listed()
            if given.get("method") in (None, entry.method)
            and given.get("resource") in (None, entry.resource)
            and entry.number > int(given.get("since", 0))
        ]
        return {"entries": entries, "stats": self.service.journal.stats()}

    def clear_journal(self, _: dict) -> dict:
        """This function will empty the journal."""
        self.service.journal.clear()
        return {"ok": True}

    def add_fault(self, given: dict) -> dict:
        """This function will set one fault and return it with its id."""
        fault = self.service.faults.add(given)
        if fault.kind == "stale_read":
            fault.tables = {name: table.copy() for name, table in self.book.tables.items()}
        return fault.as_dict()

    def remove_faults(self, given: dict) -> dict:
        """This function will delete the fault with `id`, or all."""
        self.service.faults.remove(int(given["id"]) if "id" in given else None)
        return {"faults": self.service.faults.listed()}

    def hide_job(self, given: dict) -> dict:
        """This function will take a job from the view of the interface's user, or give it back."""
        pair = (given["company"], given["job"])
        if self.book.tables["jcjob"].one(*pair) is None:
            raise refused(f"Job {pair[1]} of company {pair[0]} was not found.", status=404)
        if given.get("hidden", True):
            self.book.hidden_jobs.add(pair)
        else:
            self.book.hidden_jobs.discard(pair)
        self.book.on_change()
        return {"hidden_jobs": [list(each) for each in sorted(self.book.hidden_jobs)]}

    def close_period(self, given: dict) -> dict:
        """This function will close a company's periods up to and including a date (null opens them)."""
        company, through = given["company"], given["through"]
        if through is None:
            self.book.closed_through.pop(company, None)
        else:
            self.book.closed_through[company] = datetime.fromisoformat(through).date().isoformat()
        self.book.on_change()
        return {"closed_through": self.book.closed_through}


def _json(status: int, value: object) -> Response:
    return Response(status, dumps(value))
