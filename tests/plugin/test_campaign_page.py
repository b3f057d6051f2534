"""``pytest-agentcore report --html``: one file a campaign, that says what the report says and obeys nobody."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from pytest_agentcore.domain.evidence import Examined, Finding, Output
from pytest_agentcore.domain.outcome import Outcome, RunKey
from pytest_agentcore.scoring.evidence import BUILT_IN, versions
from pytest_agentcore.store import codec
from pytest_agentcore.store.rollouts import attempt_folder
from tests.plugin.claims import B20, PREDICTED, Command, command, passes
from tests.unit.stored_campaign import OSS_20B, TASKS, infra, store

assert command

EVIL = 'x/a,"b"\n<script>alert(1)</script><img src=x onerror=alert(2)>🙂\x1b[2J\u202e'


class Page(HTMLParser):
    """What a browser would show, load or run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in {"src", "href"} or name.startswith("on")]
        if tag not in {"meta", "wbr"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, self.getpos()
        self.text += " " if tag in {"dt", "dd", "td", "th", "p", "h1"} else ""

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


def page(command: Command, folder: Path, *arguments: str) -> Page:
    target = command.directory.parent / "page.html"
    told = command.on("report --html", target, folder, *arguments)
    assert (told.status, told.out) == (0, ""), told.err
    read = Page(target.read_text())
    assert read.open == []
    read.text = " ".join(read.text.split())
    return read


def test_a_page_says_what_the_report_says(command: Command) -> None:
    folder = store(command.directory, B20, OSS_20B)
    (command.directory.parent / "p.yaml").write_text(PREDICTED)
    command.on("predict register", command.directory.parent / "p.yaml")
    text = page(command, folder).text

    for shown in (
        "GPT-OSS 20B agentic_core_v1@1.0.0, 2026-05-20",
        "score 25/30 83.3 % of the valid runs passed",
        "56.4–95.1 %",
        "Wilson, were runs independent: 66.4–92.7 %",
        "42 points",
        "a passing run $0.000481 95 % over tasks like these: $0.000",
        "task_03_investigate_log ✓✗✗ 1/3 wrong_answer/wrong_value ×2",
        "wrong_answer/wrong_value 5 task_03_investigate_log ×2, task_04_trace_through_codebase ×1",
        "run 2: failed wrong_answer/wrong_value 5 turns, 7 tool calls; 10,000 tokens in, 700 out",
        "No trajectory of this campaign is stored, so none was examined.",
        "LATE: the campaign had begun when it was registered",
        "0 of 4 hit; 3 above the range; +5 against the point estimate",
        f"pytest-agentcore verify {folder.name}",
    ):
        assert shown in text, shown


def test_what_is_missing_is_said(command: Command) -> None:
    def edit(outcome: Outcome) -> Outcome | None:
        return {1: outcome, 2: infra(outcome), 3: None}[outcome.key.run]

    text = page(command, store(command.directory, "scripted/x", (1,) * 10, edit=edit, total_usd=None)).text

    assert "A script was replayed: no model was asked." in text
    assert "Not to be ranked: 10 of 30 runs are valid, so the score lies between 10 and 30." in text
    assert "cost unknown the price of a model call is not known" in text
    assert "✓I·" in text


def test_hostile_text_is_shown_and_does_nothing(command: Command) -> None:
    """Of the model, the harness, a message, a finding, a file: nothing becomes markup, nothing is loaded."""

    def edit(outcome: Outcome) -> Outcome:
        return replace(outcome, message=EVIL, stop_reason=EVIL)

    folder = store(command.directory, EVIL, passes(3), edit=edit, manifest={"harness": EVIL, "agent": EVIL})
    at = RunKey(task=TASKS[0], model=EVIL, run=1)
    examined = Examined(
        findings=(Finding(pattern="tool_call_redundancy", turns=(1,), quote=EVIL),),
        final_message=EVIL,
        outputs=(Output(path=EVIL, change="added", size=3, excerpt=EVIL),),
    )
    place = attempt_folder(folder, at, 1)
    place.mkdir(parents=True, exist_ok=True)
    (place / "evidence.json").write_text(codec.dumps(codec.encode(replace(examined, detectors=versions(BUILT_IN)))))
    shown = page(command, folder)

    assert not {"script", "img", "link", "iframe", "object", "a"} & set(shown.tags)
    assert shown.loads == []
    assert shown.text.count("<script>alert(1)</script>") >= 6
    assert not set("\x1b\u202e") & set(shown.text)


def test_equal_campaigns_give_equal_pages(command: Command, tmp_path: Path) -> None:
    texts = []
    for home in ("one", "two"):
        folder = store(tmp_path / home, B20, OSS_20B)
        target = tmp_path / f"{home}.html"
        assert command("report", "--html", target, folder, "--agent-dir", tmp_path / home).status == 0
        texts.append(target.read_bytes())

    assert texts[0] == texts[1]
