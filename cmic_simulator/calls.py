"""One call to the services that has been routed and authenticated."""

from dataclasses import dataclass

from cmic_simulator.faults import Fault
from cmic_simulator.journal import Entry
from cmic_simulator.messages import Request, Target
from cmic_simulator.profile import Resource


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
