"""Take over labelled articles of public archives for ``tools/train_press.py``.

    python tools/label_archive.py TEXTS ANNOTATED...

An annotated file has the form of ``tools/press_texts`` (its README tells it); the first line of an
article also says where the text stands: ``@2026-05-20 | newspaper | repository path``. Plain texts
go into the folder TEXTS, which stays outside the checkout, since they are not ours to ship; labels
go into ``tools/data/archive_labels.jsonl`` as offsets and codes, with the title, the source and
the SHA-256 of the text. An article is left out when much of it stands in an article of
``../shared/press`` too, or in one before: nothing may be learned from what is measured.

What the file says of the scope of a text's sentences (``context``, ``doubtful``) stays. It is
written by hand, for the sentences to which ``Sentence.context`` of ``train_press.py`` is not None.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from pathlib import Path

from train_press import ARCHIVE, PRESS, label_of, parse_article, read_blocks, read_lines

LENGTH = 16
"""Of the runs of characters that are compared."""
MOST = 0.05
"""The share of an article's runs that may stand in another."""


def runs(text: str) -> set[str]:
    """The runs of so many characters of a text, without its spaces."""
    plain = re.sub(r"\s", "", text)
    return {plain[at : at + LENGTH] for at in range(len(plain) - LENGTH + 1)}


def main() -> None:
    """Write the texts and the labels."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("texts", type=Path)
    parser.add_argument("annotated", type=Path, nargs="+")
    options = parser.parse_args()
    options.texts.mkdir(exist_ok=True)
    measured: set[str] = set()
    for path in (PRESS / "texts").glob("*.txt"):
        measured |= runs(path.read_text(encoding="utf-8"))
    scope = {row["sha256"]: row for row in read_lines(ARCHIVE)}
    rows: list[dict[str, object]] = []
    sentences = 0
    for path in options.annotated:
        for number, block in enumerate(read_blocks(path)):
            head, text, labels = parse_article(block)
            found = runs(text)
            title = text.partition("\n")[0]
            if not labels or len(found & measured) > MOST * len(found):
                print(f"left out: {path.name}: {title}")
                continue
            measured |= found
            for one in labels:
                label_of(*one)
            published, _, where = (part.strip() for part in head.split("|", 2))
            file = f"{path.stem}_{number:03}.txt"
            (options.texts / file).write_text(text, encoding="utf-8")
            sentences += len(labels)
            digest = hashlib.sha256(text.encode()).hexdigest()
            before = scope.get(digest, {})
            rows.append(
                {
                    "file": file,
                    "published": published,
                    "where": where,
                    "title": title,
                    "sha256": digest,
                    "labels": labels,
                    **{name: before[name] for name in ("context", "doubtful") if name in before},
                }
            )
    lines = [json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows]
    ARCHIVE.write_text("".join(lines), encoding="utf-8")
    print(f"{len(rows)} articles, {sentences} labelled sentences")


if __name__ == "__main__":
    main()
