"""Who keeps the views that a company shares: said once, for pages and API."""

from __future__ import annotations

from typing import Any

from budgets.models import SavedView
from projects import permissions
from workflow.blockers import Found, Kind, blocker


@blocker("view_is_shared", Kind.PERMISSION)
def may_keep_view(view: SavedView, user: Any) -> Found | None:
    """A view that everybody sees is changed by those who may share one; one's own by oneself."""
    if not view.shared or permissions.may_share_views(user, view.company):
        return None
    who = permissions.names(permissions.who_may_share_views(view.company))
    return Found(
        "Everybody in the company sees this view, so you may not change it. Copy it and change the copy, "
        f"or ask {who}.",
        who=who,
    )


@blocker("no_right_to_share_views", Kind.PERMISSION)
def may_share_view(view: SavedView, user: Any) -> Found | None:
    """Budget admins of any project of the company share views, and its ERP admins."""
    if permissions.may_share_views(user, view.company):
        return None
    who = permissions.names(permissions.who_may_share_views(view.company))
    return Found(f"You may not share views with the company. Ask {who}.", who=who)


@blocker("view_shared_already", Kind.STATE)
def shared_already(view: SavedView, user: Any) -> Found | None:
    """Everybody sees it already."""
    return (
        Found("This view is shared already. Send the address of the page to whoever shall see it.")
        if (view.shared)
        else None
    )
