"""How often and how many at once: one budget for all processes that speak to the same CMiC.

Starts are spaced evenly and each holds a place while it waits, so a second in which late sleepers catch up sees at most
as many starts more than the rate as there are places: 8 + 3 of the 15 that CMiC allows.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import redis

from erp.port import ErpUnavailable

log = logging.getLogger(__name__)

BREATH = 1.03  # starts are this much further apart than the rate asks for: arrival there is never quite even
POLL = 0.05  # seconds between two looks for a free place
LONGEST_WAIT = 30.0  # seconds; whoever waits longer gives its place in the queue to a later try
REDIS_PATIENCE = 0.2  # seconds for one answer of Redis
REDIS_REST = 5.0  # seconds to do without Redis after it failed


@dataclass(frozen=True)
class Budget:
    """What may be asked: calls a second, calls at once, and how long one can last at most (seconds)."""

    per_second: float
    concurrency: int
    lease: float

    @property
    def interval(self) -> float:
        """Seconds between two starts."""
        return BREATH / self.per_second


class Limiter(Protocol):
    """Where a call waits for its turn."""

    def enter(self) -> str:
        """Wait for a turn and return the pass to give back; raises ErpUnavailable when it takes too long."""

    def leave(self, ticket: str) -> None:
        """Give the pass back."""

    def pause(self, seconds: float) -> None:
        """Let nobody start for this many seconds."""


@contextmanager
def turn(limiter: Limiter) -> Iterator[None]:
    """This function will hold one place while the block runs."""
    ticket = limiter.enter()
    try:
        yield
    finally:
        limiter.leave(ticket)


def too_long(seconds: float) -> ErpUnavailable:
    """This function will build the failure for a queue that is longer than anyone should wait."""
    return ErpUnavailable(
        "Too many calls to CMiC are waiting for their turn.", retry_after=seconds, asked=False
    )


class LocalLimiter:
    """One process: evenly spaced starts, and a semaphore."""

    def __init__(self, budget: Budget) -> None:
        self._interval = budget.interval
        self._places = threading.BoundedSemaphore(budget.concurrency)
        self._lock = threading.Lock()
        self._next = 0.0

    def enter(self) -> str:
        """This function will wait for a place and for the next start."""
        if not self._places.acquire(timeout=LONGEST_WAIT):
            raise too_long(LONGEST_WAIT)
        try:
            time.sleep(self._reserve())
        except BaseException:
            self._places.release()
            raise
        return ""

    def _reserve(self) -> float:
        with self._lock:
            now = time.monotonic()
            wait = max(0.0, self._next - now)
            if wait > LONGEST_WAIT:
                raise too_long(wait)
            self._next = max(self._next, now) + self._interval
            return wait

    def leave(self, ticket: str) -> None:
        """This function will free the place."""
        self._places.release()

    def pause(self, seconds: float) -> None:
        """This function will move the next start back."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)


# Times are Redis's own, in microseconds: workers' clocks may differ. A place that was never given back (a
# killed worker) is free after its lease. Answers: {-1} no place, {-2, wait} too long, {0, wait} go after it.
ENTER = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return {-1, 0} end
local start = math.max(now, tonumber(redis.call('GET', KEYS[2]) or '0'))
if start - now > tonumber(ARGV[3]) then return {-2, start - now} end
redis.call('SET', KEYS[2], string.format('%.0f', start + ARGV[2]), 'PX', 120000)
redis.call('ZADD', KEYS[1], string.format('%.0f', start + ARGV[4]), ARGV[5])
redis.call('PEXPIRE', KEYS[1], 600000)
return {0, start - now}
"""
PAUSE = """
local t = redis.call('TIME')
local start = t[1] * 1000000 + t[2] + ARGV[1]
if start > tonumber(redis.call('GET', KEYS[1]) or '0') then
  redis.call('SET', KEYS[1], string.format('%.0f', start), 'PX', math.ceil(ARGV[1] / 1000) + 120000)
end
return 0
"""


class RedisLimiter:
    """All processes together. Without Redis each goes on alone with a quarter of the rate, one at a time."""

    def __init__(self, *, url: str, host: str, budget: Budget) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=REDIS_PATIENCE, socket_connect_timeout=REDIS_PATIENCE, retry=None
        )
        self._enter = self._redis.register_script(ENTER)
        self._pause = self._redis.register_script(PAUSE)
        self._keys = [f"cmic:{{{host}}}:places", f"cmic:{{{host}}}:next"]
        self._budget = budget
        self._alone = LocalLimiter(
            Budget(per_second=budget.per_second / 4, concurrency=1, lease=budget.lease)
        )
        self._down_until = 0.0

    def enter(self) -> str:
        """This function will wait for a place among all processes, then for the shared next start."""
        ticket, give_up = uuid.uuid4().hex, time.monotonic() + LONGEST_WAIT
        while True:
            wait = self._ask(ticket)
            if wait is None:
                return self._alone.enter()
            if wait >= 0:
                time.sleep(wait)
                return ticket
            if time.monotonic() > give_up:
                raise too_long(LONGEST_WAIT)
            time.sleep(POLL)

    def _ask(self, ticket: str) -> float | None:
        """Seconds until the start, negative when no place is free, None when Redis is not there."""
        if time.monotonic() < self._down_until:
            return None
        arguments: list[str | int] = [
            self._budget.concurrency,
            int(self._budget.interval * 1_000_000),
            int(LONGEST_WAIT * 1_000_000),
            int(self._budget.lease * 1_000_000),
            ticket,
        ]
        try:
            verdict, wait = self._enter(keys=self._keys, args=arguments)
        except redis.RedisError as error:
            self._rest(error)
            return None
        if verdict == -2:
            raise too_long(wait / 1_000_000)
        return wait / 1_000_000 if verdict == 0 else -1.0

    def _rest(self, error: redis.RedisError) -> None:
        log.warning(
            "The shared CMiC limiter is not reachable (%s); going on slowly alone.", type(error).__name__
        )
        self._down_until = time.monotonic() + REDIS_REST

    def leave(self, ticket: str) -> None:
        """This function will free the place; where Redis is gone its lease frees it."""
        if not ticket:
            return self._alone.leave(ticket)
        try:
            self._redis.zrem(self._keys[0], ticket)
        except redis.RedisError as error:
            self._rest(error)

    def pause(self, seconds: float) -> None:
        """This function will move everybody's next start back."""
        self._alone.pause(seconds)
        try:
            self._pause(keys=self._keys[1:], args=[int(seconds * 1_000_000)])
        except redis.RedisError as error:
            self._rest(error)


def host_of(base_url: str) -> str:
    """This function will name what all who speak to one CMiC share: host and port, however they are spelled."""
    parts = urlsplit(base_url)
    return f"{parts.hostname}:{parts.port or (80 if parts.scheme == 'http' else 443)}"


def limiter_for(*, host: str, budget: Budget, redis_url: str | None) -> Limiter:
    """This function will return the limiter for a host: shared through Redis when its URL is given."""
    return RedisLimiter(url=redis_url, host=host, budget=budget) if redis_url else LocalLimiter(budget)
