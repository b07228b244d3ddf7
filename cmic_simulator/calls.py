"""One call to the services that has been routed and authenticated."""

from dataclasses import dataclass

from cmic_simulator.faults import Fault
from cmic_simulator.journal import Entry
from cmic_simulator.messages import Request, Target
from cmic_simulator.profile import Profile, Resource


@dataclass
class Call:
    """One authenticated call that is being served."""

    request: Request
    target: Target
    resource: Resource
    user: str
    entry: Entry
    fault: Fault | None
    seen: Profile  # every resource as callers see it at present

    @property
    def host(self) -> str:
        """This property will give scheme and host as the caller wrote them."""
        return f"http://{self.request.headers.get('host', 'localhost')}"

    def struck_by(self, *kinds: str) -> bool:
        """This function will say whether the call meets one of these faults."""
        return self.fault is not None and self.fault.kind in kinds
