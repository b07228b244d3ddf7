"""Writes and actions: apply them to the book, at once or late, and answer as a fault may want."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from cmic_simulator import batch, operations, posting
from cmic_simulator.book import Book
from cmic_simulator.calls import Call
from cmic_simulator.errors import Refused, refused
from cmic_simulator.faults import Fault, bend
from cmic_simulator.jsonio import dumps
from cmic_simulator.messages import BASE, Request, Response
from cmic_simulator.reading import Reader

Refusal = Callable[[Refused, Request], Response]


def write(call: Call, *, book: Book, refusal: Refusal) -> Response:
    """This function will carry out one write; `refusal` tells refusals in the shape of the release."""
    return _Write(call, book, refusal).answer()


@dataclass
class _Write:
    call: Call
    book: Book
    refusal: Refusal

    def answer(self) -> Response:
        payload = self._payload()
        fault = self.call.fault
        if fault is not None and fault.kind == "late_commit":
            return self._commit_later(payload, fault)
        response = self._commit(payload)
        if self.call.struck_by("error500_after_commit"):
            return self._broken()
        for kind in ("hang", "reset", "truncate"):
            if self.call.struck_by(f"{kind}_after_commit"):
                response.wire = kind
        return response

    def _broken(self) -> Response:
        problem = refused("Internal Server Error.", code="JBO-26061", status=500)
        return self.refusal(problem, self.call.request)

    def _payload(self) -> dict:
        if self.call.request.method == "DELETE":
            return {}
        try:
            payload = self.call.request.json()
        except ValueError as problem:
            raise refused(f"The payload cannot be parsed: {problem}.", code="JBO-29114") from None
        if self.call.target.kind == "batch":
            return payload
        if self.call.fault is not None and self.call.struck_by("truncate_strings", "round_amounts"):
            bend(payload, resource=self.call.resource, fault=self.call.fault)
        return payload

    def _commit(self, payload: dict) -> Response:
        try:
            with self.book.session():
                return self._change(payload)
        except Refused as problem:
            return self.refusal(problem, self.call.request)

    def _commit_later(self, payload: dict, fault: Fault) -> Response:
        due = self.book.clock.now() + timedelta(seconds=float(fault.parameters["seconds"]))
        with self.book.session():
            self.book.commit_later(due=due, run=lambda: self._land(payload))
        then = fault.parameters["then"]
        if then == "500":
            return self._broken()
        return Response(0, wire=then)

    def _land(self, payload: dict) -> None:
        try:
            self._change(payload)
            self.call.entry.outcome = f"{self.call.entry.outcome} committed late".strip()
        except Refused as problem:
            self.call.entry.outcome = f"{self.call.entry.outcome} late commit refused: {problem}".strip()

    def _change(self, payload: dict) -> Response:
        """Apply one write to the book, which the caller holds."""
        method, resource, user = self.call.request.method, self.call.resource, self.call.user
        if self.call.target.kind == "action":
            return self._post_action(payload)
        if self.call.target.kind == "batch":
            return self._run_batch(payload)
        if method == "DELETE":
            operations.delete(self.book, resource, self.call.target.uuid, user=user)
            self.call.entry.committed = True
            return Response(204)
        if method == "POST":
            row = operations.create(self.book, resource, payload, user=user)
        else:
            row = operations.update(self.book, resource, self.call.target.uuid, payload, user=user)
        self.call.entry.committed = True
        shown = Reader(self.book, resource, user, self.call.host).shown(row, resource.attributes, links=True)
        location = {"Location": f"{self.call.host}{BASE}/{resource.path}/{row[resource.key]}"}
        if method == "POST":
            return Response(201, dumps(shown), headers=location)
        return Response(200, dumps(shown))

    def _run_batch(self, payload: dict) -> Response:
        parts = batch.parts_of(payload, cap=self.book.switches.batch_cap)
        answers = batch.run(self.call, book=self.book, parts=parts)
        self.call.entry.committed = any(part.operation != "get" for part in parts)
        return Response(200, dumps({"parts": answers}))

    def _post_action(self, payload: dict) -> Response:
        """Run postCm; the vendor tells its failures in `result` of a 200."""
        if payload.get("name") not in self.call.resource.actions:
            raise refused(f"Action {payload.get('name')} is not known to {self.call.resource.name}.")
        given = _parameters(payload.get("parameters"))
        if set(given) - set(self.call.resource.actions["postCm"]):
            raise refused(f"postCm knows the parameters {', '.join(self.call.resource.actions['postCm'])}.")
        key = [given.get(name) for name in ("compCode", "jobCode", "chgCode")]
        header = self.book.tables["cmmast"].one(*key)
        if header is None:
            return Response(200, dumps({"result": f"ERROR: PCI {' / '.join(map(str, key))} does not exist."}))
        try:
            posted = posting.post(self.book, header, user=self.call.user, post_date=given.get("postDate"))
        except Refused as problem:
            return Response(200, dumps({"result": f"ERROR: {problem.text}"}))
        self.call.entry.committed = True
        return Response(200, dumps({"result": f"SUCCESS: posted in batch {posted['CmmPostBatchNum']}."}))


def _parameters(given: object) -> dict:
    """ADF writes an action's parameters as a list of objects with one member each."""
    if isinstance(given, dict):
        return given
    if not isinstance(given, list) or not all(isinstance(part, dict) for part in given):
        raise refused("The action's parameters are a list of objects.")
    return {name: value for part in given for name, value in part.items()}
