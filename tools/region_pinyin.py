"""Write how regions are spelt in pinyin, and which characters sound like those of their names.

Source: pypinyin (MIT), version below, whose dictionary of phrases knows place names (重庆 is
chongqing, 六安 is lu'an). It is no dependency of the program.

    pip install pypinyin==0.55.0
    python tools/region_pinyin.py > monitor/extraction/data/region_pinyin.csv
    python tools/region_pinyin.py homophones > monitor/extraction/data/homophones.csv

Names that are not spelt in the pinyin of Mandarin (Inner Mongolia, Hohhot, Hong Kong) stand in
``region_names.yaml``. Homophones are the characters of GB 2312's first level, which are the 3,755
in daily use, and those of the names.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import defaultdict
from importlib.metadata import version

from pypinyin import Style, pinyin

from monitor.extraction.regions import gazetteer

VERSION = "0.55.0"
# Where the phrases of the dictionary do not help: the reading as a place.
READINGS = {
    "朝阳": "chao yang",
    "陕西": "shaan xi",
    "巴彦淖尔": "ba yan nao er",
    "昌都": "chang du",
    "克孜勒苏": "ke zi le su",
    "锡林郭勒": "xi lin guo le",
    "阿勒泰": "a le tai",
}


def spelt(name: str) -> str:
    """The syllables of a name, without tones."""
    syllables = (one[0] for one in pinyin(name, style=Style.NORMAL, errors="ignore"))
    return READINGS.get(name) or " ".join(syllables).replace("ü", "v")


def homophones() -> dict[str, str]:
    """Syllables of the names, each with the characters that are read so."""
    names = {region.short: spelt(region.short).split() for region in gazetteer().regions}
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for name, syllables in names.items():
        for character, syllable in zip(name, syllables, strict=True):
            found[syllable.replace("shaan", "shan")][character] = None
    first_level = (bytes((row, cell)) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF))
    for character in (code.decode("gb2312", "ignore") for code in first_level):
        readings = pinyin(character, style=Style.NORMAL) if character else []
        for syllable in (one.replace("ü", "v") for some in readings for one in some):
            if syllable in found:
                found[syllable][character] = None
    return {syllable: "".join(found[syllable]) for syllable in sorted(found)}


def main() -> None:
    """Print one of the tables as CSV."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table", nargs="?", choices=["homophones"], help="the second table")
    table = parser.parse_args().table
    if version("pypinyin") != VERSION:
        raise SystemExit(f"this is not pypinyin {VERSION}")
    writer = csv.writer(sys.stdout, lineterminator="\n")
    print(f"# pypinyin {VERSION} (PyPI, MIT); written by tools/region_pinyin.py")
    if table == "homophones":
        writer.writerow(("syllable", "characters"))
        writer.writerows(homophones().items())
        return
    writer.writerow(("code", "pinyin"))
    writer.writerows((region.code, spelt(region.short)) for region in gazetteer().regions)


if __name__ == "__main__":
    main()
