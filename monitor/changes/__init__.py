"""Statements then and now: what is new, stronger, weaker, reworded, carried on or dropped."""

from monitor.changes.align import similarity
from monitor.changes.compare import COMMITMENTS, compare
from monitor.changes.corroborate import Corroboration, corroborate
from monitor.changes.documents import denies, reprinted, same_document, sketch, suspicion
from monitor.changes.ledger import Judgement, judge
from monitor.changes.normal import normalise

__all__ = [
    "COMMITMENTS",
    "Corroboration",
    "Judgement",
    "compare",
    "corroborate",
    "denies",
    "judge",
    "normalise",
    "reprinted",
    "same_document",
    "similarity",
    "sketch",
    "suspicion",
]
