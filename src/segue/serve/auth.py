"""The token that requests must carry, and the addresses that need one."""

import hmac
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from segue.errors import UserError
from segue.serve.errors import answer

FREE = ("/v2/health/live", "/v2/health/ready", "/v2", "/", "/docs")
"""Paths that need no token: an orchestrator or a browser asks them, and they tell nothing."""

FILES = "/page/static/"
"""How the paths of the page's own files begin; the page asks for the token."""

_LEAST = 16  # characters: 64 bits in base 16, which cannot be guessed over a network


def read_token(path: Path) -> str:
    """Reads the token of a file: its first line.

    Raises:
        UserError: There is no such file, or its first line is too short or holds spaces.
    """
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError("token_file", path, "give a text file whose first line is the token") from error
    token = lines[0].strip() if lines else ""
    if len(token) < _LEAST or any(character.isspace() for character in token):
        raise UserError("token_file", path, f"its first line is the token: give {_LEAST} characters or more, no spaces")
    return token


def check_host(host: str, token: str | None) -> None:
    """Refuses to listen beyond this machine without a token.

    Raises:
        UserError: Other machines can reach the address, and there is no token.
    """
    try:
        own = ip_address(host).is_loopback
    except ValueError:
        own = host == "localhost"
    if not own and token is None:
        raise UserError("host", host, "other machines can reach it; give a `token_file`, or listen at 127.0.0.1")


class Guard:
    """Refuses requests without the token; an ASGI app.

    Args:
        app: The app inside.
        token: The token; a client sends it as `Authorization: Bearer TOKEN`.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._wanted = app, _digest(token.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; see the ASGI specification."""
        if scope["type"] == "http" and not _is_free(scope["path"]) and not self._knows(scope):
            refusal = answer(scope["path"], 401, "the token is missing or wrong; send Authorization: Bearer TOKEN")
            refusal.headers["WWW-Authenticate"] = 'Bearer realm="segue"'
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        """Compares digests, in a time that tells nothing of the token, not even its length."""
        for name, value in scope["headers"]:
            if name.lower() == b"authorization":
                kind, _, token = value.partition(b" ")
                return kind.lower() == b"bearer" and hmac.compare_digest(_digest(token.strip()), self._wanted)
        return False


def _is_free(path: str) -> bool:
    return path in FREE or path.startswith(FILES)


def _digest(token: bytes) -> bytes:
    return sha256(token).digest()
