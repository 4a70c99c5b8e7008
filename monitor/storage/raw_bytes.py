"""The bytes of pages as they came: kept once by their hash, packed against what is stored already.

A page is kept as its difference from another page of its site and from its own text
(``monitor.storage.packing``). The other page is always one that is kept whole, so that no page
needs more than these two. The first page of a site is kept whole, and one that is so different that
the saving is small: the next ones are compared with it, for ``BASE_AGE``.
"""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    delete,
    func,
    select,
    update,
)
from sqlalchemy import text as sql

from monitor.model.documents import sha256_hex
from monitor.storage.base import get_row, insert_for, insert_rows
from monitor.storage.packing import pack_page, unpack_page
from monitor.storage.statement_tables import base_page_table, snapshot_text_table
from monitor.storage.tables import blob_table, snapshot_table

FORGOTTEN = "gone"
"""The codec of bytes that were deleted."""

BASE_AGE = timedelta(days=90)
"""How long new pages are compared with a page: it is deleted only after all of them."""

# Pages of a site that have nothing in common would each become the one for the next.
_NEXT_BASE = timedelta(days=1)
_WHOLE = "zlib"
_DIFFERENCE = "diff"
_COMPRESSION = 6


def keep_bytes(
    connection: Connection, body: bytes, *, text: str, url: str | None, now: datetime
) -> str:
    """Store bytes under their hash, unless they are there; bytes that were deleted come back.

    Args:
        connection: a writing transaction; the snapshot with the text is stored in it too.
        body: what was received.
        text: what was read from it.
        url: where it came from; of its site the page it is compared with.
        now: the time of the visit.

    Returns:
        The hash.
    """
    key = sha256_hex(body)
    codec = connection.execute(_codec_query(), {"hash": key}).scalar()
    if codec is not None and codec != FORGOTTEN:
        return key
    site = _site(url)
    base = _base_page(connection, site, now - BASE_AGE)
    packed = None if base is None else _difference(body, zlib.decompress(base.body), text)
    is_whole = base is None or packed is None
    values = {
        "hash": key,
        "codec": _WHOLE if is_whole else _DIFFERENCE,
        "size": len(body),
        "body": zlib.compress(body, _COMPRESSION) if packed is None else packed,
        "base_id": None if base is None or is_whole else base.id,
        "stored_at": now,
    }
    connection.execute(_insertion(connection.dialect.name), values)
    if is_whole and site and (base is None or base.stored_at <= now - _NEXT_BASE):
        insert_rows(connection, base_page_table, [{"site": site, "blob_hash": key}], wanted=False)
    return key


def load_bytes(connection: Connection, blob_hash: str | None, text: str) -> bytes | None:
    """The bytes a snapshot was read from; None if they were deleted.

    Bytes that are not those of their hash are given as they are.

    Args:
        connection: a reading transaction.
        blob_hash: of the snapshot.
        text: of the snapshot.

    Raises:
        zlib.error: they are damaged, or what they are packed against is.
    """
    blob = get_row(connection, blob_table, blob_hash) if blob_hash else None
    if blob is None or blob.codec == FORGOTTEN:
        return None
    if blob.codec == _WHOLE:
        return zlib.decompress(blob.body)
    base = connection.execute(_bases().where(base_page_table.c.id == blob.base_id)).first()
    if base is None:
        raise zlib.error(f"the page {blob.base_id} is missing")
    other = zlib.decompress(base.body)
    body = unpack_page(blob.body, other, text)
    if sha256_hex(body) == blob.hash:
        return body
    # The same bytes were read otherwise before: they are packed against that text.
    texts = (
        select(snapshot_text_table.c.text)
        .join(snapshot_table, snapshot_table.c.id == snapshot_text_table.c.snapshot_id)
        .where(snapshot_table.c.blob_hash == blob.hash)
    )
    others = (unpack_page(blob.body, other, one) for one in connection.scalars(texts))
    return next((one for one in others if sha256_hex(one) == blob.hash), body)


def count_raw_bytes(connection: Connection, before: datetime) -> int:
    """How many pages have bytes that ``delete_raw_bytes`` would let go of."""
    query = select(func.count()).select_from(blob_table)
    return connection.scalar(query.where(*_expired(before))) or 0


def delete_raw_bytes(connection: Connection, before: datetime) -> int:
    """Let go of bytes stored before a time; how many pages they were.

    Their hashes stay, so that bytes kept elsewhere can still be proved to be these. A page that
    later ones are packed against stays as long as these: at most for ``BASE_AGE``.
    """
    if connection.dialect.name == "postgresql":
        # Waits for those who are packing a page against one that would be deleted here.
        connection.execute(sql("LOCK TABLE blob IN EXCLUSIVE MODE"))
    result = connection.execute(
        update(blob_table).where(*_expired(before)).values(codec=FORGOTTEN, body=b"", base_id=None)
    )
    # Nothing is packed against these any more, nor will be.
    gone = select(blob_table.c.hash).where(blob_table.c.codec == FORGOTTEN)
    connection.execute(delete(base_page_table).where(base_page_table.c.blob_hash.in_(gone)))
    return int(getattr(result, "rowcount", 0))


def _expired(before: datetime) -> tuple[ColumnElement[bool], ...]:
    """Of a page that is there, older than a time, and that no younger one is packed against."""
    younger = blob_table.alias()
    later = younger.c
    needed = (
        select(base_page_table.c.blob_hash)
        .join(younger, later.base_id == base_page_table.c.id)
        .where(later.stored_at >= before)
    )
    return (
        blob_table.c.stored_at < before,
        blob_table.c.codec != FORGOTTEN,
        blob_table.c.hash.not_in(needed),
    )


def _difference(body: bytes, other: bytes, text: str) -> bytes | None:
    """The page as a difference that was seen to give the page again, or None."""
    packed = pack_page(body, other, text)
    # The log is proved by these bytes: what is wrong here could never be put right.
    return packed if packed is not None and unpack_page(packed, other, text) == body else None


def _bases() -> Select[int, bytes, datetime]:
    """The pages that others are compared with, and that are there."""
    bases, blobs = base_page_table, blob_table
    return (
        select(bases.c.id, blobs.c.body, blobs.c.stored_at)
        .join(blobs, blobs.c.hash == bases.c.blob_hash)
        .where(blobs.c.codec == _WHOLE)
    )


def _base_page(
    connection: Connection, site: str, since: datetime
) -> Row[int, bytes, datetime] | None:
    """The page that new pages of a site are compared with, if it was stored since then."""
    return connection.execute(_base_query(), {"site": site, "since": since}).first()


# Each new page asks these, and to build a statement takes longer than to run it.
@cache
def _codec_query() -> Select[Any]:
    blobs = blob_table.c
    return select(blobs.codec).where(blobs.hash == bindparam("hash"))


@cache
def _base_query() -> Select[int, bytes, datetime]:
    bases, blobs = base_page_table, blob_table
    return (
        _bases()
        .where(bases.c.site == bindparam("site"), blobs.c.stored_at >= bindparam("since"))
        .order_by(bases.c.id.desc())
        .limit(1)
        # On PostgreSQL it stays until this transaction has stored what is packed against it.
        .with_for_update(read=True, of=blobs)
    )


@cache
def _insertion(dialect: str) -> Any:
    insertion = insert_for(dialect, blob_table)
    new = insertion.excluded
    # Another process may have stored them meanwhile, and a page be packed against them.
    return insertion.on_conflict_do_update(
        index_elements=[blob_table.c.hash],
        set_={one.name: new[one.name] for one in blob_table.c if not one.primary_key},
        where=blob_table.c.codec == FORGOTTEN,
    )


def _site(url: str | None) -> str:
    """The host and the first folder of an address; pages of one folder mostly look alike."""
    if not url:
        return ""
    parts = urlsplit(url)
    folder = parts.path.split("/")[1] if parts.path.count("/") > 1 else ""
    return f"{parts.netloc}/{folder}"
