"""A small history of four regions and three years, ingested like any other; its texts are invented.

2024 was imported as history, the rest was seen live.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import insert

from monitor.extraction.extract import extract
from monitor.extraction.topics import load_topics
from monitor.ingest.ingest import ingest
from monitor.ingest.plan import IngestRequest
from monitor.model.documents import Document, DocumentKind, FetchRecord, Provenance
from monitor.model.statements import NATION, Speaker
from monitor.rules.matcher import RuleSet
from monitor.storage.engine import Database
from monitor.storage.tables import source_table

GUIZHOU, GANSU, ZHEJIANG, HAINAN = "贵州省", "甘肃省", "浙江省", "海南省"
TODAY = datetime(2026, 3, 6, 1, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Text:
    """A report, plan or article: its plan, and for a report the review of the year before."""

    kind: DocumentKind
    region: str | None
    published: date
    title: str
    plan: tuple[str, ...]
    review: tuple[str, ...] = ()
    source: str = "gov"


def _report(region: str, published: date, *plan: str, review: tuple[str, ...] = ()) -> Text:
    title = f"{published.year}年{region}政府工作报告"
    return Text(DocumentKind.REPORT, region, published, title, plan, review)


def _article(region: str | None, published: date, title: str, *plan: str) -> Text:
    return Text(DocumentKind.NEWS, region, published, title, plan, source="paper")


TEXTS = (
    _report(
        GUIZHOU,
        date(2024, 1, 25),
        "推进“黔云一号”智算中心建设，全省算力规模达到60Eflops。",
        "支持遵义建设人工智能机器人中试基地。",
        "安排算力券资金5000万元，支持中小企业使用人工智能大模型。",
    ),
    _report(
        GUIZHOU,
        date(2025, 1, 22),
        "推进“黔云一号”智算中心建设，全省算力规模达到90Eflops。",
        "支持遵义建设人工智能机器人中试基地。",
        "改造提升贵安绿色数据中心集群，数据中心标准机架达到20万架。",
        "安排算力券资金8000万元，支持中小企业使用人工智能大模型。",
        review=("全省算力规模达到62Eflops，人工智能产业加快发展。",),
    ),
    _report(
        GUIZHOU,
        date(2026, 1, 27),
        "推进“黔云一号”智算中心建设，全省算力规模达到120Eflops。",
        "支持遵义建设人工智能机器人中试基地。",
        "培育行业智能体50个，推动人工智能进车间。",
        "安排算力券资金2亿元，支持中小企业使用人工智能大模型。",
        review=("全省算力规模达到85Eflops，人工智能产业加快发展。",),
    ),
    _report(
        GANSU,
        date(2025, 1, 15),
        "加快庆阳算力枢纽建设，智能算力规模突破30000P。",
        "发布陇药人工智能大模型3个。",
    ),
    _report(
        GANSU,
        date(2026, 1, 16),
        "加快庆阳算力枢纽建设，智能算力规模突破45Eflops。",
        "发布陇药人工智能大模型5个，新增智算芯片2000张。",
        review=("智能算力规模达到32000P，“东数西算”步伐加快。",),
    ),
    _report(
        ZHEJIANG,
        date(2025, 1, 14),
        "打造之江智能体应用高地，建设智能体创新平台10个。",
        "新建绿色数据中心，智能算力规模达到12000P。",
    ),
    _report(
        ZHEJIANG,
        date(2026, 1, 14),
        "打造之江智能体应用高地，建设智能体创新平台8个。",
        "建成人工智能高质量数据集60个。",
        review=("建设智能体创新平台11个。",),
    ),
    _report(HAINAN, date(2026, 1, 26), "推动人工智能与海洋渔业融合，建设应用场景15个。"),
    Text(
        DocumentKind.PLAN,
        ZHEJIANG,
        date(2025, 6, 3),
        "浙江省人工智能产业发展行动计划（2025—2027年）",
        (
            "设立人工智能产业投资基金，投入资金30亿元。",
            "到2027年，培育人工智能骨干企业200家。",
        ),
    ),
    _article(
        GUIZHOU,
        date(2026, 2, 3),
        "贵州：今年全省算力规模将达到120Eflops",
        "贵州省政府工作报告提出，推进“黔云一号”智算中心建设，全省算力规模达到120Eflops。",
    ),
    _article(
        GUIZHOU,
        date(2026, 2, 20),
        "算力贵州再出发",
        "贵州省政府提出，今年全省算力规模达到120Eflops，推进“黔云一号”智算中心建设。",
        "贵州省政府提出，今年培育行业智能体50个，推动人工智能进车间。",
    ),
    _article(
        HAINAN,
        date(2026, 3, 4),
        "海南布局算力新赛道",
        "海南省政府提出，今年投入资金6000万元，建设人工智能公共服务平台3个。",
        "省人大代表王某建议，加快建设国际数据中心，推动人工智能出海。",
    ),
    Text(
        DocumentKind.NEWS,
        NATION,
        date(2026, 3, 5),
        "国家数据局部署今年工作",
        ("国家数据局提出，今年建设高质量数据集1000个，支持人工智能发展。",),
        source="paper",
    ),
)


def write_history(database: Database) -> None:
    """Ingest all texts into an empty database."""
    topics = load_topics()
    with database.write() as connection:
        for source, name, new in (
            ("gov", "政府门户", datetime(2026, 1, 27, tzinfo=UTC)),
            ("paper", "晨报", datetime(2026, 3, 5, tzinfo=UTC)),
            ("silent", "晚报", datetime(2025, 9, 1, tzinfo=UTC)),
            ("never", "午报", None),
        ):
            connection.execute(
                insert(source_table).values(
                    id=source,
                    name=name,
                    document_kind="news",
                    added_at=datetime(2024, 1, 1, tzinfo=UTC),
                    last_new_at=new,
                    health="quiet" if source == "silent" else "ok",
                    health_since=new or datetime(2024, 1, 1, tzinfo=UTC),
                )
            )
    for number, text in enumerate(sorted(TEXTS, key=lambda one: one.published)):
        _take(database, text, f"https://example.org/{number}.html", topics)


def _take(database: Database, text: Text, url: str, topics: object) -> None:
    year = text.published.year
    parts = [text.title]
    if text.kind is DocumentKind.REPORT:
        parts += [f"一、{year - 1}年工作回顾", *text.review] if text.review else []
        parts += [f"二、{year}年重点工作"]
    body = "\n".join((*parts, *text.plan, "抓好春耕生产，稳定粮食播种面积。"))
    speaker = Speaker.MEDIA if text.kind is DocumentKind.NEWS else Speaker.GOVERNMENT
    provenance = Provenance(
        text.kind, speaker, text.region, year, published=text.published, title=text.title
    )
    now = datetime.combine(text.published, time(1), UTC)
    request = IngestRequest(
        Document(body, title=text.title, published=text.published),
        provenance,
        extract(body, provenance, topics),
        FetchRecord(url=url),
        source_id=text.source,
        baseline=year == 2024,
    )
    with database.write() as connection:
        ingest(connection, request, rules=RuleSet(()), now=now)
