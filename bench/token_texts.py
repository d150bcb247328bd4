"""Texts to count tokens of: prose, code, JSON, Markdown tables, and Chinese, Japanese, Korean.

Prose and code are the project's own; the rest is made from a seed or was written for this. Each
kind is cut into pieces of the size that prompts and rows have.
"""

# ruff: noqa: RUF001 - commas of Chinese are not those of English
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_PIECES = 120


def texts() -> dict[str, list[str]]:
    """Return the texts of each kind."""
    return {
        "prose": _spread(list(_prose())),
        "code": _spread(list(_code())),
        "JSON": [_json(random.Random(seed)) for seed in range(_PIECES)],
        "Markdown tables": [_markdown_table(random.Random(seed)) for seed in range(_PIECES)],
        "CJK": [_cjk(random.Random(seed)) for seed in range(_PIECES)],
    }


def _spread(pieces: list[str]) -> list[str]:
    """Return some of the pieces, from the first to the last."""
    return pieces[:: max(1, len(pieces) // _PIECES)]


def _prose() -> Iterator[str]:
    """The paragraphs of the documentation, some in a row."""
    for page in sorted([*PROJECT.glob("docs/*.md"), PROJECT / "README.md"]):
        plain = _BLOCK.sub("", page.read_text("utf-8"))
        paragraphs = [each.strip() for each in plain.split("\n\n") if "|" not in each]
        words = [each for each in paragraphs if len(each) > 80 and not each.startswith("#")]
        for start in range(0, len(words), 3):
            yield "\n\n".join(words[start : start + 3])


def _code() -> Iterator[str]:
    """Some forty lines at a time of the project's own Python."""
    for folder in ("compiler", "runtime", "cli"):
        for module in sorted((PROJECT / folder).rglob("*.py")):
            lines = module.read_text("utf-8").splitlines()
            for start in range(0, len(lines) - 10, 40):
                yield "\n".join(lines[start : start + 40])


_WORDS = (  # noqa: SIM905 - a list of words reads better as text
    "welcome member thread summary question answer community update weekly channel event "
    "digest reader author story draft review tone friendly honest detail example reason plan "
    "project release feedback topic history photo music recipe garden travel science art river "
    "Florence Botticelli Primavera restoration pigment tempera workshop apprentice commission"
).split()


def _sentence(chance: random.Random, longest: int = 12) -> str:
    words = [chance.choice(_WORDS) for _ in range(chance.randint(2, longest))]
    return " ".join(words).capitalize() + chance.choice(".!?")


def _record(chance: random.Random) -> dict[str, object]:
    moment = f"2026-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}T09:30:00Z"
    return {
        "id": str(chance.randint(10**17, 10**18)),
        "title": _sentence(chance, 6),
        "body": _sentence(chance, 25),
        "rating": chance.randint(1, 5),
        "price": round(chance.uniform(0, 2000), 2),
        "created_at": moment,
        "tags": chance.sample(_WORDS, chance.randint(0, 4)),
        "approved": chance.random() < 0.5,
        "reviewer": None,
        "url": f"https://example.com/posts/{chance.randint(1, 99999)}?ref={chance.choice(_WORDS)}",
    }


def _json(chance: random.Random) -> str:
    records = [_record(chance) for _ in range(chance.randint(1, 8))]
    indent = chance.choice([None, 2])
    return json.dumps(records, indent=indent)


def _markdown_table(chance: random.Random) -> str:
    columns = chance.sample(list(_record(chance)), chance.randint(3, 7))
    lines = ["| " + " | ".join(columns) + " |", "| " + " | ".join("---" for _ in columns) + " |"]
    for _ in range(chance.randint(2, 15)):
        record = _record(chance)
        lines.append("| " + " | ".join(str(record[each]) for each in columns) + " |")
    return "\n".join(lines) + "\n"


_CHINESE = (
    "春天的早晨，画家推开窗户，看见院子里的橘树已经开满了花。",
    "他把昨天没有画完的草图放在桌上，重新调了一遍颜色。",
    "今天会有三位客人来看画，其中一位是从威尼斯来的商人。",
    "价格还没有谈好，不过大家都觉得这幅画值得等待。",
    "请用两三句话总结这篇文章的主要内容，并给出一个标题。",
    "如果数据库里没有新的记录，就不要发送任何消息。",
    "社区本周新增了一百二十八名成员，讨论最多的话题是园艺和摄影。",
    "我们需要在星期五之前完成测试，然后才能发布新的版本。",
    "服务器返回了错误，请稍后再试，或者联系管理员。",
    "这本书讲述了一个年轻学徒如何在佛罗伦萨学会绘画的故事。",
    "雨停了以后，河水慢慢退去，桥上又热闹起来。",
    "每一行都应当包含名称、日期和简短的说明。",
)
_JAPANESE = (
    "朝の光が工房の窓から差し込み、絵の具の匂いが静かに広がった。",
    "弟子たちは板を磨き、下塗りの準備を始めている。",
    "今日中に下絵を仕上げて、明日から色を入れる予定です。",
    "この記事を三行で要約し、読者への質問を一つ加えてください。",
    "新しいメンバーが参加したので、歓迎のメッセージを書きましょう。",
    "データベースに接続できないときは、設定ファイルを確認してください。",
    "橋のたもとの市場では、果物や布地が所狭しと並んでいた。",
    "彼女は手紙を読み終えると、しばらく黙って川を眺めていた。",
    "毎週金曜日に、一週間の活動をまとめて報告します。",
    "エラーが発生しました。もう一度お試しください。",
    "カメラの設定を変えるだけで、写真の印象は大きく変わります。",
    "その絵は完成までに二年かかったと言われている。",
)
_KOREAN = (
    "아침 햇살이 작업실 창문으로 들어오고 물감 냄새가 조용히 퍼졌다.",
    "제자들은 나무판을 다듬고 밑칠을 준비하고 있었다.",
    "이 글을 세 문장으로 요약하고 제목을 하나 붙여 주세요.",
    "새로운 회원이 들어왔으니 환영 인사를 작성해 봅시다.",
    "데이터베이스에 연결할 수 없으면 설정 파일을 확인하세요.",
    "다리 옆 시장에는 과일과 옷감이 가득 쌓여 있었다.",
    "그녀는 편지를 다 읽고 나서 한참 동안 강을 바라보았다.",
    "매주 금요일에 한 주의 활동을 정리해서 보고합니다.",
    "오류가 발생했습니다. 잠시 후 다시 시도해 주세요.",
    "그 그림을 완성하는 데 이 년이 걸렸다고 한다.",
    "정원에는 오렌지나무와 작은 분수가 있었다.",
    "각 줄에는 이름과 날짜와 짧은 설명이 들어가야 합니다.",
)


def _cjk(chance: random.Random) -> str:
    sentences = chance.choice((_CHINESE, _JAPANESE, _KOREAN))
    chosen = chance.sample(sentences, chance.randint(3, 9))
    return chance.choice(("", "\n")).join(chosen) if sentences is not _KOREAN else " ".join(chosen)
