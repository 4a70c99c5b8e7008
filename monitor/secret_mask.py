"""The mask that takes secrets out of texts: of errors, log records and the outbox."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from typing import Self
from urllib.parse import quote, unquote, urlsplit

MASK = "<hidden>"

_MIN_TOKEN_PART = 16
_MIN_URL_PART = 5
# A shorter password cannot be distinguished from prose; together with its user name it can.
_MIN_CREDENTIAL = 3


class SecretMask:
    """Replaces secrets in a text by ``<hidden>``, the longest first."""

    def __init__(self, forms: Iterable[str]) -> None:
        """Keep the secrets, in each form in which they may be written."""
        self._forms = sorted({form for form in forms if form}, key=len, reverse=True)

    @classmethod
    def of_token(cls, token: str) -> Self:
        """A mask of a token, and of the part after the colon of a bot's token."""
        forms = {token, quote(token, safe="")}
        secret = token.partition(":")[2]
        if len(secret) >= _MIN_TOKEN_PART:
            forms.add(secret)
        return cls(forms)

    @classmethod
    def of_urls(cls, *urls: str | None) -> Self:
        """A mask of whole URLs, and of all their parts that may be secrets."""
        forms: set[str] = set()
        for url in urls:
            if url is None:
                continue
            rest = url.partition("://")[2] or url
            parts = [url, rest, *re.split(r"[/:@?&=#,;]", rest)]
            try:
                split = urlsplit(url)
                parts += [split.username or "", split.password or ""]
            except ValueError:
                # Not a URL; its parts are masked all the same.
                pass
            forms.update(parts, map(unquote, parts), (quote(part, safe="") for part in parts))
        return cls(form for form in forms if len(form) >= _MIN_URL_PART)

    @classmethod
    def of_credentials(cls, name: bytes, password: bytes) -> Self:
        """A mask of a user name and password, as URLs and ``Proxy-Authorization`` write them."""
        user, secret = name.decode("utf-8", "replace"), password.decode("utf-8", "replace")
        forms = (
            f"{user}:{secret}",
            f"{quote(user, safe='')}:{quote(secret, safe='')}",
            b64encode(name + b":" + password).decode(),
            quote(secret, safe=""),
            secret,
        )
        return cls(form for form in forms if len(form) >= _MIN_CREDENTIAL)

    def __call__(self, text: str) -> str:
        """The text with all secrets masked."""
        for form in self._forms:
            text = text.replace(form, MASK)
        return text

    def found_in(self, text: str) -> bool:
        """Whether the text contains a secret."""
        return any(form in text for form in self._forms)
