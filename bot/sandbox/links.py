"""Links that open a file for a while to whoever holds them."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from urllib.parse import quote

from aiohttp import web

VALID_FOR = 300  # seconds, Dify's FILES_ACCESS_TIMEOUT


def origin(request: web.Request) -> str:
    """Where the client found this server, in the client's own words."""
    return f"{request.scheme}://{readable(request.host)}"


def readable(header: str) -> str:
    """The header's text with what was no UTF-8 replaced; databases and streams take no other."""
    return header.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def signed_link(base: str, file_id: str, secret: bytes) -> str:
    timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
    sign = quote(_sign(file_id, timestamp, nonce, secret))
    return f"{base}/files/{file_id}/file-preview?timestamp={timestamp}&nonce={nonce}&sign={sign}"


def opens(file_id: str, query: Mapping[str, str], secret: bytes) -> bool:
    """True when the link's query was signed here for this file, and not too long ago."""
    timestamp = query.get("timestamp", "")
    signed = _sign(file_id, timestamp, query.get("nonce", ""), secret)
    if not hmac.compare_digest(
        signed.encode(), query.get("sign", "").encode("utf-8", "surrogatepass")
    ):
        return False
    return time.time() - int(timestamp) <= VALID_FOR


def _sign(file_id: str, timestamp: str, nonce: str, secret: bytes) -> str:
    text = f"file-preview|{file_id}|{timestamp}|{nonce}"
    digest = hmac.new(secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode()
