"""How long extraction takes: CPU time of a report of 20,000 characters, and of 31 in a row.

python benchmarks/extract.py
"""

from __future__ import annotations

import statistics
import sys
import time

from monitor.extraction.extract import extract
from monitor.extraction.topics import load_topics
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import Speaker

LENGTH = 20_000
RUNS = 21
REPORTS = 31
PROVENANCE = Provenance(DocumentKind.REPORT, Speaker.GOVERNMENT, "贵州省", 2026)

REVIEW = "智能算力规模达到8万P，标准机架增至30万架，人工智能核心产业产值突破500亿元。"
PLAN = "新增智能算力2万P以上，培育大模型企业20家，打造人工智能典型应用场景100个以上。"
OTHER = (
    "粮食总产量再创新高，城镇新增就业保持稳定，改造老旧小区1200个。深化国资国企改革，推动重点领域投资"
    "稳步增长。完善养老服务体系，新建社区食堂300家。实施城市更新行动，新开工一批重大水利工程。"
)
# Real reports speak of the topic about once in 1,500 characters; this one does twice as often.
SHARE = 7


def report(length: int = LENGTH) -> str:
    """A report in the usual shape, about ``length`` characters long."""
    lines = ["2026年贵州省政府工作报告"]
    for heading, paragraph in (("一、2025年工作回顾", REVIEW), ("二、2026年重点工作", PLAN)):
        lines.append(heading)
        block = [paragraph, *[OTHER] * SHARE]
        lines += block * (length // 2 // len("".join(block)))
    return "\n".join(lines)


def measure() -> tuple[float, float]:
    """Median milliseconds of CPU for one report, and seconds for 31 of them in one process."""
    topics = load_topics()
    text = report()
    extract(text, PROVENANCE, topics)
    times = []
    for _ in range(RUNS):
        started = time.process_time()
        extract(text, PROVENANCE, topics)
        times.append(1000 * (time.process_time() - started))
    started = time.process_time()
    for _ in range(REPORTS):
        extract(text, PROVENANCE, topics)
    return statistics.median(times), time.process_time() - started


def main() -> int:
    """Print both figures; the exit code is 1 when one of them is over its limit."""
    median, together = measure()
    print(f"one report of {LENGTH} characters: {median:.1f} ms CPU (limit 25)")
    print(f"{REPORTS} reports: {together:.2f} s CPU (limit 1)")
    print("Measured on a text that we wrote ourselves.")
    return int(median > 25 or together > 1)


if __name__ == "__main__":
    sys.exit(main())
