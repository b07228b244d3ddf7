"""Refusals, and the shapes in which the releases tell them."""

import uuid
from dataclasses import dataclass
from http import HTTPStatus

from cmic_simulator.jsonio import dumps
from cmic_simulator.switches import Switches

TEXT_BEFORE_NEXUS = (404, 405, 406, 415)


@dataclass(frozen=True)
class Detail:
    """One thing that is wrong: the text, Oracle's code and the attribute it is about."""

    message: str
    code: str = "JBO-25009"
    path: str = ""


class Refused(Exception):
    """A call that is refused with an HTTP status and one or more details; nothing was changed."""

    def __init__(self, status: int, *details: Detail) -> None:
        super().__init__("; ".join(detail.message for detail in details))
        self.status = status
        self.details = details

    @property
    def text(self) -> str:
        """This property will give the messages without codes, for people."""
        return " ".join(detail.message for detail in self.details)


def refused(message: str, *, code: str = "JBO-25009", path: str = "", status: int = 400) -> Refused:
    """This function will build a refusal with one detail."""
    return Refused(status, Detail(message=message, code=code, path=path))


def render(problem: Refused, *, switches: Switches, detailed: bool, stamp: str) -> tuple[str, str]:
    """This function will return the content type and the body of a refusal in the release's shape.

    `detailed` says that the caller sent Rest-Framework-Version 4 or higher.
    """
    shape = _shape(problem.status, switches=switches, detailed=detailed)
    lines = "\n".join(f"{d.code}: {d.message}" for d in problem.details)
    if shape == "adf4":
        return "application/vnd.oracle.adf.error+json", dumps(
            {
                "title": HTTPStatus(problem.status).phrase,
                "status": str(problem.status),
                "o:errorDetails": [
                    {"detail": d.message, "o:errorCode": d.code.removeprefix("JBO-"), "o:errorPath": d.path}
                    for d in problem.details
                ],
            }
        )
    if shape == "wsd":
        return "application/json", dumps(
            {
                "uuid": str(uuid.uuid4()),
                "status": "Error",
                "errorCode": f"WSD-{problem.status:04d}",
                "errorMessage": lines,
                "timestamp": stamp,
                "moreDetails": {"ecid": uuid.uuid4().hex},
            }
        )
    if shape == "error":
        return "application/json", dumps({"error": lines})
    return "text/plain", lines


def _shape(status: int, *, switches: Switches, detailed: bool) -> str:
    if switches.error_shape != "release":
        return switches.error_shape
    if switches.release in ("nexus1", "nexus2"):
        # The throttle sits in a gateway before the services and has its own way of saying no.
        return "error" if status == HTTPStatus.TOO_MANY_REQUESTS else "wsd"
    if switches.release == "patch22" and detailed and status not in TEXT_BEFORE_NEXUS:
        return "adf4"
    return "text"
