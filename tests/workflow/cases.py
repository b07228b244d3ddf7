"""Which test shows a blocker, and which shows how people get rid of it.

`@shows(code)` and `@removes(code)` mark tests. A mark is no promise on paper: the marked test fails unless it
met that blocker through `met` or `met_among`, and, where it removes, saw it `gone` for the same person, object and
action. A blocker that stays for good names another way in its sentence; `stays` notes that the test took it.
`test_every_blocker.py` holds the marks against the codes that exist.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from workflow import actions
from workflow.blockers import Blocker

SHOWN: dict[str, list[str]] = {}
REMOVED: dict[str, list[str]] = {}
_seen: list[tuple[str, str, tuple[Any, ...]]] = []  # (met | gone | stays, code, who and what) in this test


def shows(*codes: str) -> Callable[[Any], Any]:
    """This decorator will mark a test that meets these blockers."""

    def after() -> None:
        for code in codes:
            assert any(seen[:2] == ("met", code) for seen in _seen), f"this test never met {code}"

    return _marker(SHOWN, codes, after)


def removes(*codes: str) -> Callable[[Any], Any]:
    """This decorator will mark a test that meets these blockers and then sees them go."""

    def after() -> None:
        for code in codes:
            met = [seen[2] for seen in _seen if seen[:2] == ("met", code)]
            ended = [seen[2] for seen in _seen if seen[0] in ("gone", "stays") and seen[1] == code]
            assert set(met) & set(ended), f"this test never got rid of {code} for the one who met it"

    return _marker(REMOVED, codes, after)


def _marker(register: dict[str, list[str]], codes: tuple[str, ...], after: Callable[[], None]) -> Any:
    def mark(test: Any) -> Any:
        for code in codes:
            register.setdefault(code, []).append(f"{test.__module__}:{test.__name__}")

        @wraps(test)
        def marked(*args: Any, **kwargs: Any) -> None:
            if not hasattr(test, "__wrapped__"):
                _seen.clear()  # the innermost mark begins; those around it look at the same test
            test(*args, **kwargs)
            after()

        return marked

    return mark


def met(obj: Any, action: str, user: Any, code: str) -> Blocker:
    """This function will fetch the object anew, ask what stops the user, and return the blocker of that code."""
    found = actions.blockers(_fresh(obj), action, user)
    matching = [b for b in found if b.code == code]
    assert len(matching) == 1, f"{code} is not among {[b.code for b in found]}"
    _seen.append(("met", code, _who(obj, action, user)))
    return matching[0]


def met_among(found: list[Blocker], obj: Any, action: str, user: Any, code: str) -> Blocker:
    """This function will take the blocker of that code out of what a refused service said."""
    matching = [b for b in found if b.code == code]
    assert len(matching) == 1, f"{code} is not among {[b.code for b in found]}"
    _seen.append(("met", code, _who(obj, action, user)))
    return matching[0]


def gone(obj: Any, action: str, user: Any, code: str) -> None:
    """This function will fetch the object anew and fail where that blocker still stops the user."""
    left = codes(obj, action, user)
    assert code not in left, f"{code} still stops them: {left}"
    _seen.append(("gone", code, _who(obj, action, user)))


def stays(obj: Any, action: str, user: Any, code: str) -> None:
    """This function will fail where a blocker is gone that stays for good. The test has taken the other way."""
    left = codes(obj, action, user)
    assert code in left, f"{code} should stay for good, but there is only {left}"
    _seen.append(("stays", code, _who(obj, action, user)))


def codes(obj: Any, action: str, user: Any) -> list[str]:
    """This function will fetch the object anew and list the codes of all that stops the user, in order."""
    return [b.code for b in actions.blockers(_fresh(obj), action, user)]


def _fresh(obj: Any) -> Any:
    return type(obj).objects.get(pk=obj.pk)


def _who(obj: Any, action: str, user: Any) -> tuple[Any, ...]:
    return type(obj), obj.pk, action, getattr(user, "pk", None)
