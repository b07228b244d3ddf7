"""The played CMiC behind the socket: gateway, faults, rights, request ids, reads, writes, actions."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from cmic_simulator import gateway, writing
from cmic_simulator.book import ACCOUNTANT, Book
from cmic_simulator.calls import Call
from cmic_simulator.errors import Refused, refused, render
from cmic_simulator.faults import Fault, Faults, bend
from cmic_simulator.journal import Entry, Journal
from cmic_simulator.jsonio import dumps
from cmic_simulator.messages import Request, Response, Target, is_write, locate
from cmic_simulator.oauth import Tokens
from cmic_simulator.profile import RESOURCES
from cmic_simulator.reading import Paging, Reader, as_seen, describe
from cmic_simulator.throttle import Throttle

METHODS = {
    "collection": ("GET", "POST"),
    "item": ("GET", "PATCH", "DELETE"),
    "action": ("POST",),
    "batch": ("POST",),
    "describe": ("GET",),
    "version": ("GET",),
}


@dataclass
class Service:
    """Answers requests to the REST services."""

    book: Book
    journal: Journal
    throttle: Throttle
    faults: Faults
    tokens: Tokens
    request_ids: set[str] = field(default_factory=set)
    patience: threading.Event = field(default_factory=threading.Event)

    def let_go(self) -> None:
        """This function will end all hangs and slow requests that are under way; those change nothing."""
        ended, self.patience = self.patience, threading.Event()
        ended.set()

    def arrive(self, request: Request) -> Entry:
        """This function will write a request into the journal."""
        return self.journal.arrive(
            method=request.method,
            path=request.target,
            resource=self._locate(request).name,
            request_id=request.headers.get("x-api-request-id", ""),
            user=gateway.claimed_user(request),
            body=request.body[:2000].decode("utf-8", "replace"),
            stamp=self.book.clock.stamp(),
        )

    def answer(self, request: Request, entry: Entry) -> Response:
        """This function will answer an admitted request; the book changes only here and in late commits."""
        target = self._locate(request)
        fault = self.faults.pick(request, target)
        if fault is not None:
            entry.fault = fault.kind
        early = self._before_service(request, fault)
        if early is not None:
            return early
        user = gateway.user_of(request, tokens=self.tokens, ways=self.book.switches.authentication)
        if user is None:
            return gateway.unauthorized()
        try:
            return self._serve(request, target, user=user, entry=entry, fault=fault)
        except Refused as problem:
            return self.refusal(problem, request)

    def _locate(self, request: Request) -> Target:
        return locate(request.path, profile=self.book.profile)

    def refusal(self, problem: Refused, request: Request) -> Response:
        """This function will tell a refusal in the shape of the release."""
        version = request.headers.get("rest-framework-version", "")
        content_type, body = render(
            problem,
            switches=self.book.switches,
            detailed=version.isdigit() and int(version) >= 4,
            stamp=self.book.clock.stamp(),
        )
        return Response(problem.status, body, content_type)

    def too_many(self, why: str, request: Request) -> Response:
        """This function will build the 429 answer, which has no Retry-After."""
        return self.refusal(refused(f"Too Many Requests: {why}.", status=429), request)

    def _before_service(self, request: Request, fault: Fault | None) -> Response | None:
        kind = fault.kind if fault else ""
        if fault and kind == "slow":
            if self.patience.wait(float(fault.parameters["seconds"])):
                return Response(0, wire="reset")
        simple: dict[str, Callable[[], Response]] = {
            "reset_before": lambda: Response(0, wire="reset"),
            "hang_before": lambda: Response(0, wire="hang"),
            "429": lambda: self.too_many("limit of the gateway", request),
            "503_html": lambda: gateway.html(503),
            "401": gateway.unauthorized,
            "403": lambda: self.refusal(
                refused("The user has no right to this service.", status=403), request
            ),
            "413": lambda: self.refusal(refused("Request Entity Too Large.", status=413), request),
            "login_html_200": lambda: gateway.html(200),
        }
        if fault and kind == "custom_answer" and not fault.parameters["serve"]:
            return _custom_answer(fault)
        if kind not in simple:
            return None
        response = simple[kind]()
        if fault and fault.parameters.get("retry_after") is not None:
            response.headers["Retry-After"] = str(fault.parameters["retry_after"])
        return response

    def _serve(
        self, request: Request, target: Target, *, user: str, entry: Entry, fault: Fault | None
    ) -> Response:
        if target.kind == "nowhere":
            raise refused(f"No resource at {request.path}.", code="JBO-29114", status=404)
        drop, rename = self.faults.schema_changes()
        seen = as_seen(self.book.profile, drop=drop, rename=rename)
        resource = seen.resources[target.name] if target.resource else RESOURCES["glcompany"]
        call = Call(request, target, resource, user, entry, fault, seen)
        self._check_method(call)
        repeated = self._repeated(request)
        if repeated is not None:
            return repeated
        content_type = gateway.answer_type(request, kind=target.kind)
        if request.method in ("POST", "PATCH"):
            gateway.check_content_type(request, kind=target.kind, batch=self.book.switches.batch)
        if fault is not None and fault.kind in ("refuse", "refuse_nth_line"):
            raise _refusal_fault(fault, request)
        response = self._run(call)
        response.content_type = content_type if response.status < 400 else response.content_type
        if fault is not None and fault.kind == "custom_answer":
            return _custom_answer(fault)
        if call.struck_by("bad_json"):
            response.body = response.body[: len(response.body) // 2] or '{"items":['
            response.status = 200 if response.status == 204 else response.status
        return response

    def _check_method(self, call: Call) -> None:
        method, target, resource = call.request.method, call.target, call.resource
        allowed = METHODS[target.kind]
        if target.kind in ("collection", "item"):
            allowed = tuple(m for m in allowed if m in resource.verbs)
        if method not in allowed:
            raise refused(f"Method {method} is not allowed; allowed: {', '.join(allowed)}.", status=405)
        if target.kind == "action" and call.user != ACCOUNTANT:
            raise refused(f"User {call.user} has no right to {resource.name}.", status=403)

    def _repeated(self, request: Request) -> Response | None:
        """Remember the request id; answer a repeat without serving it."""
        given = request.headers.get("x-api-request-id", "")
        if not given or not self.book.switches.honours_request_ids:
            return None
        with self.book.lock:
            new = given not in self.request_ids
            self.request_ids.add(given)
        if new:
            return None
        status = self.book.switches.request_id_repeat_status
        if status == HTTPStatus.OK:
            return Response(200, dumps({"result": "Duplicate request"}))
        raise refused(f"Duplicate request {given}.", status=status)

    def _run(self, call: Call) -> Response:
        if call.target.kind == "describe":
            return Response(200, dumps(describe(call.target, profile=call.seen, host=call.host)))
        if call.target.kind == "version":
            release = self.book.switches.release
            versions = [{"version": "1", "isLatest": True, "lifecycle": "active"}]
            return Response(200, dumps({"items": versions, "release": release}))
        if not is_write(call.request.method):
            return self._read(call)
        return writing.write(call, book=self.book, refusal=self.refusal)

    def _read(self, call: Call) -> Response:
        fault = call.fault
        reader = Reader(
            book=self.book,
            resource=call.resource,
            user=call.user,
            host=call.host,
            tables=fault.tables if fault else {},
            paging=_paging(fault),
        )
        with self.book.session():
            query = call.request.query
            if call.target.kind == "item":
                shown = reader.item(call.target.uuid, query)
            else:
                shown = reader.collection(query)
        if fault is not None and call.struck_by("truncate_strings", "round_amounts"):
            for item in shown.get("items", [shown]):
                bend(item, resource=call.resource, fault=fault)
        return Response(200, dumps(shown))


def _custom_answer(fault: Fault) -> Response:
    given = fault.parameters
    headers = {name: str(value) for name, value in given["headers"].items()}
    return Response(int(given["status"]), given["body"], given["content_type"], headers)


def _paging(fault: Fault | None) -> Paging:
    kind = fault.kind if fault else ""
    if fault and kind == "page_drift":
        return Paging(shift=int(fault.parameters["shift"]))
    if fault and kind == "duplicate_across_pages":
        return Paging(repeat=int(fault.parameters["rows"]))
    return Paging(nothing=kind == "has_more_with_nothing")


def _refusal_fault(fault: Fault, request: Request) -> Refused:
    message = fault.parameters["message"]
    if fault.kind == "refuse_nth_line" and not message:
        line = request.json()
        message = (
            f"Cost Code Code {line['CmdPhsCode']} with Category Code {line['CmdCatCode']} "
            f"is not valid on job {line['CmdJobCode']}."
        )
    return refused(message, code=fault.parameters.get("code", "JBO-27019"))
