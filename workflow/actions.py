"""Actions: what people and workers may do to an object, each declared once.

An app registers its actions when it starts. Pages, admin, API and services ask `blockers()`; `ensure()` is the only
door: an FSM transition whose condition is `allowed(name)` refuses to run on an object that has not passed it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workflow.blockers import Blocker, Check, Found, Kind, blocker

SYSTEM = None  # the actor of actions that workers take


class ActionBlocked(Exception):
    """The action is not available now; carries every blocker, in the order people are told."""

    def __init__(self, action: Action, found: list[Blocker]) -> None:
        super().__init__(" ".join(b.sentence for b in found))
        self.action = action
        self.blockers = found


@dataclass(frozen=True)
class Action:
    """One thing that can be done to an object of `model`.

    `label` is a string or a function of the object ("Send to ERP", later "Re-send to ERP"). `permission` and `problems`
    are checks of `workflow.blockers`. `transition` names the FSM method it runs, where it runs one. `tone` is
    neutral, primary or danger; `confirm` a question to ask first, for actions that are costly to undo.
    """

    name: str
    model: type
    label: str | Callable[[Any], str]
    permission: Check
    problems: tuple[Check, ...] = ()
    transition: str = ""
    tone: str = "neutral"
    confirm: str = ""

    def label_for(self, obj: Any) -> str:
        """The words on the button for this object."""
        return self.label if isinstance(self.label, str) else self.label(obj)


REGISTRY: dict[tuple[type, str], Action] = {}


def register(*actions: Action) -> None:
    """This function will add actions to the registry. Raises ValueError when a name is taken."""
    for action in actions:
        key = (action.model, action.name)
        if key in REGISTRY:
            raise ValueError(f"{action.model.__name__} has an action {action.name!r} already")
        REGISTRY[key] = action


def get(obj: Any, name: str) -> Action:
    """This function will find the action of that name for the object's model. Raises KeyError."""
    return REGISTRY[(type(obj), name)]


def actions_of(model: type) -> list[Action]:
    """This function will list the actions registered for a model, in order of registration."""
    return [action for (owner, _), action in REGISTRY.items() if owner is model]


def blockers(obj: Any, name: str, user: Any) -> list[Blocker]:
    """This function will answer what stops this user from doing this to that object now: all of it, in order."""
    action = get(obj, name)
    found = [check(obj, user) for check in (action.permission, *action.problems)]
    return sorted((b for b in found if b is not None), key=lambda b: b.kind)


def available(obj: Any, name: str, user: Any) -> bool:
    """This function will tell whether nothing stops this user."""
    return not blockers(obj, name, user)


def ensure(obj: Any, name: str, user: Any) -> Action:
    """This function will let the action through or raise ActionBlocked. Services call it on the row they locked."""
    found = blockers(obj, name, user)
    if found:
        raise ActionBlocked(get(obj, name), found)
    obj.__dict__.setdefault("_ensured", set()).add(name)
    return get(obj, name)


def allowed(name: str) -> Callable[[Any], bool]:
    """This function will make an FSM condition that holds once after `ensure` let that action through.

    Asking uses the pass up: a second transition of the same name needs a second `ensure`.
    """
    return Door(name)


@dataclass(frozen=True)
class Door:
    """The condition that `allowed` makes; `action` is the name that `ensure` must have let through."""

    action: str

    def __call__(self, obj: Any) -> bool:
        passes: set[str] = obj.__dict__.get("_ensured", set())
        if self.action not in passes:
            return False
        passes.remove(self.action)
        return True


@blocker("system_only", Kind.PERMISSION)
def system_only(obj: Any, user: Any) -> Found | None:
    """Only workers take this action."""
    if user is SYSTEM:
        return None
    return Found("Tieback does this by itself; nobody needs to.")
