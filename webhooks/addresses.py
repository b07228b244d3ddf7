"""Which addresses Tieback posts to: the open internet over https, and what the operator lists by name.

An ERP admin types an address and the server calls it: it must not become a way into the network the server stands in.
The name is looked up again for each call, every address it stands for is checked, and the call goes to the address that
was checked: a name that means something else a moment later leads nowhere else.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import BoundedSemaphore, Thread
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

PORTS = {443, 8443}
LONGEST = 500
LOOK_UP = 5.0  # seconds that looking up a name may take
# Look-ups under way in this process; those given up count until the system ends them.
AT_ONCE = BoundedSemaphore(20)
EMBEDDING = [ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48")]  # IPv4 inside of IPv6
# Python calls these global: the old site-local range, protocol assignments, 6to4's relays, a cloud's own host.
NOT_THE_INTERNET = [
    ipaddress.ip_network(net) for net in ("fec0::/10", "192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")
]
Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefused(Exception):
    """Tieback does not post there; the sentence says why."""


@dataclass(frozen=True)
class Target:
    """An address taken apart."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def listed(self) -> bool:
        """Whether the operator lists it as a tool of the house."""
        return f"{self.scheme}://{self.host}:{self.port}" in settings.WEBHOOK_HOSTS

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if (self.scheme, self.port) in (("https", 443), ("http", 80)) else f"{host}:{self.port}"


def target_of(url: str) -> Target:
    """This function will take an address apart. Raises AddressRefused."""
    if len(url) > LONGEST or not all("!" <= char <= "~" for char in url):
        raise AddressRefused(f"Write an address of at most {LONGEST} plain characters without spaces.")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise AddressRefused("This is no address. Write it like https://hooks.example.com/tieback.") from None
    if parts.scheme not in ("https", "http") or not host:
        raise AddressRefused("Write a whole address like https://hooks.example.com/tieback.")
    if parts.username is not None or parts.password is not None or parts.fragment or "\\" in url:
        raise AddressRefused("Leave out user, password and anything after #; deliveries are signed instead.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    target = Target(parts.scheme, host, port or (443 if parts.scheme == "https" else 80), path)
    if not target.listed and target.scheme != "https":
        raise AddressRefused("Use https: what is posted is about money.")
    if not target.listed and target.port not in PORTS:
        raise AddressRefused("Use port 443 or 8443; the operator may list others in WEBHOOK_HOSTS.")
    return target


def addresses_of(target: Target, *, within: float = LOOK_UP) -> list[str]:
    """This function will look the host up and return its addresses, all of them allowed. Raises AddressRefused."""
    try:
        found = _looked_up(target, min(within, LOOK_UP))
    except Empty:
        raise AddressRefused(
            f"{target.host} could not be looked up in time: the name service did not answer."
        ) from None
    except (OSError, UnicodeError):
        raise AddressRefused(f"{target.host} cannot be found.") from None
    addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
    for address in addresses:
        if not _allowed(ipaddress.ip_address(address.partition("%")[0]), listed=target.listed):
            raise AddressRefused(
                f"{target.host} leads into a private network ({address}). If it is a tool of the house, "
                "the operator lists it in WEBHOOK_HOSTS."
            )
    return addresses


def _looked_up(target: Target, seconds: float) -> list[Any]:
    """Ask the system for a name's addresses. It takes no time limit and cannot be interrupted, so a thread asks, which
    is left to its end where the name service is silent. Raises Empty when the time is over.
    """
    answers: SimpleQueue[list[Any] | Exception] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as problem:
            answers.put(problem)
        finally:
            AT_ONCE.release()

    if not AT_ONCE.acquire(blocking=False):
        raise Empty  # so many wait for the name service already
    Thread(target=ask, daemon=True, name="look-up").start()
    found = answers.get(timeout=seconds)
    if isinstance(found, Exception):
        raise found
    return found


def _allowed(ip: Ip, *, listed: bool) -> bool:
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        return False  # clouds keep their metadata at link-local addresses: nobody lists those
    if isinstance(ip, ipaddress.IPv6Address):
        inside = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inside is not None or any(ip in net for net in EMBEDDING):
            return False
    return listed or (ip.is_global and not ip.is_reserved and not any(ip in net for net in NOT_THE_INTERNET))
