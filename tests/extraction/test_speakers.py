"""Who speaks in the press, and for which region: one example for each mechanism."""

from __future__ import annotations

import pytest

from monitor.extraction.attribution import KnownBy, people_in
from monitor.extraction.speakers import attribute_sentences
from monitor.extraction.text import split_sentences
from monitor.model.documents import DocumentKind, Provenance
from monitor.model.statements import Speaker

PRESS = Provenance(DocumentKind.NEWS, Speaker.MEDIA, None, 2026)


def attributions(text):
    """The attributions of a text of one line a paragraph, in one list."""
    paragraphs = [
        [line[start:end] for start, end in split_sentences(line)] for line in text.split("\n")
    ]
    return [one for paragraph in attribute_sentences(paragraphs, PRESS) for one in paragraph]


def voices(text):
    return [(one.speaker.value, one.region) for one in attributions(text)]


@pytest.mark.parametrize(
    ("sentence", "speaker", "region"),
    [
        # A delegate stays one, whatever else he is, also when the office stands before the comma.
        ("湖北省人大代表、某集团董事长晏某某说，算力仍然偏贵。", "delegate", "湖北省"),
        ("湖北省政协委员，某某股份公司总经理晏明说，算力仍然偏贵。", "delegate", "湖北省"),
        ("全国人大代表、某大学校长晏明建议，设立算力基金。", "delegate", "全国"),
        # Rare and double surnames, adverbs and occasions between the name and the verb.
        ("山西省数据局副局长逯远在日前举行的座谈会上介绍，算力翻了一番。", "government", "山西省"),
        ("山西省数据局副局长欧阳远也坦言，算力仍不够。", "government", "山西省"),
        # Whose word a research institute, a firm's branch, a consultancy is.
        ("某某咨询公司分析师晏明认为，算力会降价。", "expert", "全国"),
        ("某某科技有限公司首席技术官晏明说，模型已经上线。", "enterprise", None),
        # The source of the news speaks.
        ("记者从云南省工信厅获悉，全省算力已达900P。", "government", "云南省"),
        ("据国家能源局介绍，算电协同提速。", "ministry", "全国"),
        # A region's departments together are its government.
        ("云南四部门介绍，全省算力已达900P。", "government", "云南省"),
        ("云南的解法是组建算力调度中心。", "government", "云南省"),
        # Central departments, and the State Council.
        ("国家数据局等六部门印发意见，提出建设算力网。", "ministry", "全国"),
        ("国务院常务会议指出，要加快建设算力网。", "government", "全国"),
        ("我国将加快建设算力网。", "government", "全国"),
    ],
)
def test_the_clause_tells_who_speaks(sentence, speaker, region):
    assert voices(sentence) == [(speaker, region)]


@pytest.mark.parametrize(
    ("sentence", "region"),
    [
        ("湖北、江西等地提出，建设智算中心。", "全国"),
        ("武汉、宜昌提出，共建智算中心。", "湖北省"),
        ("有12个省份提出，建设智算中心。", "全国"),
        ("湖北省武汉市提出，建设智算中心。", "武汉市"),
        ("江夏区提出，建设智算中心。", "武汉市"),
        ("产业基础雄厚的湖北将建设智算中心。", "湖北省"),
    ],
)
def test_several_places_take_the_smallest_area_that_holds_them(sentence, region):
    assert voices(sentence) == [("government", region)]


@pytest.mark.parametrize(
    ("sentence", "region"),
    [
        ("本报武汉5月6日电（记者晏明）算力仍然偏贵。", "全国"),
        ("世界算力大会在武汉举行。", "全国"),
        ("武汉某某智能有限公司发布了新模型。", "全国"),
        ("目前，武汉已建成智算中心3座。", "武汉市"),
    ],
)
def test_neither_dateline_nor_venue_nor_a_name_is_a_place(sentence, region):
    assert voices(sentence) == [("media", region)]


@pytest.mark.parametrize(
    ("text", "regions"),
    [
        # 全省 beside or after a city is the province.
        ("全省的算力集中在襄阳。", "湖北省"),
        ("襄阳的算力占全省一半。", "襄阳市"),
        ("目前，襄阳已建成智算中心3座。全省建成智算中心9座。", "襄阳市 湖北省"),
        # Three places and more stand for a list.
        ("武汉的芯片、杭州的模型、上海的算力相继到位。", "全国"),
        # The name of a document or a firm is no place.
        ("算力互联的武汉宣言通过了。", "全国"),
        ("如上海电气推出模型。", "全国"),
        # A leader's order to a place is the place's matter.
        ("国务院副总理晏明要求湖北加快智算中心建设。", "湖北省"),
    ],
)
def test_a_region_is_whose_matter_the_sentence_is(text, regions):
    assert " ".join(region for _, region in voices(text)) == regions


def test_an_article_about_a_place_keeps_it():
    text = (
        "云南算力产业观察\n走进机房，服务器整齐排列。\n全省算力去年翻了一番。\n"
        "我国算力产业仍在爬坡。"
    )
    assert voices(text) == [
        ("media", "云南省"),
        ("media", "云南省"),
        ("media", "云南省"),
        ("media", "全国"),
    ]


def test_a_quotation_belongs_to_whom_the_next_sentence_names():
    text = (
        "“算力仍然偏贵。我们在想办法。”某某科技公司总经理晏明说。\n"
        "云南明确，今年建成智算中心两座。“光有机器还不够。”云南省政协委员鲁平直言，缺的是人。"
    )
    assert [speaker for speaker, _ in voices(text)] == [
        "enterprise",
        "enterprise",
        "enterprise",
        "government",
        "delegate",
        "delegate",
    ]


def test_names_and_pronouns_refer_to_persons_introduced_before():
    text = (
        "云南省科技厅厅长鲁平首先发言，她说，算力翻了一番。\n"
        "某某大学教授晏明关注成本。晏明认为，电价是关键。\n鲁平答道，将推广绿电直供。"
    )
    assert [speaker for speaker, _ in voices(text)] == [
        "government",
        "media",
        "expert",
        "government",
    ]


@pytest.mark.parametrize(
    ("text", "speakers"),
    [
        # The word after a name is enough.
        ("鲁平代表认为，要降低算力成本。\n晏明委员建议，开放语料。", "delegate delegate"),
        # Persons of a list have a role each.
        (
            "某某研究院院长晏明、某某科技公司总经理鲁平到会。\n晏明认为，算力偏贵。\n鲁平说，模型要开源。",
            "media expert enterprise",
        ),
        # A dateline before a quotation.
        ("本报武汉5月6日电（记者晏明）“算力偏贵。”云南省政协委员鲁平说。", "delegate delegate"),
        # A quotation that each paragraph opens again.
        (
            "云南省科技厅厅长鲁平说：“算力翻了一番。\n“今年再建智算中心两座。\n“还要开放语料。”",
            "government government government",
        ),
        # The items of a list, until a line is none.
        (
            "其中，云南提出：\n——建设智算中心两座；\n——培育大模型企业。\n算力产业仍在爬坡。",
            "government government government media",
        ),
        # A report that is excerpted or quoted without a verb of saying.
        (
            "云南省政府工作报告公布了，以下是算力部分的内容：\n新建智算中心两座；\n发放算力券。",
            "government government government",
        ),
        ("云南省政府工作报告的表述是：“新建智算中心两座。”", "government"),
    ],
)
def test_the_words_of_a_speaker_go_on_as_far_as_their_form_tells(text, speakers):
    assert " ".join(speaker for speaker, _ in voices(text)) == speakers


def test_a_plan_without_a_subject_is_its_owners():
    text = (
        "云南省近日印发《云南省算力发展行动方案》，提出到2028年算力达到5000P。\n"
        "建设省级智算中心，培育服务商。\n方案聚焦三个领域。\n据了解，同类方案各地都有。"
    )
    assert voices(text) == [
        ("government", "云南省"),
        ("government", "云南省"),
        ("government", "云南省"),
        ("media", "云南省"),
    ]


def test_a_plan_told_by_the_newspaper_ends_with_the_next_fact():
    text = "云南今年将新建智算中心两座，培育服务商；支持企业上云。去年，企业数量增长两成。"
    assert [speaker for speaker, _ in voices(text)] == ["government", "government", "media"]


def test_a_colon_opens_the_words_of_one_speaker():
    text = (
        "国家能源局副局长鲁平作了演讲。以下为部分摘录：\n算力用电增长很快。\n各方都在想办法。\n"
        "云南省能源局局长晏明随后表示，绿电充足。"
    )
    assert voices(text)[2:] == [
        ("ministry", "全国"),
        ("ministry", "全国"),
        ("government", "云南省"),
    ]


def test_a_line_with_a_name_opens_a_block():
    text = (
        "代表建言\n全国人大代表、某大学校长鲁平：\n降低算力成本\n算力仍然偏贵。\n"
        "全国政协委员、某集团董事长晏明：\n人才是关键。"
    )
    found = attributions(text)
    assert {one.speaker for one in found[1:]} == {Speaker.DELEGATE}
    assert found[3].known_by is KnownBy.BLOCK


@pytest.mark.parametrize(
    ("signature", "speaker"),
    [
        ("（作者为某大学教授）", "expert"),
        ("（作者系某集团有限公司董事长）", "enterprise"),
        ("（作者：全国政协委员、某协会会长）", "delegate"),
    ],
)
def test_the_signature_decides_a_whole_essay(signature, speaker):
    text = f"让算力普惠\n算力仍然偏贵。\n应当降低成本。\n{signature}"
    assert {who for who, _ in voices(text)} == {speaker}


def test_a_notice_is_the_governments_own_text():
    text = "关于申报算力券的通知\n各有关企业：\n云南省将发放算力券。\n申报企业应在本地注册。"
    assert set(voices(text)) == {("government", "云南省")}


def test_answers_of_an_interview_run_over_paragraphs():
    text = (
        "国家数据局副局长鲁平说，愿意回答提问。\n问：算力够用吗？\n答：总体够用。\n缺口在高端。\n"
        "问：下一步呢？"
    )
    assert [speaker for speaker, _ in voices(text)] == [
        "ministry",
        "media",
        "ministry",
        "ministry",
        "media",
    ]


def test_leaders_speak_and_act():
    text = (
        "李强在云南调研\n李强来到一家算力企业，察看机房。李强强调，要加快建设算力网。要降低成本。"
    )
    assert voices(text)[1:] == [
        ("media", "云南省"),
        ("government", "全国"),
        ("government", "全国"),
    ]


def test_a_comment_quotes_a_plan_for_one_sentence():
    text = "算力要用得好（时评）\n“十五五”规划纲要提出，建设算力网。推动算力普惠，才能形成合力。"
    assert [speaker for speaker, _ in voices(text)][1:] == ["government", "media"]


def test_a_heading_takes_the_text_below():
    text = "国家能源局发布年度成绩\n算力用电增长\n国家能源局介绍，算力用电增长两成。"
    found = attributions(text)
    assert (found[1].speaker, found[1].known_by) == (Speaker.MINISTRY, KnownBy.HEADING)


def test_an_attribution_tells_how_the_speaker_is_known():
    text = (
        "某某大学教授晏明认为，电价是关键。机器会越来越便宜。\n云南将新建智算中心两座。"
        "支持企业上云。"
    )
    assert [(one.known_by, one.distance, one.person) for one in attributions(text)] == [
        (KnownBy.NAMED, 0, "晏明"),
        (KnownBy.CONTINUED, 1, "晏明"),
        (KnownBy.ACTING, 0, ""),
        (KnownBy.ACTING, 1, ""),
    ]


def test_a_judgement_is_no_part_of_the_plan_before():
    text = "云南将建设智算中心两座，推广算力券。降低成本，是算力普惠的关键。"
    assert [speaker for speaker, _ in voices(text)] == ["government", "media"]


def test_the_headline_of_a_flash_names_the_firm_that_speaks():
    text = "某某微电：上半年算力芯片出货翻番\n公告显示，营收增长两成。\n新产线预计年底投产。"
    assert {speaker for speaker, _ in voices(text)} == {"enterprise"}


def test_a_line_of_places_says_where_the_scenes_below_are():
    text = (
        "小城里的机器人\n云南昆明官渡区\n工人们正在调试设备。\n山东泰安泰山区\n标注员坐满一层楼。"
    )
    assert [region for _, region in voices(text)][2::2] == ["昆明市", "泰安市"]


def test_any_text_gets_one_attribution_a_sentence():
    paragraphs = [[], ["“"], ["》”"], ["："], ["提出" * 200], ["答：", "问："], []]
    found = attribute_sentences(paragraphs, PRESS)
    assert [len(one) for one in found] == [len(one) for one in paragraphs]


@pytest.mark.parametrize(
    ("text", "speakers"),
    [
        # A motion is its members': the matter, and what they ask for.
        (
            "关于发展县域算力的提案\n县域算力利用率偏低。\n建议：\n设立算力券。",
            ["delegate"] * 4,
        ),
        # A round of news forgets who spoke above the next headline.
        (
            "国内联播快讯\n软件业收入增长\n国家统计局发布数据显示，软件业收入增长9%。\n桥梁合龙\n"
            "推动两岸往来更加便捷。",
            ["media", "ministry", "ministry", "media", "media"],
        ),
        # The figures of one source go on through the article; another speaker ends that.
        (
            "软件业收入增长9%\n工业和信息化部数据显示，软件业收入增长9%。\n利润稳步增长。",
            ["ministry", "ministry", "ministry"],
        ),
        # Who only appears says nothing yet.
        (
            "云南省数据局局长晏明介绍有关情况。他说，算力翻了一番。",
            ["media", "government"],
        ),
        # What a document sets is its issuer's; that it is issued is news.
        (
            "国家能源局印发《算电协同指南》。\n指南明确了三项任务。\n同时明确，不得弃电。\n"
            "未达标的，不得上线。",
            ["media", "ministry", "ministry", "ministry"],
        ),
        # A notice is its office's.
        (
            "国家数据局办公室关于征集案例的通知\n各省数据局，各有关单位：\n每省推荐10个。",
            ["ministry"] * 3,
        ),
        ("联合国秘书长表示，算力鸿沟仍在扩大。", ["media"]),
        ("中国气象局联合国家数据局提出，建设气象大模型。", ["ministry"]),
        # The paper asks, sets the scene, and ends the session.
        ("国家数据局局长晏明说，算力翻了一番。钱从哪里来？", ["ministry", "media"]),
        (
            "国家数据局局长晏明说，算力翻了一番。会上，三家企业作了交流发言。",
            ["ministry", "media"],
        ),
        # 该部 is the ministry that spoke before, and its offices are the ministry's.
        (
            "交通运输部副部长晏明表示，试点已覆盖九省。该部公路局局长丁远说，设备已布设。",
            ["ministry", "ministry"],
        ),
        # A place that is only busy plans nothing.
        ("湖北持续推动数字经济发展。", ["media"]),
        # An authority's own document is its issuer's, line by line.
        (
            "宜昌市智算产业工作方案（2026—2028年）\n一、目标\n建成机架3万架。\n二、任务\n"
            "（一）建设平台。对租用算力的企业，最高补贴50万元。",
            ["government"] * 6,
        ),
        (
            "大数据产业工作要点\n1.建设标注基地。\n2.已建平台要升级。\n3.发布指数。",
            ["ministry"] * 4,
        ),
        (
            "条例草案征求意见\n记者从人大获悉，草案已公布。\n第三条市人民政府统筹算力布局。\n"
            "第四条鼓励共享算力。\n丽水市人民政府",
            ["media", "media", "government", "government", "government"],
        ),
        # News of a document is no document, however its headline ends.
        (
            "东营出台算力若干措施\n本报讯（记者林某）一家公司表示，措施很及时。",
            ["government", "enterprise"],
        ),
        # Whose interview it is stands in its headline; answers need no 答.
        (
            "国家能源局有关负责人就《算电协同意见》答记者问\n为何出台？\n用电增长很快。\n"
            "支持绿电直供。\n问：怎么落实？\n答：将建立台账。",
            ["ministry", "media", "ministry", "ministry", "media", "ministry"],
        ),
        (
            "部委动态\n【民政部】推广养老机器人。\n水利部：建设流域大模型。",
            ["ministry"] * 3,
        ),
        # Whoever is listed at the beginning is known by name.
        (
            "山西举行发布会\n省数据局副局长谭明\n大同市副市长许岚\n谭明：算力翻番。\n"
            "人民网记者：怎么看？\n许岚：将建园区。",
            ["government"] * 4 + ["media", "government"],
        ),
        # 副部长 is of the ministry; the factory's is its own.
        (
            "工业和信息化部召开座谈会。\n部党组成员、副部长闻捷出席会议。\n闻捷指出，产业在变。",
            ["media", "media", "ministry"],
        ),
        (
            "湖北省经信厅处长罗平说，去年新建节点。\n“等待短了。”该厂负责人说。",
            ["government", "enterprise", "enterprise"],
        ),
        # 该局 is the office named before, not the firm that spoke since.
        (
            "白城市数据局发放算力券。\n“到账很快。”一家企业负责人说。\n据该局介绍，已发放百万元。\n"
            "该局计划，明年再增一倍。",
            ["government", "enterprise", "enterprise", "government", "government"],
        ),
        # A bureau without more is one of the ministry that spoke.
        (
            "工业和信息化部公布数据，软件收入增长一成。\n监测协调局有关负责人分析，势头会延续。",
            ["ministry", "ministry"],
        ),
        # Whoever publishes figures tells them, whatever they are sorted by.
        (
            "信息通信业平稳运行\n工业和信息化部近日发布上半年通信业运行情况。\n数据显示，智算收入翻番。\n"
            "分地区看，西部增长更快。",
            ["ministry"] * 4,
        ),
        # What a foreign government plans is news.
        ("新加坡政府宣布，将建智算中心。", ["media"]),
        # 在…行动中 is part of a plan, no scene.
        (
            "辽宁印发智算方案，明确三项行动。\n在筑基行动中，支持建设智算中心。",
            ["government", "government"],
        ),
        # A campaign is of the authority that starts it.
        (
            "中央网信办部署开展清理专项行动\n专项行动分两个阶段，将整治算法滥用。",
            ["ministry", "ministry"],
        ),
    ],
)
def test_whose_words_the_sentences_of_an_article_are(text, speakers):
    assert [speaker for speaker, _ in voices(text)] == speakers


@pytest.mark.parametrize(
    ("text", "last"),
    [
        # A place's own document, though nothing says that it was issued.
        (
            "江苏的方案提出，建设智算中心。\n贵州尚待批准的意见更看重电力，拟奖励算力企业。\n"
            "意见还提到，支持绿电直供算力。",
            ("government", "贵州省"),
        ),
        # Below a crosshead with another province, 报告 is that province's.
        (
            "甘肃省政府工作报告提出，建设智算中心。\n吉林：从车到芯\n报告提到，支持芯片企业。",
            ("government", "吉林省"),
        ),
        # A plan for named cities stays the province's.
        (
            "河北省政府工作报告提出：\n壮大算力产业，廊坊智算中心扩建二期。",
            ("government", "河北省"),
        ),
        # A list of places may go on behind a comma; whose matter it is does not change.
        (
            "肇庆市数据局表示，将扩建算力走廊。"
            "引导企业在贵州安顺、毕节，湖北宜昌等地建设算力集群。",
            ("government", "肇庆市"),
        ),
        # A place's words in quotes after 提到 are its plan.
        ("例如，青岛提到，“支持智算中心建设”。", ("government", "青岛市")),
        # What computing is in general, and then what it is in our province.
        ("江苏省数据局\n算力是新的生产力，我省算力规模居前。", ("media", "江苏省")),
        # What is heard at an occasion that bears an office's name is no word of that office.
        (
            "记者从国家数据局“数据要素”行肇庆站活动现场获悉，肇庆已有9座智算中心。",
            ("media", "肇庆市"),
        ),
        # 该市 is the place named before, whatever it is compared with.
        (
            "从牧区到“算力之都”\n肇庆智算中心与云浮智算中心相邻。肇庆有9座智算中心。"
            "近年来，多家企业在该市布局，算力占京津冀地区的两成。",
            ("media", "肇庆市"),
        ),
        # What a city is to its province, and whose university a delegate leads, is no matter.
        ("据了解，江苏已形成以南京为核心的算力格局。", ("media", "江苏省")),
        ("某大学校长晏明认为，上海交大的模型更便宜。", ("expert", "全国")),
        # A place says what it aims at behind a colon.
        ("山东开出的目标更具体：算力规模突破20000P。", ("government", "山东省")),
        # A firm's matter and an expert's view are no matter of the place that the article is about.
        ("芯片展在无锡市开幕\n某某科技公司总经理晏明说，新模型已经上线。", ("enterprise", None)),
        ("无锡市扩建智算中心\n某大学教授晏明认为，模型会更便宜。", ("expert", "全国")),
        # What a term means is the same everywhere.
        ("无锡市扩建智算中心\n据了解，万卡集群是指由上万张加速卡连成的系统。", ("media", "全国")),
        # Who speaks for a fair is the paper's.
        (
            "某大学教授晏明认为，模型会更便宜。本届算力大会设有六个分论坛。",
            ("media", "全国"),
        ),
    ],
)
def test_whose_matter_the_last_sentence_is(text, last):
    assert voices(text)[-1] == last


@pytest.mark.parametrize(
    ("text", "last"),
    [
        # 市长期 is no mayor.
        ("在肇庆市长期经营的晏某说，算力便宜了。", ("media", "肇庆市")),
        # An institute of a department or a bank studies; it is neither.
        ("交通部科学研究院研究员晏明认为，自动驾驶会更便宜。", ("expert", "全国")),
        ("某商业银行研究院认为，智算投资会放缓。", ("expert", "全国")),
        # Who has no name and no office is nobody that the paper answers for.
        ("分析人士指出，算力会更便宜。", ("media", "全国")),
        ("有机构预计，模型会更便宜。", ("media", "全国")),
        # What a listed firm makes known; its name need not say that it is one.
        ("5月9日，云岭算谷公告，子公司拟在大理州采购服务器。", ("enterprise", None)),
        ("云岭算谷在投资者互动平台表示，模型已经上线。", ("enterprise", None)),
        ("海南省工信厅公告，算力券申报开始。", ("media", "海南省")),
        # A leader's words after a colon, whatever verb stands there.
        ("习近平总书记寄语青年：“要学好人工智能。”", ("government", "全国")),
        ("国家“十五五”规划提出，建设算力网。", ("government", "全国")),
        # A place that is the subject is no matter of the firm that spoke before.
        (
            "某某科技公司总经理晏明说，模型已经上线。目前，洱源县已建成“云上机房”。",
            ("media", "大理白族自治州"),
        ),
        # 据该局介绍 is the office named before.
        (
            "肇庆市数据局兑现首批算力券\n企业负责人晏明说，算力便宜了。\n据该局介绍，算力券已惠及9家企业。",
            ("government", "肇庆市"),
        ),
        # An office of the article's place acts; what the place has is the paper's to tell.
        ("肇庆：算力进乡村\n市财政局还将补贴智算中心电费。", ("government", "肇庆市")),
        ("肇庆：算力进乡村\n去年，全市算力规模达到900P。", ("media", "肇庆市")),
        # A plan of nobody, in an article about a place, is the place's.
        ("肇庆起草算力办法，公开征求意见\n办法提出，奖励智算中心。", ("government", "肇庆市")),
        # A body named for a city is the city's matter.
        ("肇庆算力创新中心成立\n中心将研究智能算法。", ("media", "肇庆市")),
        # 当地 is the article's place where no other is named.
        ("走进肇庆的智算中心\n我市的算力规模居前。", ("media", "肇庆市")),
        # A term explained, and a scene, in an article about a plan.
        ("肇庆印发词元经济方案\n词元，即模型处理文本的单位。", ("media", "全国")),
        ("肇庆印发词元经济方案\n城东一家工厂的车间里，机器人正在分拣。", ("media", "肇庆市")),
        # The quotation below a line with another place is not of who spoke above it.
        (
            "高要区\n某某公司总经理晏明说，算力便宜了。\n福建漳州龙文区\n“机器人帮了大忙。”",
            ("media", "漳州市"),
        ),
    ],
)
def test_who_speaks_where_no_name_tells(text, last):
    assert voices(text)[-1] == last


@pytest.mark.parametrize(
    ("text", "last"),
    [
        # Nobody but one office speaks: the results of later paragraphs are the office's too.
        (
            "农业农村部公布进展\n农业农村部某司负责人表示，农用机器人增多。\n去年，智能农机达到9万台。",
            ("ministry", "全国"),
        ),
        # A study that is cited does not go on speaking.
        (
            "机房为何空置\n据中国信通院统计，机柜上架率为六成。\n不少模型没有用户。",
            ("media", "全国"),
        ),
        # 据 goes with all of the name before 数据, however short the words between.
        ("据工信部网站消息，算力翻番。", ("ministry", "全国")),
        ("据海南省统计局数据，算力翻番。", ("government", "海南省")),
        # Houses whose business is studies, also where their names are a firm's.
        ("国际数据公司（IDC）预计，模型市场翻番。", ("expert", "全国")),
        ("某某证券研报指出，模型市场翻番。", ("expert", "全国")),
        # Regions that act together.
        ("成渝两地将共建算力走廊。", ("government", "全国")),
        ("湖北、江西联合印发方案，共建算力走廊。", ("government", "全国")),
        ("海南则把目光投向机器人，建设训练场。", ("government", "海南省")),
        # The state of things is no part of a plan.
        (
            "海南印发智算方案\n方案明确，建设智算中心。\n目前，海南在用机架达3万架。",
            ("media", "海南省"),
        ),
        # Of a city and its province the city is what the article is about, however long its name.
        ("算力落户\n石家庄建成机房3座。\n算力翻番。", ("media", "石家庄市")),
        # The small place that was told of.
        (
            "算力下乡记\n在黎平县的小镇，机房亮着灯。\n去年，小镇引进了算力企业。",
            ("media", "黔东南苗族侗族自治州"),
        ),
        # A round-up of listed firms.
        ("公告集锦\n澜湖算力：拟投资9亿元扩建机房。", ("enterprise", None)),
        # A list that is cited goes on after a semicolon.
        (
            "算力怎么建\n“十五五”规划纲要给出了方向：统筹算力布局；推进人工智能行动。",
            ("government", "全国"),
        ),
        # Towns that are known without their city.
        ("诸暨将建设智算中心。", ("government", "绍兴市")),
        ("青海省海南州将建设智算中心。", ("government", "海南藏族自治州")),
        # The place of a fair, without a word before it.
        ("智算博览会洛阳开幕。", ("media", "全国")),
        # A province's plan for a city stays the province's.
        ("内蒙古的底气是风，提出和林格尔集群再添900P。", ("government", "内蒙古自治区")),
        # What happens elsewhere is no plan of the place before.
        (
            "甘肃印发智算方案。在成都一处园区，机器人正在分拣。",
            ("media", "成都市"),
        ),
        # Support by policies is no document that acts.
        ("甘肃印发智算方案。\n人才向往，政策支持、资金到位，模型扎堆。", ("media", "甘肃省")),
        # A newspaper's comment asks departments to act; it tells no plan.
        (
            "热评：莫让算法作恶\n教育部印发的指南明确，小学以体验为主。\n监管部门要管住算法。",
            ("media", "全国"),
        ),
        # A person named before, with a quotation after a colon.
        (
            "某某大学教授晏明认为，模型会更便宜。\n记者走进机房。\n听到回答，晏明笑了：“算力够用。”",
            ("expert", "全国"),
        ),
        # Whoever works for a firm speaks for it.
        ("巡检技术员晏明说，机器人会自己充电。", ("enterprise", None)),
        # The moderator of a press conference.
        (
            "国新办举行新闻发布会\n国家数据局局长晏明介绍，算力翻番。\n主持人：今天的算力发布会到此结束。",
            ("media", "全国"),
        ),
    ],
)
def test_who_speaks_after_somebody_else(text, last):
    assert voices(text)[-1] == last


@pytest.mark.parametrize(
    ("text", "speaker", "region"),
    [
        # A name in quotes within a title ends no clause, and a short title in brackets is no other.
        (
            "例如，北京将打造人工智能第一城。《江苏省“人工智能+”方案》提出，到2030年建成先导区。",
            "government",
            "江苏省",
        ),
        (
            "日前，《河南省算力规划（2024年）》（简称《规划》）发布，其中提到，要建算力高地。",
            "government",
            "河南省",
        ),
        (
            "《河南省算力规划纲要》日前公布。规划纲要提出，建设以郑州为核心的算力集群。",
            "government",
            "河南省",
        ),
        ("政府工作报告中提出“发展智能经济”，并强调“用好算力”。", "government", "全国"),
        # Central offices without 国家, courts, and the police of a place.
        ("广电总局副局长晏明表示，将规范人工智能创作。", "ministry", "全国"),
        ("最高法有关负责人表示，将制定涉人工智能案件的规则。", "ministry", "全国"),
        ("记者从枣庄市警方获悉，一起AI换脸诈骗案告破。", "government", "枣庄市"),
        # A professor stays one, whatever centre he is head of.
        ("某某大学教授、可持续发展中心主任晏明认为，大模型会普及。", "expert", "全国"),
        # Who came to hear a leader does not speak with his voice.
        (
            "习近平主席出席大会并致辞。\n习近平主席强调，要发展人工智能。\n"
            "与会嘉宾表示，这为人工智能治理指明方向。",
            "media",
            "全国",
        ),
        # A sentence with names in quotes at both ends is no quotation.
        (
            "某某公司经理晏明说，算力够用。\n“东数西算”工程提速，算力成为发展的“底座”。",
            "media",
            "全国",
        ),
        # 当地 announces as the place named before does.
        (
            "今年，贵州扩大了算力券规模。去年10月，当地提出新建算力调度平台的概念。",
            "government",
            "贵州省",
        ),
        # What the paper found in a plan is the plan's.
        (
            "记者从四川省科技厅获悉，《四川省人工智能若干政策》日前印发。"
            "记者发现，新政分层布局应用场景。聚焦智能医疗、智能政务布局标志性场景。",
            "government",
            "四川省",
        ),
        # The other half of a pair of sentences, and a firm in a story about a ministry's campaign.
        (
            "某某公司经理晏明说，算力够用。\n"
            "各地双向布局：一方面加码人工智能投入；另一方面推动算力人才培训全面铺开。",
            "media",
            "全国",
        ),
        (
            "工业和信息化部印发通知，启动人形机器人专项行动。\n走进工厂\n"
            "从缝纫机到机器人，某某科技有限公司早早布局，推出新品牌。",
            "media",
            "全国",
        ),
        # A visit elsewhere is the matter of who goes; a city's own event is the city's.
        ("2月26日，市长晏明带队在上海市考察智算企业，推进枣庄智算中心建设。", "media", "枣庄市"),
        ("2025年苏州市“人工智能+”推进大会举行。", "media", "苏州市"),
        # 亚运城市 and 巴中友好 name no place, nor does the Great Hall.
        ("亚运城市推出智能驾驶体验。", "media", "全国"),
        ("巴中友好合作延伸到人工智能。", "media", "全国"),
        ("春风掠过北京人民大会堂，贵州的算力成了话题。", "media", "贵州省"),
        # What is told at a press conference is of who holds it.
        (
            "6月25日，北京市人民政府新闻办公室举行算力新闻发布会。会上介绍，算力已达900P。",
            "government",
            "北京市",
        ),
        # A first of a province that stands in a city is the city's.
        ("浙江首个人工智能局在温州揭牌。", "media", "温州市"),
        # An office answers a member of the CPPCC.
        (
            "关于省政协第0310号提案的答复\n晏明委员：\n您提出的算力提案收悉。\n"
            "近年来，我省算力规模不断壮大，湖北算力已达900P。",
            "government",
            "湖北省",
        ),
        (
            "您提出的《关于智能教育的提案》收悉，现答复如下：\n"
            "教育部高度重视人工智能。\n2018年，启动人工智能助推教师队伍建设行动。",
            "ministry",
            "全国",
        ),
        # Who signs as a member of a committee of experts is an expert, whoever has the committee.
        (
            "算力要落地。\n未来的赢家是用好算力的企业。\n（作者系工信部通信专家委员会委员）",
            "expert",
            "全国",
        ),
        # Scenes after a regulation are no part of it.
        (
            "《杭州市机器人条例》施行，明确将建设训练基地。\n机器人警队在西湖上岗；"
            "在街头，机器人能独立制作咖啡。",
            "media",
            "杭州市",
        ),
        # The matter as such, behind what it is called.
        (
            "杭州的算力产业很红火。\n作为引领新一轮变革的战略性技术，人工智能是重要引擎。",
            "media",
            "全国",
        ),
    ],
)
def test_who_speaks_in_the_last_sentence_and_whose_matter_it_is(text, speaker, region):
    assert voices(text)[-1] == (speaker, region)


@pytest.mark.parametrize(
    "text",
    ["专家代表齐聚一堂", "政协委员关于算力的提案", "副总经理和工程师", "专家高度评价算力中心"],
)
def test_what_follows_a_title_is_not_always_a_name(text):
    assert people_in(text) == []


def test_the_third_character_of_a_name_is_no_verb():
    assert people_in("研究院院长曾勇的观点") == ["曾勇"]
    assert people_in("副总经理刘晏明说") == ["刘晏明"]


def test_a_group_of_people_has_no_name():
    told = attributions("某某研究院研究员晏明认为，算力会降价。多位受访专家认为，标准是关键。")
    assert (told[-1].speaker, told[-1].person) == (Speaker.EXPERT, "")


def test_a_question_and_thanks_are_no_words():
    text = "代表委员将带来哪些建议？\n新一代人工智能发展迅猛。"
    assert [one.speaker for one in attributions(text)] == [Speaker.MEDIA, Speaker.MEDIA]
    visit = "枣庄市委书记晏明到智算企业调研。在某某公司，晏明对企业应用人工智能表示肯定。"
    assert attributions(visit)[-1].speaker is not Speaker.ENTERPRISE


@pytest.mark.parametrize(
    ("text", "speaker", "region"),
    [
        # An answer to a member has its form; that a suggestion or a motion was received is news.
        (
            "枣庄市智能客服上线\n你的建议已收到！\n某某公司经理晏明说，模型已量产。",
            "enterprise",
            None,
        ),
        # 他 is whoever acts, not the people he met.
        (
            "枣庄市市长晏明与三位企业家代表座谈。他强调，2027年将建成智算中心十个。",
            "government",
            "枣庄市",
        ),
        ("某某公司经理晏明和一位专家交谈。他说，算力够用。", "enterprise", None),
        # A title, or a second quotation, does not end the words that are quoted.
        (
            "全国人大代表晏明建议，设立算力基金。\n“应把算力写进《电力法》，尽快建设算力网。”",
            "delegate",
            "全国",
        ),
        ("某某公司经理晏明说，算力够用。\n“算力要便宜”，“电价要下降”。", "enterprise", None),
        # Who governs and teaches governs.
        ("某某大学教授、科技部副部长晏明表示，2027年将建成算力网。", "ministry", "全国"),
        ("枣庄市副市长、某某大学教授晏明表示，将建智算中心。", "government", "枣庄市"),
        # As a pillar of the place it is the place's matter.
        ("杭州的算力很红火。\n作为我市的支柱产业，人工智能已成为新引擎。", "media", "杭州市"),
        # A firm that a plan supports is no subject, nor is one that has duties.
        (
            "《杭州市算力办法》提出，建设智算中心。今后由市级财政支持某某有限公司建设智算中心。",
            "government",
            "杭州市",
        ),
        (
            "《杭州市算力办法》提出，建设智算中心。科技公司应当按季度报送数据。",
            "government",
            "杭州市",
        ),
        # A plan's field of use is no scene.
        (
            "《宁波市人工智能方案》提出，建设智能港口。在码头，将推广无人集卡。",
            "government",
            "宁波市",
        ),
        # What a named person says at a press conference is his own, as is another meeting's word.
        (
            "北京市人民政府新闻办公室举行算力新闻发布会。"
            "会上介绍，某某公司总经理晏明说，明年将建成智算中心。",
            "enterprise",
            None,
        ),
        (
            "去年6月，北京市人民政府举行新闻发布会。\n"
            "今年7月，某某公司召开大会。会上介绍，新芯片已量产。",
            "media",
            "北京市",
        ),
        # A document of another name is another's.
        (
            "北京市印发《算力券办法》。\n3月，“十五五”规划纲要公布。规划纲要提出，建设全国算力网。",
            "government",
            "全国",
        ),
        # Police of other countries, and 当地 where no place was named.
        ("广东企业加快出海。\n据美国警方通报，AI诈骗增多。", "media", "全国"),
        ("当地提出，将建数据中心。", "media", "全国"),
        # The traveller's own place stays.
        ("晏明率领合肥市考察团赴深圳市学习智算。", "media", "合肥市"),
        # 该市场 is no city, and 这一方面 no half of a pair.
        (
            "浙江省数据局局长晏明说，杭州是枢纽。下一步在该市场推出算力服务。",
            "government",
            "浙江省",
        ),
    ],
)
def test_what_looks_alike_is_told_apart(text, speaker, region):
    assert voices(text)[-1] == (speaker, region)


@pytest.mark.parametrize(
    ("text", "name"),
    [("数据局局长向明辉", "向明辉"), ("数据局局长和志强", "和志强"), ("市长王志向", "王志向")],
)
def test_rare_names_are_names(text, name):
    assert people_in(text) == [name]
