"""What stands before the services: who the caller is, media types, and the answers of proxies."""

import hmac

from cmic_simulator import oauth
from cmic_simulator.book import ACCOUNTANT, TIEBACK
from cmic_simulator.errors import refused
from cmic_simulator.messages import ACTION, BATCH, COLLECTION, DESCRIPTION, ITEM, JSON, Request, Response

PASSWORDS = {TIEBACK: "secret", ACCOUNTANT: "secret"}
LOGIN_PAGE = (
    "<!DOCTYPE html><html><head><title>CMiC Single Sign-On</title></head><body><h1>Sign in</h1>"
    '<form method="post" action="/sso/login"><input name="username"><input type="password" name="password">'
    "<button>Sign in</button></form></body></html>"
)
BUSY_PAGE = (
    "<html><head><title>503 Service Unavailable</title></head><body><h1>Service Unavailable</h1>"
    "<p>The server is temporarily unable to service your request.</p></body></html>"
)
UNAUTHORIZED_PAGE = (
    "<html><head><title>Error 401--Unauthorized</title></head><body><h2>Error 401--Unauthorized</h2>"
    "<p>The request requires user authentication.</p></body></html>"
)


def unauthorized() -> Response:
    """This function will build the 401 answer, in HTML as the web server in front gives it."""
    headers = {"WWW-Authenticate": 'Basic realm="weblogic"'}
    return Response(401, UNAUTHORIZED_PAGE, "text/html", headers)


def html(status: int) -> Response:
    """This function will build the HTML answers of a proxy: 200 is a login page, 503 a busy page."""
    return Response(status, LOGIN_PAGE if status == 200 else BUSY_PAGE, "text/html")


def claimed_user(request: Request) -> str:
    """This function will return the user name a request claims, or an empty text."""
    token = oauth.bearer(request)
    return oauth.claimed_user(token) if token else oauth.basic(request)[0]


def user_of(request: Request, *, tokens: oauth.Tokens, ways: str) -> str | None:
    """This function will return the user whose log-in is right, else None. `ways` is basic, oauth2 or both."""
    token = oauth.bearer(request)
    if token:
        return tokens.user(token) if ways != "basic" else None
    name, password = oauth.basic(request)
    right = PASSWORDS.get(name) if ways != "oauth2" else None
    if right is None or not hmac.compare_digest(right.encode(), password.encode()):
        return None
    return name


def check_content_type(request: Request, *, kind: str, batch: bool) -> None:
    """This function will refuse with 415 a body in a media type that the service does not take.

    `batch` says whether the tenant takes batches at all.
    """
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    own: dict[str, tuple[str, ...]] = {"action": (ACTION,), "batch": (BATCH,) if batch else ()}
    allowed = own.get(kind, (ITEM, JSON))
    if given not in allowed:
        use = f"use {' or '.join(allowed)}" if allowed else "batches are not enabled"
        raise refused(f"Media type {given or '(none)'} is not supported; {use}.", status=415)


def answer_type(request: Request, *, kind: str) -> str:
    """This function will choose the media type of the answer; an Accept without any we have is 406."""
    types = {
        "collection": COLLECTION,
        "action": ACTION,
        "batch": BATCH,
        "describe": DESCRIPTION,
        "version": JSON,
    }
    own = types.get(kind, ITEM)
    accept = request.headers.get("accept", "*/*") or "*/*"
    wanted = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    for choice in wanted:
        if choice in ("*/*", "application/*", own):
            return own
        if choice == JSON:
            return JSON
    known = (ITEM, COLLECTION, ACTION, BATCH, DESCRIPTION)
    if any(choice in known for choice in wanted):
        # A caller that names the other ADF type (item for a collection, or the reverse) is served.
        return own
    raise refused(f"None of the media types {accept} can be produced.", status=406)
