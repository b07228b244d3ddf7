"""How often a password may be tried, at every door that takes one: counted in the cache before it is looked at.

The two log-ins count by address, so that a stranger who tries passwords shuts themselves out and not the person; and
all doors together by person, so that who has used up the tries at one door has none left at another.
"""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from redis.exceptions import RedisError

FROM_HERE, IN_ALL, MINUTES = 10, 20, 15
SHUT = "login_shut"  # set on the request where a log-in was not even looked at


class Unknown(Exception):
    """The cache does not answer, so nobody knows how often it was tried."""


def count(key: str) -> int:
    """This function will count a try and return the number of them within the minutes. Raises Unknown."""
    try:
        cache.add(key, 0, timeout=MINUTES * 60)
        return int(cache.incr(key))
    except (RedisError, ValueError):  # ValueError: it ran out between the two
        raise Unknown from None


def of_person(pk: int) -> str:
    """This function will name the count of all doors for a person."""
    return f"tries:person:{pk}"


class Limited(ModelBackend):
    """User name and password, a few tries at a time. Where the cache is down people still log in."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **more: Any,
    ) -> Any:
        """Find the person; raises PermissionDenied, which no other way in is tried after."""
        if request is None or username is None or password is None:
            return super().authenticate(request, username=username, password=password, **more)
        here, person = _from_here(request, username), _person(username)
        try:
            shut = count(here) > FROM_HERE or (person is not None and count(of_person(person)) > IN_ALL)
        except Unknown:
            return super().authenticate(request, username=username, password=password, **more)
        if shut:
            setattr(request, SHUT, MINUTES)
            raise PermissionDenied
        found = super().authenticate(request, username=username, password=password, **more)
        if found is not None:
            cache.delete_many([here, of_person(found.pk)])
        return found


def _from_here(request: HttpRequest, username: str) -> str:
    said = f"{username}\n{request.META.get('REMOTE_ADDR', '')}"
    return f"tries:here:{hashlib.sha256(said.encode()).hexdigest()[:40]}"


def _person(username: str) -> int | None:
    return get_user_model()._default_manager.filter(username=username).values_list("pk", flat=True).first()
