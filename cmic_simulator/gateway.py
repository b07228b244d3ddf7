"""What stands before the services: who the caller is, media types, and the answers of proxies."""

import base64
import binascii
import hmac

from cmic_simulator.book import ACCOUNTANT, TIEBACK
from cmic_simulator.errors import refused
from cmic_simulator.messages import ACTION, COLLECTION, DESCRIPTION, ITEM, JSON, Request, Response

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
    return _credentials(request)[0]


def user_of(request: Request) -> str | None:
    """This function will return the user if name and password are right, else None."""
    name, password = _credentials(request)
    right = PASSWORDS.get(name)
    if right is None or not hmac.compare_digest(right.encode(), password.encode()):
        return None
    return name


def _credentials(request: Request) -> tuple[str, str]:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, password


def check_content_type(request: Request, *, action: bool) -> None:
    """This function will refuse with 415 a body in a media type that the service does not take."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    allowed = (ACTION,) if action else (ITEM, JSON)
    if given not in allowed:
        raise refused(
            f"Media type {given or '(none)'} is not supported; use {' or '.join(allowed)}.", status=415
        )


def answer_type(request: Request, *, kind: str) -> str:
    """This function will choose the media type of the answer; an Accept without any we have is 406."""
    own = {"collection": COLLECTION, "action": ACTION, "describe": DESCRIPTION, "version": JSON}.get(
        kind, ITEM
    )
    accept = request.headers.get("accept", "*/*") or "*/*"
    wanted = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    for choice in wanted:
        if choice in ("*/*", "application/*", own):
            return own
        if choice == JSON:
            return JSON
    known = (ITEM, COLLECTION, ACTION, DESCRIPTION)
    if any(choice in known for choice in wanted):
        # A caller that names the other ADF type (item for a collection, or the reverse) is served.
        return own
    raise refused(f"None of the media types {accept} can be produced.", status=406)
