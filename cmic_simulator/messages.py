"""What goes between the socket and the services: requests, answers, and where a path leads."""

import threading
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from cmic_simulator.jsonio import loads
from cmic_simulator.profile import Profile, Resource

BASE = "/cmictest"
ITEM = "application/vnd.oracle.adf.resourceitem+json"
COLLECTION = "application/vnd.oracle.adf.resourcecollection+json"
DESCRIPTION = "application/vnd.oracle.adf.description+json"
ACTION = "application/vnd.oracle.adf.action+json"
BATCH = "application/vnd.oracle.adf.batch+json"
JSON = "application/json"


@dataclass
class Request:
    """One HTTP request; header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    client: str

    @property
    def path(self) -> str:
        """This property will give the path without the query, decoded."""
        return unquote(self.target.partition("?")[0])

    @property
    def query(self) -> dict[str, str]:
        """This property will give the query parameters, decoded; the first of a repeated name counts."""
        pairs = parse_qsl(self.target.partition("?")[2], keep_blank_values=True)
        return dict(reversed(pairs))

    def json(self) -> dict:
        """This function will parse the body as a JSON object; anything else raises ValueError."""
        value = loads(self.body)
        if not isinstance(value, dict):
            raise ValueError("a JSON object was expected")
        return value

    @property
    def searchable(self) -> str:
        """This property will give path, query and body as text, for faults that match a substring."""
        query = "&".join(f"{name}={value}" for name, value in self.query.items())
        return f"{self.path}?{query}\n{self.body.decode('utf-8', 'replace')}"


@dataclass
class Response:
    """One answer. `wire` says how it reaches the caller: send, reset, hang or truncate.

    A hang ends when `patience` is set, if it has not ended before.
    """

    status: int
    body: str = ""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    wire: str = "send"
    patience: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Target:
    """Where a path leads: kind is item, collection, action, batch, describe, version or nowhere."""

    kind: str
    resource: Resource | None = None
    uuid: str = ""
    root: str = ""

    @property
    def name(self) -> str:
        """This property will give the resource's name, or an empty text."""
        return self.resource.name if self.resource else ""


def locate(path: str, *, profile: Profile) -> Target:
    """This function will find what a path means."""
    inner = path.removeprefix(BASE + "/")
    if inner == path:
        return Target("nowhere")
    by_path = profile.by_path
    head, _, tail = inner.rpartition("/")
    if inner in by_path:
        resource = by_path[inner]
        return Target("action" if resource.actions else "collection", resource)
    if inner in profile.roots:
        return Target("batch", root=inner)
    if tail == "describe":
        if head in by_path:
            return Target("describe", by_path[head])
        if head in profile.roots or head in profile.apps:
            return Target("describe", root=head)
    if tail == "version" and head.removesuffix("/rest") in profile.apps and head.endswith("/rest"):
        return Target("version", root=head)
    if head in by_path and tail:
        return Target("item", by_path[head], uuid=tail)
    return Target("nowhere")


def is_write(method: str) -> bool:
    """This function will say whether a method can change the book."""
    return method in ("POST", "PATCH", "DELETE")
