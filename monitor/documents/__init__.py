"""Bytes to text: charset, main text, title, day of issue, and whether to believe any of it."""

from monitor.documents.blocked import block_reason_of
from monitor.documents.body import selector_error
from monitor.documents.charset import decode
from monitor.documents.dates import date_in_address, find_date
from monitor.documents.frame import frame_of, same_frame
from monitor.documents.limits import too_dear
from monitor.documents.lines import clean
from monitor.documents.parts import BUNDLE, Part, Wanted, bundle, parts_of, read_parts, unbundle
from monitor.documents.read import read

__all__ = [
    "BUNDLE",
    "Part",
    "Wanted",
    "block_reason_of",
    "bundle",
    "clean",
    "date_in_address",
    "decode",
    "find_date",
    "frame_of",
    "parts_of",
    "read",
    "read_parts",
    "same_frame",
    "selector_error",
    "too_dear",
    "unbundle",
]
