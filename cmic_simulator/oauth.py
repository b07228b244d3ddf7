"""OAuth2 client credentials: the identity service that gives tokens, and the reading of a token."""

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from cmic_simulator.book import ACCOUNTANT, TIEBACK, Book
from cmic_simulator.jsonio import dumps, loads
from cmic_simulator.messages import Request, Response

# In production the identity service is another host; here it is another path outside the services.
PATH = "/oauth2/v1/token"
CLIENTS = {"tieback-client": TIEBACK, "accountant-client": ACCOUNTANT}
SECRET = "secret"  # noqa: S105 the stand-in is a toy on the loopback address
CLAIM = "cmicuser"


@dataclass
class Tokens:
    """Gives and reads signed tokens (JWT, HS256); they end by the virtual clock."""

    book: Book
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def answer(self, request: Request) -> Response:
        """This function will answer the token endpoint."""
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        if request.method != "POST":
            return Response(405, dumps({"error": "invalid_request"}))
        client, secret = basic(request) if "authorization" in request.headers else _in_form(form)
        if client not in CLIENTS or not hmac.compare_digest(secret.encode(), SECRET.encode()):
            return Response(401, dumps({"error": "invalid_client"}))
        if form.get("grant_type") != "client_credentials":
            return Response(400, dumps({"error": "unsupported_grant_type"}))
        seconds = self.book.switches.token_seconds
        token = self.token(client, seconds=seconds)
        return Response(
            200, dumps({"access_token": token, "token_type": "Bearer", "expires_in": seconds}),
            headers={"Cache-Control": "no-store"},
        )  # fmt: skip

    def token(self, client: str, *, seconds: int) -> str:
        """This function will make a token for a client, good for that many seconds of the virtual clock."""
        now = int(self.book.clock.now().timestamp())
        head = {"alg": "HS256", "typ": "JWT"}
        claims = {"sub": client, CLAIM: CLIENTS[client], "iat": now, "exp": now + seconds}
        signed = f"{_packed(dumps(head).encode())}.{_packed(dumps(claims).encode())}"
        return f"{signed}.{self._signature(signed)}"

    def user(self, token: str) -> str | None:
        """This function will return the user a token is good for now, else None."""
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(signed).encode()):
            return None
        claims = _claims(token)
        good = int(claims.get("exp", 0)) > self.book.clock.now().timestamp()
        return claims.get(CLAIM) if good else None

    def _signature(self, signed: str) -> str:
        return _packed(hmac.new(self.key, signed.encode(), hashlib.sha256).digest())


def claimed_user(token: str) -> str:
    """This function will return the user a token names, whether it is good or not; empty for none."""
    return str(_claims(token).get(CLAIM, ""))


def basic(request: Request) -> tuple[str, str]:
    """This function will return name and password of Basic authentication, empty texts for none."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, password


def bearer(request: Request) -> str:
    """This function will return the bearer token of a request, an empty text for none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _in_form(form: dict[str, str]) -> tuple[str, str]:
    return form.get("client_id", ""), form.get("client_secret", "")


def _claims(token: str) -> dict:
    part = f"{token}..".split(".")[1]
    try:
        claims = loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


def _packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
