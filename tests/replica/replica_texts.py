"""The replica's articles: reports, press, notices and noise, all written here, different each.

A generator seeded by region and year picks sentences and figures, so that no two texts are taken
for one another and every run sees the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

NATION = "全国"


@dataclass(frozen=True)
class Article:
    """What the site publishes; ``wanted`` says whether its source asks for such articles.

    ``page`` is the page of the list it stands on, 1 being the first.
    """

    title: str
    day: date
    lines: tuple[str, ...]
    issuer: str
    wanted: bool = True
    page: int = 1


_REVIEW = (
    "地区生产总值增长{a}.{b}%，粮食产量再创新高，城镇新增就业{c}万人。",
    "算力基础设施建成{c}个标准机架集群，智能算力规模达到{e}P。",
    "数字经济核心产业营收跨过{e}亿元台阶，软件企业净增{d}家。",
    "新开工水利工程{d}项，改造农村公路{e}公里。",
    "培育专精特新企业{e}家，技术合同成交额增长{c}%。",
    "空气优良天数比例提高到{f}%，国控断面水质全部达标。",
    "人工智能企业发展到{e}家，落地行业大模型{c}个。",
    "政务服务事项网上可办率超过{f}%，办事材料压减三成。",
)
_PLAN = (
    "加快布局绿色智算中心，全{level}智能算力规模达到{g}P以上。",
    "实施“人工智能+”专项，打造{c}个以上示范应用场景。",
    "支持链主企业联合高校攻关，推出行业大模型{d}个。",
    "建设{short}数据流通平台，新增高质量数据集{e}个。",
    "发放算力券{d}00万元，降低中小企业用算成本。",
    "推进人形机器人中试基地建设，培育机器人企业{c}家以上。",
    "开展芯片封装测试能力提升行动，引进重点项目{b}个。",
    "在{short}设立人工智能训练师培养基地，年培训{e}0人次。",
    "推动{level}内数据中心电能利用效率降至1.{b}以下。",
    "建设5G-A基站{e}0个，实现重点园区万兆光网全覆盖。",
)
_OTHER = (
    "做好重点群体就业，全年城镇新增就业{d}万人。",
    "新建高标准农田{d}万亩，守住耕地红线。",
    "新增普惠托位{e}0个，扩大优质教育资源供给。",
    "完成老旧管网改造{e}公里，建成口袋公园{d}个。",
    "深化{short}与周边地区交通互联，开通公交线路{c}条。",
    "把过紧日子作为长期方针，一般性支出压减{b}%。",
)
_CLOSING = (
    "各位代表，蓝图已经绘就，让我们撸起袖子，把{short}建设得更加美好！",
    "各位代表，奋斗创造奇迹，让我们为{short}高质量发展接续努力！",
    "各位代表，征程万里风正劲，让我们一道谱写{short}发展新篇章！",
)


def report(region: str, year: int, day: date, *, page: int = 1) -> Article:
    """A government work report: a review of the year before, then the plan of ``year``."""
    dice = Random(f"{region}{year}")
    short = short_name(region)
    level = "国" if region == NATION else {"市": "市", "区": "区"}.get(region[-1], "省")
    numbers = _Figures(dice, short, level)
    session = f"第{'一二三四五'[year % 5]}次会议"
    body = "国务院" if region == NATION else f"{level}人民政府"
    hall = (
        f"（{year}年3月5日在第十四届全国人民代表大会{session}上）"
        if region == NATION
        else f"（{year}年1月{day.day}日在{region}第十四届人民代表大会{session}上）"
    )
    lines = [
        "政府工作报告",
        hall,
        "各位代表：",
        f"现在，我代表{body}，向大会报告工作，请予审议，并请列席人员提出意见。",
        f"一、{year - 1}年工作回顾",
        f"过去一年，{short}上下迎难而上，经济社会发展主要目标顺利完成。",
        *numbers.fill(dice.sample(_REVIEW, 5)),
        f"二、{year}年重点工作",
        f"今年是{short}发展的关键一年，要着力抓好以下工作。",
        "（一）培育新质生产力",
        *numbers.fill([_PLAN[0], *dice.sample(_PLAN[1:], 5)]),
        "（二）保障和改善民生",
        *numbers.fill(dice.sample(_OTHER, 4)),
        *numbers.fill([dice.choice(_CLOSING)]),
    ]
    title = f"{year}年{'国务院' if region == NATION else region}政府工作报告"
    return Article(title, day, tuple(lines), f"{short}政府办公厅", page=page)


class _Figures:
    def __init__(self, dice: Random, short: str, level: str) -> None:
        self._dice, self._words = dice, {"short": short, "level": level}

    def fill(self, sentences: list[str] | tuple[str, ...]) -> list[str]:
        roll = self._dice.randint
        return [
            sentence.format(
                a=roll(4, 7),
                b=roll(2, 9),
                c=roll(11, 48),
                d=roll(21, 95),
                e=roll(110, 980),
                f=roll(90, 98),
                g=roll(12, 99) * 1000,
                **self._words,
            )
            for sentence in sentences
        ]


_NOISE = (
    ("一图读懂{short}政府工作报告", "图解", "图中数字均出自大会文件，供读者对照查阅。"),
    ("{short}召开安全生产电视电话会议", "会议", "会议要求压实属地责任，排查整治隐患{n}处。"),
    ("{short}组织冬季义诊下乡", "卫生", "{n}名医护人员走进乡镇，为老人免费体检。"),
    ("关于{short}部分路段交通管制的公告", "交通", "管制自发布之日起{n}天，请车辆提前绕行。"),
)


def noise(region: str, number: int, day: date) -> Article:
    """What a column carries beside reports: pictures, meetings, notices."""
    short = short_name(region)
    title, what, sentence = _NOISE[number % len(_NOISE)]
    dice = Random(f"{region}{number}{day}")
    lines = (
        f"{short}{what}组{day.year}年{day.month}月{day.day}日消息。",
        sentence.format(n=dice.randint(12, 980)),
        f"记者在{short}第{dice.randint(2, 400)}号现场看到，{what}工作井然有序，群众反映良好。",
        f"下一步，{short}将总结{what}经验，编号{dice.randint(10**5, 10**6)}的材料随后公布。",
    )
    return Article(title.format(short=short), day, lines, f"{short}日报")


_PRESS = (
    (
        "{short}算力产业观察：机架之外看生态",
        "有业内专家认为，{short}算力利用率还有{n}个百分点的提升空间。",
    ),
    (
        "代表建言{short}：让中小企业用得起算力",
        "人大代表建议，{short}设立规模{n}亿元的算力普惠基金。",
    ),
    (
        "{short}服务器市场本季平稳收官",
        "渠道商介绍，整机出货环比变化不足{n}个百分点，库存处于正常水平。",
    ),
    (
        "{short}机器人赛事落幕，{n}支队伍同台",
        "赛事组委会表示，明年将继续扩大规模，吸引更多青年参加。",
    ),
    (
        "从{short}看显示面板的下一站",
        "企业负责人说，柔性产线的良率每提高一点，就意味着{n}万元的成本。",
    ),
)


def press(region: str, number: int, day: date, *, page: int = 1) -> Article:
    """An article of the trade press; nobody in it speaks for a government."""
    dice = Random(f"press{region}{number}")
    short, n = short_name(region), dice.randint(12, 97)
    title, sentence = _PRESS[number % len(_PRESS)]
    lines = (
        f"本报讯 记者{'赵钱孙李周'[number % 5]}某报道：{short}的冬天比往年来得早一些。",
        sentence.format(short=short, n=n),
        f"在{short}第{dice.randint(2, 300)}号厂房，工人在调试编号{dice.randint(10, 9999)}的设备。",
        f"一位从业{dice.randint(3, 30)}年的工程师告诉记者，这里每天都在发生变化。",
        f"截至发稿，相关方面没有公布更多细节，本报第{dice.randint(100, 999)}号追踪将继续。",
    )
    return Article(title.format(short=short, n=n), day, lines, "中国电子报", page=page)


def notice(number: int, day: date) -> Article:
    """A paper of the State Council's list."""
    dice = Random(f"notice{number}")
    subject = ("养老服务", "城市更新", "防汛抗旱", "职业教育", "现代物流", "算力设施")[number % 6]
    lines = (
        "各省、自治区、直辖市人民政府，国务院各部委、各直属机构：",
        f"为做好{subject}工作，现提出如下意见，请结合实际认真执行。",
        f"各地要在{day.year}年底前完成{subject}清单任务{dice.randint(112, 9990)}项。",
        f"有关部门要加强对{subject}的指导，重大情况及时报告。",
        "国务院办公厅",
        f"{day.year}年{day.month}月{day.day}日",
    )
    return Article(f"国务院办公厅关于加强{subject}工作的意见", day, lines, "国务院办公厅")


_SUBJECTS = (
    "工业大模型",
    "可信数据空间",
    "绿色算力",
    "科学智能",
    "智能体安全",
    "数据标注",
    "开源社区",
)


def ministry_news(office: str, column: str, number: int, day: date, *, page: int = 1) -> Article:
    """What a ministry says of its work: a meeting, and what is to be done."""
    dice = Random(f"{office}{column}{number}")
    subject = _SUBJECTS[number % len(_SUBJECTS)]
    lines = (
        f"{day.month}月{day.day}日，{office}召开{subject}第{dice.randint(2, 99)}次工作推进会。",
        f"{office}将在{day.year}年底前遴选{subject}人工智能应用试点{dice.randint(112, 990)}个。",
        f"会上，{dice.randint(11, 48)}家单位交流了编号{dice.randint(10**5, 10**6)}的材料。",
        f"有关司局和{dice.randint(5, 30)}个地方的主管部门参加，分{dice.randint(2, 9)}组讨论。",
    )
    return Article(f"{office}推进{subject}工作（{column}{number}）", day, lines, office, page=page)


def ministry_plan(office: str, column: str, number: int, day: date, *, page: int = 1) -> Article:
    """A plan that a ministry issues by a letter."""
    dice = Random(f"{office}{column}{number}plan")
    name = f"{_SUBJECTS[number % len(_SUBJECTS)]}{column}发展行动方案"
    lines = (
        "各省、自治区、直辖市及计划单列市主管部门：",
        f"现将《{name}》印发给你们，请结合实际认真贯彻执行。",
        "一、总体要求",
        f"到{day.year + 2}年，建成算力服务平台{dice.randint(112, 990)}个，"
        f"人工智能标杆企业达到{dice.randint(1112, 9990)}家。",
        "二、重点任务",
        f"组织开展{name}揭榜挂帅，支持{dice.randint(11, 98)}个智能算力联合体。",
        office,
        f"{day.year}年{day.month}月{day.day}日",
    )
    return Article(f"{office}关于印发《{name}》的通知", day, lines, office, page=page)


def ministry_answers(office: str, number: int, day: date, *, page: int = 1) -> Article:
    """A ministry explains its plan."""
    dice = Random(f"{office}{number}answers")
    name = f"{_SUBJECTS[number % len(_SUBJECTS)]}行动方案"
    lines = (
        f"近日，{office}印发《{name}》（以下简称《方案》）。",
        f"《方案》提出，到{day.year + 2}年，智能算力规模达到{dice.randint(112, 990)}EFLOPS。",
        f"问：编制《方案》第{dice.randint(2, 30)}章有什么考虑？",
        f"答：{office}将建设{dice.randint(112, 990)}个公共算力平台，服务中小企业。",
    )
    return Article(f"《{name}》解读之{number}", day, lines, office, page=page)


def plan(region: str, day: date) -> Article:
    """What comes out between two rounds: a plan with promises nobody has heard before."""
    short = short_name(region)
    lines = (
        f"{region}推动智能算力普惠发展行动方案",
        f"为落实国家部署，{region}人民政府制定本方案。",
        f"到{day.year + 2}年，{short}建成公共算力服务平台，智能算力规模达到77000P以上。",
        f"每年遴选人工智能标杆应用场景66个，支持{short}企业牵头申报。",
        f"本方案自印发之日起施行，由{short}经济和信息化主管部门负责解释。",
    )
    return Article(f"{region}推动智能算力普惠发展行动方案", day, lines, f"{short}政府办公厅")


def short_name(region: str) -> str:
    """贵州省 as people say it."""
    for ending in ("壮族自治区", "回族自治区", "维吾尔自治区", "自治区", "省", "市"):
        if region.endswith(ending):
            return region.removesuffix(ending)
    return region


def days_before(day: date, count: int) -> date:
    """A day in the past of ``day``."""
    return day - timedelta(days=count)
