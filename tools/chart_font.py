"""Make the font of the charts: a subset of Noto Sans CJK SC.

    pip install fonttools
    python tools/chart_font.py NotoSansCJK-Regular.ttc

The collection is in Debian's package fonts-noto-cjk. The subset has the characters of GB 2312 and
Latin-1 and no layout features. It is written to monitor/messages/fonts, beside its licence.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fontTools import subset

OUTPUT = (
    Path(__file__).resolve().parents[1]
    / "monitor"
    / "messages"
    / "fonts"
    / "NotoSansCJKsc-Regular-subset.otf"
)
SIMPLIFIED_CHINESE = 2  # number of the font in the collection
MORE = "–—…·•▲▼→≥≤≈㎡²³"


def characters() -> set[int]:
    """Code points of GB 2312, of printable Latin-1, and ``MORE``."""
    wanted = {*range(0x20, 0x7F), *range(0xA0, 0x100), *map(ord, MORE)}
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            wanted.update(map(ord, bytes([row, cell]).decode("gb2312", errors="ignore")))
    return wanted


def main(collection: str) -> None:
    """Write the subset."""
    options = subset.Options()
    options.font_number = SIMPLIFIED_CHINESE
    options.hinting = False
    options.layout_features = []
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.drop_tables += ["BASE", "DSIG", "GDEF", "GPOS", "GSUB", "VORG", "vhea", "vmtx"]
    font = subset.load_font(collection, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters())
    subsetter.subset(font)
    subset.save_font(font, str(OUTPUT), options)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("collection", help="the file NotoSansCJK-Regular.ttc")
    main(parser.parse_args().collection)
