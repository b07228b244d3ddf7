"""The played CMiC behind the socket: gateway, faults, rights, request ids, reads, writes, actions."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus

from cmic_simulator import gateway, operations, posting
from cmic_simulator.book import ACCOUNTANT, Book
from cmic_simulator.errors import Refused, refused, render
from cmic_simulator.faults import Fault, Faults, bend
from cmic_simulator.journal import Entry, Journal
from cmic_simulator.jsonio import dumps
from cmic_simulator.messages import BASE, Request, Response, Target, is_write, locate
from cmic_simulator.profile import RESOURCES, Resource
from cmic_simulator.reading import Paging, Reader, as_seen, describe
from cmic_simulator.throttle import Throttle

METHODS = {
    "collection": ("GET", "POST"),
    "item": ("GET", "PATCH", "DELETE"),
    "action": ("POST",),
    "describe": ("GET",),
    "version": ("GET",),
}


@dataclass
class Call:
    """One authenticated call that is being served."""

    request: Request
    target: Target
    resource: Resource
    user: str
    entry: Entry
    fault: Fault | None

    def struck_by(self, *kinds: str) -> bool:
        """This function will say whether the call meets one of these faults."""
        return self.fault is not None and self.fault.kind in kinds


@dataclass
class Service:
    """Answers requests to the REST services."""

    book: Book
    journal: Journal
    throttle: Throttle
    faults: Faults
    stop: threading.Event
    request_ids: set[str] = field(default_factory=set)

    def arrive(self, request: Request) -> Entry:
        """This function will write a request into the journal."""
        return self.journal.arrive(
            method=request.method,
            path=request.target,
            resource=locate(request.path).name,
            request_id=request.headers.get("x-api-request-id", ""),
            user=gateway.claimed_user(request),
            body=request.body[:2000].decode("utf-8", "replace"),
            stamp=self.book.clock.stamp(),
        )

    def answer(self, request: Request, entry: Entry) -> Response:
        """This function will answer an admitted request; the book changes only here and in late commits."""
        target = locate(request.path)
        fault = self.faults.pick(request, target)
        if fault is not None:
            entry.fault = fault.kind
        early = self._before_service(request, fault)
        if early is not None:
            return early
        user = gateway.user_of(request)
        if user is None:
            return gateway.unauthorized()
        try:
            return self._serve(request, target, user=user, entry=entry, fault=fault)
        except Refused as problem:
            return self.refusal(problem, request)

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
            self.stop.wait(float(fault.parameters["seconds"]))
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
        return simple[kind]() if kind in simple else None

    def _serve(
        self, request: Request, target: Target, *, user: str, entry: Entry, fault: Fault | None
    ) -> Response:
        if target.kind == "nowhere":
            raise refused(f"No resource at {request.path}.", code="JBO-29114", status=404)
        drop, rename = self.faults.schema_changes()
        seen = as_seen(drop=drop, rename=rename)
        resource = seen[target.name] if target.resource else RESOURCES["glcompany"]
        call = Call(request, target, resource, user, entry, fault)
        self._check_method(call)
        repeated = self._repeated(request)
        if repeated is not None:
            return repeated
        content_type = gateway.answer_type(request, kind=target.kind)
        if request.method in ("POST", "PATCH"):
            gateway.check_content_type(request, action=target.kind == "action")
        if fault is not None and fault.kind in ("refuse", "refuse_nth_line"):
            raise _refusal_fault(fault, request)
        response = self._run(call, seen)
        response.content_type = content_type if response.status < 400 else response.content_type
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

    def _run(self, call: Call, seen: dict[str, Resource]) -> Response:
        if call.target.kind == "describe":
            return Response(200, dumps(describe(call.target, seen)))
        if call.target.kind == "version":
            release = self.book.switches.release
            versions = [{"version": "1", "isLatest": True, "lifecycle": "active"}]
            return Response(200, dumps({"items": versions, "release": release}))
        if not is_write(call.request.method):
            return self._read(call)
        return self._write(call)

    def _read(self, call: Call) -> Response:
        fault = call.fault
        reader = Reader(
            book=self.book,
            resource=call.resource,
            user=call.user,
            host=f"http://{call.request.headers.get('host', 'localhost')}",
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

    def _write(self, call: Call) -> Response:
        payload = self._payload(call)
        fault = call.fault
        if fault is not None and fault.kind == "late_commit":
            return self._commit_later(call, payload, fault)
        response = self._commit(call, payload)
        if call.struck_by("error500_after_commit"):
            return self.refusal(refused("Internal Server Error.", code="JBO-26061", status=500), call.request)
        for kind in ("hang", "reset", "truncate"):
            if call.struck_by(f"{kind}_after_commit"):
                response.wire = kind
        return response

    def _payload(self, call: Call) -> dict:
        if call.request.method == "DELETE":
            return {}
        try:
            payload = call.request.json()
        except ValueError as problem:
            raise refused(f"The payload cannot be parsed: {problem}.", code="JBO-29114") from None
        if call.fault is not None and call.struck_by("truncate_strings", "round_amounts"):
            bend(payload, resource=call.resource, fault=call.fault)
        return payload

    def _commit(self, call: Call, payload: dict) -> Response:
        try:
            with self.book.session():
                return self._change(call, payload)
        except Refused as problem:
            return self.refusal(problem, call.request)

    def _commit_later(self, call: Call, payload: dict, fault: Fault) -> Response:
        due = self.book.clock.now() + timedelta(seconds=float(fault.parameters["seconds"]))
        with self.book.session():
            self.book.commit_later(due=due, run=lambda: self._land(call, payload))
        then = fault.parameters["then"]
        if then == "500":
            return self.refusal(refused("Internal Server Error.", status=500), call.request)
        return Response(0, wire=then)

    def _land(self, call: Call, payload: dict) -> None:
        try:
            self._change(call, payload)
            call.entry.outcome = f"{call.entry.outcome} committed late".strip()
        except Refused as problem:
            call.entry.outcome = f"{call.entry.outcome} late commit refused: {problem}".strip()

    def _change(self, call: Call, payload: dict) -> Response:
        """Apply one write to the book, which the caller holds."""
        method, resource, user = call.request.method, call.resource, call.user
        if call.target.kind == "action":
            return self._post_action(call, payload)
        if method == "DELETE":
            operations.delete(self.book, resource, call.target.uuid, user=user)
            call.entry.committed = True
            return Response(204)
        if method == "POST":
            row = operations.create(self.book, resource, payload, user=user)
        else:
            row = operations.update(self.book, resource, call.target.uuid, payload, user=user)
        call.entry.committed = True
        host = f"http://{call.request.headers.get('host', 'localhost')}"
        shown = Reader(self.book, resource, user, host).shown(row, resource.attributes, links=True)
        location = {"Location": f"{host}{BASE}/{resource.path}/{row[resource.key]}"}
        return (
            Response(201, dumps(shown), headers=location) if method == "POST" else Response(200, dumps(shown))
        )

    def _post_action(self, call: Call, payload: dict) -> Response:
        """Run postCm; the vendor tells its failures in `result` of a 200."""
        if payload.get("name") not in call.resource.actions:
            raise refused(f"Action {payload.get('name')} is not known to {call.resource.name}.")
        given = _parameters(payload.get("parameters"))
        if set(given) - set(call.resource.actions["postCm"]):
            raise refused(f"postCm knows the parameters {', '.join(call.resource.actions['postCm'])}.")
        key = [given.get(name) for name in ("compCode", "jobCode", "chgCode")]
        header = self.book.tables["cmmast"].one(*key)
        if header is None:
            return Response(200, dumps({"result": f"ERROR: PCI {' / '.join(map(str, key))} does not exist."}))
        try:
            posted = posting.post(self.book, header, user=call.user, post_date=given.get("postDate"))
        except Refused as problem:
            return Response(200, dumps({"result": f"ERROR: {problem.text}"}))
        call.entry.committed = True
        return Response(200, dumps({"result": f"SUCCESS: posted in batch {posted['CmmPostBatchNum']}."}))


def _parameters(given: object) -> dict:
    """ADF writes an action's parameters as a list of objects with one member each."""
    if isinstance(given, dict):
        return given
    if not isinstance(given, list) or not all(isinstance(part, dict) for part in given):
        raise refused("The action's parameters are a list of objects.")
    return {name: value for part in given for name, value in part.items()}


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
