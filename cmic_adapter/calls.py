"""One call to CMiC and whatever came of it: log-in, time-outs, how much is read, and never a secret in a text."""

from __future__ import annotations

import base64
import functools
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2

from cmic_adapter import adf, meanings
from cmic_adapter.limiter import Limiter
from cmic_adapter.meanings import Answer, Kind
from cmic_adapter.network import Deadline, PunctualTransport
from erp.port import ErpMisconfigured, ErpUnavailable

LARGEST_ANSWER = 32 * 1024 * 1024  # bytes after unpacking
HIDDEN = "***"  # stands where a server repeats our log-in
THROTTLE_PAUSE = 1.0  # seconds nobody starts after 429: the server counts over one second
LOGIN_TRIES = 2  # refused log-ins before this process stops asking: accounts get locked
LOGIN_REST = 600.0  # seconds until it may ask again


@dataclass(frozen=True)
class Timeouts:
    """Seconds to connect, for the whole of a read, for the whole of a write."""

    connect: float
    read: float
    write: float


class Caller:
    """Makes calls to one CMiC. Keeps the password out of every text it makes."""

    def __init__(
        self,
        *,
        base_url: str,
        username: str,
        password: str,
        timeouts: Timeouts,
        limiter: Limiter,
        concurrency: int,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            raise ErpMisconfigured("base_url must look like https://host/environment, without a user in it.")
        self.host = parts.netloc
        self.deadline = Deadline()
        self.timeouts, self.limiter = timeouts, limiter
        self._token = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._username, self._password = username, password
        self._refused_logins, self._quiet_until = 0, 0.0
        self.server_time = ""  # what the last answer said, as HTTP writes it
        self._http = httpx2.Client(
            base_url=base_url.rstrip("/") + "/",
            auth=httpx2.BasicAuth(username, password),
            headers=adf.HEADERS,
            transport=PunctualTransport(trusted=_trusted(), connections=concurrency, deadline=self.deadline),
            follow_redirects=False,
            trust_env=False,  # a proxy or a .netrc of the machine must not see the log-in
        )

    def close(self) -> None:
        """This function will close the connections."""
        self._http.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        total: float,
        query: Mapping[str, str] | None = None,
        text: str = "",
        request_id: str = "",
        on_row: bool = False,
    ) -> Answer:
        """This function will make one call, once, and say what came back within `total` seconds."""
        headers = {adf.REQUEST_ID: request_id} if request_id else {}
        if text:
            headers["Content-Type"] = adf.ITEM
        try:
            request = self._http.build_request(
                method,
                path,
                params=dict(query or {}),
                content=text.encode() if text else None,
                headers=headers,
                timeout=httpx2.Timeout(total, connect=self.timeouts.connect, pool=self.timeouts.connect),
            )
            with self.deadline.of(total):
                answer = self._receive(request, on_row=on_row)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            answer = meanings.of_failure(error)
        self._remember(answer)
        return answer

    def _receive(self, request: httpx2.Request, *, on_row: bool) -> Answer:
        response = self._http.send(request, stream=True)
        self.server_time = response.headers.get(adf.DATE, "")
        try:
            parts, size = [], 0
            for part in response.iter_bytes():
                parts.append(part)
                size += len(part)
                if size > LARGEST_ANSWER:
                    return Answer(Kind.GARBLED, "The answer is too large to be meant.", response.status_code)
                if self.deadline.is_up:
                    return Answer(Kind.NO_ANSWER, "The answer came too slowly.", response.status_code)
        finally:
            response.close()
        text = adf.decoded(b"".join(parts), charset=response.charset_encoding)
        return meanings.of_response(
            status=response.status_code,
            text=text.words.replace(self._token, HIDDEN),
            legible=text.legible,
            on_row=on_row,
            retry_after=adf.seconds(response.headers.get(adf.RETRY_AFTER)),
        )

    def _remember(self, answer: Answer) -> None:
        if answer.kind is Kind.THROTTLED:
            self.limiter.pause(answer.retry_after or THROTTLE_PAUSE)
        if answer.status == 401:
            self._refused_logins += 1
            self._quiet_until = time.monotonic() + LOGIN_REST
        elif answer.kind is Kind.OK:
            self._refused_logins = 0

    def stop_if_locked_out(self) -> None:
        """This function will raise ErpUnavailable for a while after two refused log-ins."""
        if self._refused_logins >= LOGIN_TRIES and time.monotonic() < self._quiet_until:
            # Not a new finding that would stop what an administrator has verified meanwhile, in another process.
            raise ErpUnavailable(
                "CMiC refused the log-in twice; not asking again for a while, accounts get locked.",
                asked=False,
                retry_after=self._quiet_until - time.monotonic(),
            )

    def anonymous(self, text: str) -> str:
        """This function will take our user and our password out of a text."""
        return self.clean(text).replace(self._username, HIDDEN) if self._username else self.clean(text)

    def clean(self, text: str) -> str:
        """This function will take the password out of a text."""
        return text.replace(self._password, HIDDEN) if self._password else text


@functools.cache
def _trusted() -> ssl.SSLContext:
    """The certificates this machine trusts; reading them takes longer than most calls, so once a process."""
    return httpx2.create_ssl_context(trust_env=False)
