"""How long extraction takes: CPU time of a report of 20,000 characters, of 31 in a row, and of a
press article of 3,000 characters.

python benchmarks/extract.py

The article's figures are also ratios to importing SQLAlchemy in a fresh process, which depend less
on the machine: the limit of the model's arithmetic is 5 ms where that import takes 0.18 s (finding
the features takes three times as long, and has no limit). The article has more and shorter
sentences (97) than real ones of its length (81).
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from datetime import date
from itertools import product

from monitor.extraction.extract import extract
from monitor.extraction.press import PressReader
from monitor.extraction.sections import paragraphs
from monitor.extraction.text import join_lines, split_sentences
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


ARTICLE_LENGTH = 3_000
NEWS = Provenance(DocumentKind.NEWS, Speaker.MEDIA, None, 2026, date(2026, 7, 3))
MODEL_LIMIT = 5 / 180
"""Milliseconds of the model's arithmetic by those of the import."""
SAYINGS = (
    "{place}数据局局长赵文在会上介绍，{matter}已在{field}落地，今年上半年{result}。",
    "下一步，{place}将围绕{field}推进{matter}，力争两年内{result}。",
    "“{matter}不是一家企业能做成的。”某研究院研究员钱立认为，{field}的需求还在增加。",
    "{field}的企业也在行动，当地一家公司用{matter}改造了生产线，{result}。",
    "该项目由当地企业与高校共同建设，面向{field}开放，{result}。",
)
PLACES = ("安徽省", "成都市", "贵阳市")
MATTERS = ("智算中心", "大模型", "智能体", "算力调度平台", "人形机器人")
FIELDS = ("医疗", "钢铁冶炼", "港口物流", "中小学校")
RESULTS = ("成本下降近三成", "新增就业岗位200个", "接入企业超过60家", "服务范围覆盖全部区县")


def article(length: int = ARTICLE_LENGTH) -> str:
    """A press article about ``length`` characters long; no sentence comes twice."""
    lines = ["算力落地见成效"]
    for number, words in enumerate(product(RESULTS, FIELDS, MATTERS, PLACES)):
        result, field, matter, place = words
        saying = SAYINGS[number % len(SAYINGS)]
        sentence = saying.format(place=place, matter=matter, field=field, result=result)
        if number % 4:
            lines[-1] += sentence
        else:
            lines.append(sentence)
        if sum(map(len, lines)) >= length:
            break
    return "\n".join(lines)


def import_seconds() -> float:
    """CPU time of importing SQLAlchemy in a fresh process, the least of three."""
    code = "import time; t = time.process_time(); import sqlalchemy; print(time.process_time() - t)"
    return min(
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
        for _ in range(3)
    )


def measure_press() -> tuple[float, float, float]:
    """Milliseconds of CPU for one article.

    All of extraction; label and speaker of each sentence once the rules have said who speaks; and
    of that the arithmetic of the model, without finding the features.
    """
    topics = load_topics()
    text = article()
    extract(text, NEWS, topics)
    clean = join_lines(text, press=True).text
    cut = [
        [(line.start + a, line.start + b) for a, b in split_sentences(clean[line.start : line.end])]
        for line in paragraphs(clean, NEWS.year)
    ]
    reader = PressReader(clean, cut, NEWS)
    places = [(number, index) for number, spans in enumerate(cut) for index in range(len(spans))]
    found = [reader.sentence_features(*place) for place in places]
    whole, model, sums = [], [], []
    for _ in range(RUNS):
        started = time.process_time()
        extract(text, NEWS, topics)
        whole.append(1000 * (time.process_time() - started))
        reader = PressReader(clean, cut, NEWS)
        started = time.process_time()
        for place in places:
            reader.read(*place)
        model.append(1000 * (time.process_time() - started))
        scorer = PressReader(clean, cut, NEWS).scorer
        started = time.process_time()
        for features in found:
            reader.model.best(scorer.scores(features))
        sums.append(1000 * (time.process_time() - started))
    return min(whole), min(model), min(sums)


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
    whole, model, sums = measure_press()
    base = 1000 * import_seconds()
    print(
        f"a press article of {ARTICLE_LENGTH} characters: {whole:.1f} ms CPU, {whole / base:.4f} of"
    )
    print(
        f"the import of SQLAlchemy ({base:.0f} ms); label and speaker of its sentences {model:.1f}"
    )
    print(f"ms, of which the model's arithmetic {sums:.1f} ms, {sums / base:.4f} of that import")
    print(f"(limit {MODEL_LIMIT:.4f})")
    print("Measured on texts that we wrote ourselves.")
    return int(median > 25 or together > 1 or sums / base > MODEL_LIMIT)


if __name__ == "__main__":
    sys.exit(main())
