"""The limit of the vendor's gateway: so many at once, so many in a sliding second, for each address."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field

from cmic_simulator.switches import Switches


@dataclass
class _Caller:
    under_way: int = 0
    admitted: deque[float] = field(default_factory=deque)


class Throttle:
    """Admits requests; a refused one counts neither as under way nor in the second."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        self._callers: dict[str, _Caller] = {}
        self._lock = threading.Lock()

    def admit(self, address: str) -> str:
        """This function will take a request in and return an empty text, or say why it is refused."""
        with self._lock:
            caller = self._callers.setdefault(address, _Caller())
            now = time.monotonic()
            while caller.admitted and now - caller.admitted[0] >= 1:
                caller.admitted.popleft()
            if self._switches.throttle:
                if caller.under_way >= self._switches.max_concurrent:
                    return f"more than {self._switches.max_concurrent} requests at once"
                if len(caller.admitted) >= self._switches.max_per_second:
                    return f"more than {self._switches.max_per_second} requests in a second"
            caller.under_way += 1
            caller.admitted.append(now)
            return ""

    def clear(self) -> None:
        """This function will forget the last second; requests under way stay counted."""
        with self._lock:
            for caller in self._callers.values():
                caller.admitted.clear()

    def leave(self, address: str) -> None:
        """This function will note that an admitted request was answered or its caller is gone."""
        with self._lock:
            self._callers[address].under_way -= 1
