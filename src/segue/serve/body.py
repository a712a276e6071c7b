"""The bodies of requests: bounded, and unpacked where a client has packed them."""

import zstandard
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from segue.serve.errors import answer

_PIECE = 1 << 16  # bytes that are unpacked at once


class TooLarge(Exception):
    """A body has more bytes than allowed."""


class Bodies:
    """Reads the whole body of a request before the app does, and refuses one that is too large; an ASGI app.

    Args:
        app: The app inside.
        most: The largest number of bytes, also after unpacking.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; see the ASGI specification."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value for name, value in scope["headers"]}
        coding = headers.get(b"content-encoding", b"identity").decode("latin-1").strip().lower()
        path = scope["path"]
        try:
            body = await self._read(receive, headers.get(b"content-length", b""))
            if coding == "zstd":
                body = unpack(body, self._most)
        except TooLarge:
            line = f"a body of more than {self._most:,} bytes: send fewer series in a request"
            await answer(path, 413, line)(scope, receive, send)
            return
        except zstandard.ZstdError:
            await answer(path, 400, "content-encoding zstd: the body is not packed so")(scope, receive, send)
            return
        if coding not in ("zstd", "identity"):
            await answer(path, 415, f"content-encoding {coding[:40]}: send zstd, or no encoding")(scope, receive, send)
            return
        kept = [pair for pair in scope["headers"] if pair[0].lower() not in (b"content-encoding", b"content-length")]
        kept.append((b"content-length", str(len(body)).encode()))
        scope["headers"] = kept
        await self._app(scope, _replayed(body, receive), send)

    async def _read(self, receive: Receive, length: bytes) -> bytes:
        """Reads a body up to its end.

        Raises:
            TooLarge: It has too many bytes, or says that it will have.
        """
        if length.isdigit() and int(length) > self._most:
            raise TooLarge
        parts, size, more = list[bytes](), 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            part = message.get("body", b"")
            size += len(part)
            if size > self._most:
                raise TooLarge
            parts.append(part)
            more = message.get("more_body", False)
        return b"".join(parts)


def unpack(packed: bytes, most: int) -> bytes:
    """Unpacks a body piece by piece, so that a small one cannot fill the memory.

    Args:
        packed: The body.
        most: The largest number of bytes to unpack.

    Raises:
        TooLarge: There are more.
        ZstdError: The body is not packed so, or its end is missing.
    """
    unpacker = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
    parts, size = list[bytes](), 0
    for first in range(0, len(packed), _PIECE):
        part = unpacker.decompress(packed[first : first + _PIECE])
        size += len(part)
        if size > most:
            raise TooLarge
        parts.append(part)
    if not unpacker.eof:
        raise zstandard.ZstdError("the end is missing")
    return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body once, and then what the client does."""
    left = [body]

    async def replay() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return replay
