"""ADF batch requests: many operations on one application in one request, all of them or none."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cmic_simulator import operations
from cmic_simulator.book import Book
from cmic_simulator.calls import Call
from cmic_simulator.errors import Detail, Refused, refused
from cmic_simulator.messages import BASE, Request, Target, locate
from cmic_simulator.profile import Resource
from cmic_simulator.reading import Reader

VERBS = {"get": "GET", "create": "POST", "update": "PATCH", "delete": "DELETE"}
KEYS = {"id", "path", "operation", "payload"}
PCI_RESOURCES = ("cmmast", "cmdetail", "cmdetailunposted")


@dataclass(frozen=True)
class Part:
    """One operation of a batch."""

    id: str
    path: str
    operation: str
    payload: dict[str, Any]


def parts_of(payload: dict, *, cap: int) -> list[Part]:
    """This function will read the parts; more than `cap` is 413, anything that is no part 400."""
    given = payload.get("parts")
    if not isinstance(given, list) or not given or set(payload) != {"parts"}:
        raise refused("A batch is an object with a list of parts.")
    if len(given) > cap:
        raise refused(f"The batch has {len(given)} parts; at most {cap} are taken.", status=413)
    parts = [_part(one) for one in given]
    if len({part.id for part in parts}) < len(parts):
        raise refused("Every part of a batch needs an id of its own.")
    return parts


def _part(one: object) -> Part:
    if not isinstance(one, dict) or set(one) - KEYS:
        raise refused(f"A part of a batch knows {', '.join(sorted(KEYS))}.")
    part_id, path, operation = (one.get(name) for name in ("id", "path", "operation"))
    if not all(isinstance(text, str) and text for text in (part_id, path, operation)):
        raise refused("A part of a batch needs id, path and operation.")
    payload = one.get("payload")
    if not isinstance(payload, dict | None):
        raise refused(f"Part {part_id}: the payload is an object.")
    return Part(str(part_id), str(path), str(operation), payload or {})


def run(call: Call, *, book: Book, parts: list[Part]) -> list[dict]:
    """This function will carry out the parts in their order and return their answers. One that fails undoes all."""
    with book.all_or_nothing():
        return [_told(part, call, book) for part in parts]


def _told(part: Part, call: Call, book: Book) -> dict:
    try:
        return {"id": part.id, **_Operation(part, call, book).answer()}
    except Refused as problem:
        # Only the part that failed is told, as the vendor does.
        details = (Detail(f"Part {part.id}: {d.message}", d.code, d.path) for d in problem.details)
        raise Refused(problem.status, *details) from None


@dataclass
class _Operation:
    part: Part
    call: Call
    book: Book

    def answer(self) -> dict:
        target = self._target()
        resource = self.call.seen.resources[target.name]
        verb = self._verb(target, resource)
        if not self.book.switches.batch_pcis and resource.name in PCI_RESOURCES:
            raise refused(f"Resource {resource.name} is not enabled for batch execution.")
        told = {"path": f"{self.call.host}{BASE}/{self._path()}", "operation": self.part.operation}
        if verb == "DELETE":
            operations.delete(self.book, resource, target.uuid, user=self.call.user)
            return told
        return {
            **told,
            "payload": self._read(target, resource) if verb == "GET" else self._write(target, resource),
        }

    def _path(self) -> str:
        """The part's path from the application on; it may be relative to the root that was posted to, or whole."""
        path = urlsplit(self.part.path).path
        if path.startswith(BASE + "/"):
            return path.removeprefix(BASE + "/")
        return f"{self.call.target.root}/{path.strip('/')}"

    def _target(self) -> Target:
        target = locate(f"{BASE}/{self._path()}", profile=self.call.seen)
        if target.kind not in ("collection", "item") or not self._path().startswith(self.call.target.root):
            raise refused(f"No resource at {self.part.path}.", code="JBO-29114", status=404)
        return target

    def _verb(self, target: Target, resource: Resource) -> str:
        verb = VERBS.get(self.part.operation, "")
        where = ("GET", "POST") if target.kind == "collection" else ("GET", "PATCH", "DELETE")
        if verb not in where or verb not in resource.verbs:
            raise refused(f"Operation {self.part.operation} is not allowed on {self.part.path}.", status=405)
        return verb

    def _reader(self, resource: Resource) -> Reader:
        return Reader(self.book, resource, self.call.user, self.call.host)

    def _read(self, target: Target, resource: Resource) -> dict:
        query = Request("GET", self.part.path, {}, b"", "").query
        reader = self._reader(resource)
        return reader.item(target.uuid, query) if target.kind == "item" else reader.collection(query)

    def _write(self, target: Target, resource: Resource) -> dict:
        if target.kind == "collection":
            row = operations.create(self.book, resource, self.part.payload, user=self.call.user)
        else:
            row = operations.update(self.book, resource, target.uuid, self.part.payload, user=self.call.user)
        return self._reader(resource).shown(row, resource.attributes, links=True)
