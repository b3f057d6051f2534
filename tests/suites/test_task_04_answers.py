"""What answer.txt of task 04 may say, and that the expected chain is the one that really runs."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentcore.domain.scenario import CANONICAL, Draw
from pytest_agentcore.errors import WrongAnswer

HERE = Path(__file__).parent
TASK = "task_04_trace_through_codebase"
ORDERS = ("A15", "A16", "A17", "A18")

TRACE = """
import runpy, sys
from pathlib import Path
source, order = Path(sys.argv[1]).resolve(), sys.argv[2]
hops = []
def seen(frame, event, argument):
    path = Path(frame.f_code.co_filename)
    if event == "call" and path.is_relative_to(source) and not frame.f_code.co_name.startswith("<"):
        hops.append(f"{path.relative_to(source).as_posix()}:{frame.f_code.co_name}")
sys.path.insert(0, str(source))
sys.argv = ["main.py", order]
sys.setprofile(seen)
runpy.run_path(str(source / "main.py"), run_name="__main__")
sys.setprofile(None)
print(*hops, sep="\\n")
"""


def blocks(name: str) -> dict[str, str]:
    """Answers of a corpus by their titles."""
    parts = (HERE / name).read_text().split("=== ")[1:]
    return {title: body.removesuffix("\n") for title, _, body in (part.partition("\n") for part in parts)}


RIGHT = blocks("task_04_answers_right.txt")
WRONG = blocks("task_04_answers_wrong.txt")


@pytest.fixture(scope="module")
def task(task_module: Callable[[str], ModuleType]) -> ModuleType:
    return task_module(TASK)


@pytest.fixture(scope="module")
def files(suite: Path) -> dict[str, str]:
    source = suite / TASK / "workspace" / "src"
    return {path.relative_to(source).as_posix(): path.read_text() for path in source.rglob("*.py")}


@pytest.fixture(scope="module")
def shop(task: ModuleType) -> Any:
    """The published scenario."""
    return drawn(task, CANONICAL)


def drawn(task: ModuleType, variant: str, run: int = 1) -> Any:
    return task.draw(Draw(variant=variant, suite_version="1.0.0", task=TASK, run=run))


@pytest.fixture(scope="module")
def judged(task: ModuleType, shop: Any, files: dict[str, str]) -> Callable[[str], None]:
    value, hops = task.expected_value(files, shop, "A17"), task.expected_hops(files)
    return lambda answer: task.judge(answer, value, hops)


@pytest.mark.parametrize("answer", RIGHT.values(), ids=RIGHT)
def test_a_right_chain_passes_in_many_voices(judged: Callable[[str], None], answer: str) -> None:
    judged(answer)


@pytest.mark.parametrize("title", WRONG)
def test_a_wrong_one_fails_with_its_detail(judged: Callable[[str], None], title: str) -> None:
    with pytest.raises(WrongAnswer) as wrong:
        judged(WRONG[title])

    assert wrong.value.detail == title.partition(":")[0]


@pytest.mark.parametrize("order", ORDERS)
def test_what_is_expected_is_what_really_happens(
    task: ModuleType, shop: Any, files: dict[str, str], suite: Path, order: str
) -> None:
    """The independent implementation agrees with the program as it runs under a profiler."""
    source = suite / TASK / "workspace" / "src"
    command = [sys.executable, "-BI", "-c", TRACE, str(source), order]
    printed, *hops = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    assert f"{task.expected_value(files, shop, order):,.2f}" == printed
    assert list(map(str, [task.MAIN, *task.expected_hops(files)])) == hops


def test_every_trap_leads_elsewhere(task: ModuleType, shop: Any, files: dict[str, str]) -> None:
    """Ignoring the region, or taking the dead module, gives another value; its names are those of the live one."""
    without = files | {"config.py": files["config.py"].replace('"DK": {"rebate": "2.00", "tax": "0.25"}', '"DK": {}')}
    hops = task.expected_hops(files)

    assert task.expected_value(files, shop, "A17") == Decimal("12.50") != task.expected_value(without, shop, "A17")
    assert {"apply", "rate"} <= {hop.function for hop in hops if hop.file == "tax.py"}
    assert "def apply" in files["legacy/tax.py"]
    assert len({hop.file for hop in hops}) == 3
    assert not [hop for hop in hops if hop.file in ("config.py", "legacy/tax.py")]


def walked(task: ModuleType, **modules: str) -> list[str]:
    files = {f"{name}.py": text for name, text in modules.items()}
    return [str(hop) for hop in task.expected_hops(files)]


def test_the_walk_takes_arguments_before_the_call(task: ModuleType) -> None:
    main = "import a\nfrom b import g as h\ndef main(x):\n    y = a.f(h(x), k=h)\n    return y\n"

    assert walked(task, main=main, a="def f(x, k): return k(x)", b="def g(x): return x") == ["b.py:g", "a.py:f"]


def test_the_walk_follows_modules_by_their_aliases(task: ModuleType) -> None:
    main = "import a as c, os\nimport b\ndef main(x):\n    c.f(b.g(x)); os.g(x); x.f(); x.y.f(); print(len(x))\n"

    assert walked(task, main=main, a="def f(x): pass", b="def g(x): return x") == ["b.py:g", "a.py:f"]


@pytest.mark.parametrize(
    "body",
    ["return a.f() if x else 0", "[a.f() for _ in x]", "for _ in x:\n        a.f()", "x or a.f()", "lambda: a.f()"],
)
def test_the_walk_refuses_to_decide(task: ModuleType, body: str) -> None:
    with pytest.raises(ValueError, match="branch or loop"):
        walked(task, main=f"import a\ndef main(x):\n    {body}\n", a="def f(): pass")


@given(text=st.text(max_size=300))
def test_any_text_is_judged(judged: Callable[[str], None], text: str) -> None:
    with pytest.raises(WrongAnswer):
        judged(text)


@pytest.mark.parametrize(
    "unit", ["a.", "a/", "(", "-> ", "pricing.py:quote ", "1. ", "f(", "not ", "a.py", ", ", "|x", "-", "f(a)", ">"]
)
def test_a_long_answer_is_judged_in_bounded_time(task: ModuleType, judged: Callable[[str], None], unit: str) -> None:
    start = time.process_time()
    for length in (task.LONGEST - 10, 64 * 1024 - 10):
        with pytest.raises(WrongAnswer):
            judged("12.50\n" + (unit * length)[:length])

    assert time.process_time() - start < 2


def sources_of(scenario: Any) -> dict[str, str]:
    return {path.removeprefix("src/"): text for path, text in scenario.files().items()}


@pytest.mark.parametrize("run", [1, 2, 3])
def test_what_was_planted_is_what_the_sources_say(task: ModuleType, run: int) -> None:
    """The checker's own reading of every drawn shop gives the planted value and calls; no trap leads to them."""
    for seed in range(1, 68):
        scenario = drawn(task, str(seed), run)
        files = sources_of(scenario)
        value = task.expected_value(files, scenario, scenario.order_id)

        assert f"{value:,.2f}" == scenario.value
        assert re.fullmatch(r"\d+\.[1-9]0", scenario.value)
        assert list(map(str, task.expected_hops(files))) == list(scenario.hops)
        assert len(set(scenario.hops)) == len(scenario.hops) == 7
        wrong = {scenario.by_default, scenario.by_default_rebate, scenario.by_dead_module, f"1{scenario.value}"}
        assert len({scenario.value, *wrong}) == 5
        assert scenario.by_alias not in scenario.hops
        assert set(scenario.dead_twins) < set(scenario.hops)
        assert scenario.dead_file in files
        assert not [text for text in files.values() if f"from {scenario.names['old']}" in text]


@pytest.mark.parametrize("seed", ["1", "4", "7", "11", "12", "20"])
def test_a_drawn_shop_really_prints_and_calls_that(task: ModuleType, tmp_path: Path, seed: str) -> None:
    """As it runs under a profiler, for all its orders."""
    scenario = drawn(task, seed)
    for path, text in scenario.files().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    for order in scenario.orders:
        command = [sys.executable, "-BI", "-c", TRACE, str(tmp_path / "src"), order]
        printed, *hops = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        assert f"{task.expected_value(sources_of(scenario), scenario, order):,.2f}" == printed
        assert hops == ["main.py:main", *scenario.hops]


def in_the_words_of(scenario: Any, published: Any, answer: str) -> str:
    """An answer about the published shop as one about a drawn shop with the same order of calls."""
    words = {
        published.names[name]: scenario.names[name] for name in published.names if name not in ("rebate", "vat", "duty")
    }
    words |= {published.order_id: scenario.order_id, "DK": scenario.order.region}
    answer = answer.replace("12.50", scenario.value).replace("12.5", scenario.value[:-1])
    answer = answer.replace("12,50", scenario.value.replace(".", ","))
    return re.sub(rf"\b(?:{'|'.join(words)})\b", lambda found: words[found.group()], answer)


def test_right_answers_are_right_in_other_words(task: ModuleType, shop: Any) -> None:
    """The corpus of right answers, translated into drawn shops whose calls have the published order."""
    alike = [scenario for seed in range(1, 40) if not (scenario := drawn(task, str(seed))).net_is_given][:8]
    for scenario in alike:
        files = sources_of(scenario)
        value, hops = task.expected_value(files, scenario, scenario.order_id), task.expected_hops(files)
        for title, answer in RIGHT.items():
            try:
                task.judge(in_the_words_of(scenario, shop, answer), value, hops)
            except WrongAnswer as wrong:
                raise AssertionError(f"{title}: {wrong}") from wrong
