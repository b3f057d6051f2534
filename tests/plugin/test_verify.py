"""``verify``, ``rescore`` and ``merge``: what a stranger finds out about a campaign, through the commands alone."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from pytest_agentcore.cli import main
from pytest_agentcore.report.data_pack import FILES
from tests.conftest import Benchmark

Say = Callable[..., tuple[int, str]]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Exit status and output of a subcommand."""

    def run(*arguments: str | Path) -> tuple[int, str]:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        shown = capsys.readouterr()
        return status, shown.out + shown.err

    return run


@pytest.fixture(scope="module")
def made() -> Iterator[dict[str, Path]]:
    """Campaigns that were made once and are copied for each test."""
    with tempfile.TemporaryDirectory() as folder:
        yield {"home": Path(folder)}


def copied(benchmark: Benchmark, made: dict[str, Path], name: str, *arguments: str) -> Path:
    """The campaign that a session with these arguments makes, in an agent folder of that name."""
    home = benchmark.root / name
    if name not in made:
        benchmark.run("suite", "--agent-model=scripted/reference", f"--agent-dir={name}", "-pno:xdist", *arguments)
        made[name] = Path(shutil.copytree(home, made["home"] / name))
    else:
        shutil.copytree(made[name], home)
    return next(path.parent for path in (home / "campaigns").glob("*/manifest.json"))


@pytest.fixture
def campaign(benchmark: Benchmark, made: dict[str, Path]) -> Path:
    """Two tasks, two runs each, all passed."""
    return copied(benchmark, made, "all")


def contents(folder: Path) -> Mapping[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def resealed(pack: Path) -> None:
    """Checksums that fit what is there now: the forger's part."""
    files = sorted(path for path in pack.iterdir() if path.name != "CHECKSUMS")
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (pack / "CHECKSUMS").write_text("".join(lines))


def test_a_pack_holds_what_it_says(campaign: Path, say: Say) -> None:
    """Bytes, sums, record and verdicts, and nothing of the campaign is written."""
    before = contents(campaign)
    status, shown = say("verify", campaign / "data_pack", "--suite", "suite")

    assert status == 0, shown
    assert [line.split()[:2] for line in shown.splitlines()[1:]] == [
        ["ok", "checksums"],
        ["ok", "figures"],
        ["ok", "record"],
        ["ok", "verdicts"],
    ]
    assert "4 rollouts judged again" in shown
    assert contents(campaign) == before


PREDICTED = "campaign: {suite: small, model: scripted/reference}\npredictions: {P1: total > 0}\n"
PLACES = (0.0, 0.1, 0.37, 0.5, 0.73, 0.9, 1.0)


@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80])
def test_one_byte_of_any_file_is_noticed(campaign: Path, say: Say, flip: int) -> None:
    """Every file that lies in the pack is named when a byte of it changes, wherever the byte stands.

    Also the list of checksums, and the scoring of predictions, which few packs have.
    """
    (campaign / "prediction.yaml").write_text(PREDICTED)
    home = campaign.parent.parent
    assert say("predict", "register", campaign / "prediction.yaml", "--agent-dir", home)[0] == 0
    assert say("report", "--pack", campaign, "--agent-dir", home)[0] == 0
    pack = campaign / "data_pack"
    names = sorted(path.name for path in pack.iterdir())
    assert set(names) == {*FILES, "predictions_scoring.json"}
    assert say("verify", campaign, "--no-rescore")[0] == 0

    for name in names:
        data = (pack / name).read_bytes()
        for place in sorted({round(share * (len(data) - 1)) for share in PLACES}):
            changed = bytearray(data)
            changed[place] ^= flip
            (pack / name).write_bytes(changed)
            status, shown = say("verify", campaign, "--no-rescore")
            assert (status, name in shown, "Traceback" in shown) == (1, True, False), (name, place, shown)
        (pack / name).write_bytes(data)
    assert say("verify", campaign, "--no-rescore")[0] == 0


def test_the_exit_status_of_a_changed_pack(campaign: Path) -> None:
    """As a person gets it, from a process of its own."""
    path = campaign / "data_pack" / "run_metrics.csv"
    command = [sys.executable, "-m", "pytest_agentcore", "verify", str(campaign), "--no-rescore"]
    sound = subprocess.run(command, check=False, capture_output=True, text=True)
    path.write_bytes(path.read_bytes()[:-1] + b" ")
    changed = subprocess.run(command, check=False, capture_output=True, text=True)

    assert (sound.returncode, changed.returncode) == (0, 1)
    assert "run_metrics.csv does not fit CHECKSUMS" in changed.stdout
    assert changed.stderr == ""


@pytest.mark.parametrize("name", [name for name in FILES if name != "CHECKSUMS"])
def test_a_missing_file_is_named(campaign: Path, say: Say, name: str) -> None:
    (campaign / "data_pack" / name).unlink()

    status, shown = say("verify", campaign, "--no-rescore")

    assert status == 1
    assert f"{name} is missing" in shown


def test_a_total_that_is_not_the_sum_of_its_runs_is_noticed(campaign: Path, say: Say) -> None:
    """With checksums that fit: the figures are added up again from the pack's own runs."""
    pack = campaign / "data_pack"
    path = pack / "run_summary.json"
    path.write_text(path.read_text().replace('"passed": 4', '"passed": 3'))
    resealed(pack)
    alone = campaign.parent.parent / "alone"
    shutil.copytree(pack, alone)

    status, shown = say("verify", alone)

    assert status == 1
    assert "run_summary.json: passed is 3, its runs give 4" in shown
    assert "not compared: the pack does not lie in its campaign's folder" in shown


def test_a_pack_that_agrees_with_itself_and_not_with_the_record_is_noticed(campaign: Path, say: Say) -> None:
    """A whole pack of other runs in place of the campaign's own."""
    path = campaign / "journal.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if '"kind":"concluded"' not in line or "greet" not in line))

    status, shown = say("verify", campaign, "--no-rescore")

    assert status == 1
    assert "ok      figures" in shown
    assert "run_summary.json: coverage is 1.0, the record gives 0.5" in shown


def test_a_cut_journal_is_told(campaign: Path, say: Say) -> None:
    """What the line would have said is lost, and the pack still says it."""
    path = campaign / "journal.jsonl"
    path.write_bytes(path.read_bytes()[:-40])

    status, shown = say("verify", campaign, "--no-rescore")

    assert status == 1
    assert "the last line of journal.jsonl is cut: what it said is lost" in shown


def test_a_forged_verdict_is_noticed(campaign: Path, say: Say) -> None:
    """Pack, checksums and journal all say that a run failed; its workspace says that it passed."""
    path = campaign / "journal.jsonl"
    forged = []
    for line in path.read_text().splitlines():
        record = json.loads(line)
        if record["kind"] == "concluded" and record["key"][0].endswith("greet"):
            record["outcome"] |= {
                "passed": False,
                "cause": "model",
                "failure_mode": "wrong_answer",
                "detail": "wrong_value",
            }
        forged.append(json.dumps(record, sort_keys=True, separators=(",", ":")))
    path.write_text("\n".join(forged) + "\n")
    from pytest_agentcore.report import data_pack, data_pack_evidence, rollup
    from pytest_agentcore.store.campaign import read_record

    record = read_record(campaign)
    data_pack.write_pack(
        campaign / "data_pack", record, rollup.summarise(record), data_pack_evidence.gather(campaign, record)
    )

    status, shown = say("verify", campaign, "--suite", "suite")

    assert status == 1
    assert "ok      record" in shown
    assert "task_greet-run1: was wrong_answer/wrong_value, is passed" in shown


def test_a_stranger_may_lack_the_suite(campaign: Path, say: Say) -> None:
    """Said, and no failure of the pack."""
    status, shown = say("verify", campaign)

    assert status == 0
    assert "not judged again: suite 'small' is not at hand; name its folder with --suite" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("verify", "nothing"),
            "'nothing' is neither a data pack nor a campaign with one; name a folder that holds CHECKSUMS",
        ),
        (("verify", "{campaign}", "--suite", "none"), "--suite='none': there is no such folder; name the suite's"),
        (("rescore", "nothing"), "is no campaign; name one of those in"),
        (("rescore", "{campaign}"), "is not at hand; name its folder with --suite"),
        (("merge", "{campaign}", "-o", "whole"), "alone is nothing to merge; name another campaign"),
        (("merge", "{campaign}", "{campaign}", "-o", "whole"), "alone is nothing to merge; name another campaign"),
        (
            ("report", "--against", "{campaign}"),
            "--against and --output belong to --article; add it, or leave them out",
        ),
    ],
)
def test_refusals_are_one_line(campaign: Path, say: Say, arguments: tuple[str, ...], message: str) -> None:
    status, shown = say(*(argument.format(campaign=campaign) for argument in arguments))

    assert status == 2
    assert message in shown.splitlines()[-1]
    assert "Traceback" not in shown


# Rescoring


def loosened(benchmark: Benchmark) -> None:
    """Another checker: it wants another greeting."""
    path = benchmark.root / "suite" / "task_greet" / "test_greet.py"
    path.write_text(path.read_text().replace('== "Hello, Ada!"', '== "Goodbye, Ada!"'))


def test_todays_checker_over_stored_runs(benchmark: Benchmark, campaign: Path, say: Say) -> None:
    """What changes is shown; the campaign and its pack stay as they are."""
    loosened(benchmark)
    before = contents(campaign)
    status, shown = say("rescore", campaign, "--suite", "suite")

    assert status == 1
    assert "task_greet-run1: was passed, is wrong_answer/wrong_value" in shown
    assert "task_greet: another version of the task than was run" in shown
    assert "score 4/4, now 2/4; 2 runs judged otherwise" in shown
    assert contents(campaign) == before


def test_rescoring_can_be_written_beside_the_old_pack(benchmark: Benchmark, campaign: Path, say: Say) -> None:
    """A new pack, sound in itself, that says by whom it was judged."""
    loosened(benchmark)
    old = contents(campaign / "data_pack")
    say("rescore", campaign, "--suite", "suite", "--write")
    pack = campaign / "data_pack-rescored-1"

    summary = json.loads((pack / "run_summary.json").read_text())
    assert (summary["score"], summary["planned"]) == (2, 4)
    assert json.loads((pack / "manifest.json").read_text())["rescored"]["judged_again"] == 4
    assert contents(campaign / "data_pack") == old
    status, shown = say("verify", pack, "--suite", "suite")
    assert status == 0, shown
    assert "4 rollouts judged again" in shown
    say("rescore", campaign, "--suite", "suite", "--write")
    assert (campaign / "data_pack-rescored-2").is_dir()


def test_a_checker_that_breaks_leaves_no_score(benchmark: Benchmark, campaign: Path, say: Say) -> None:
    path = benchmark.root / "suite" / "task_greet" / "test_greet.py"
    path.write_text(path.read_text().replace("    assert run.work", "    run.nonsense\n    assert run.work"))

    status, shown = say("rescore", campaign, "--suite", "suite")

    assert status == 1
    assert "is checker/AttributeError" in shown
    assert "score 4/4, now none" in shown


def test_runs_of_other_files_are_not_judged(benchmark: Benchmark, campaign: Path, say: Say) -> None:
    """What agents are given today is not what the stored run was given."""
    path = benchmark.root / "suite" / "task_greet" / "test_greet.py"
    path.write_text(path.read_text().replace("Ada\\n", "Bob\\n"))

    status, shown = say("rescore", campaign, "--suite", "suite")

    assert status == 0
    assert "not judged again, 2 ×: today's task gives its agents other files: name.txt" in shown
    assert "2 of 4 runs judged again" in shown


def test_a_suite_that_cannot_be_collected_is_told(benchmark: Benchmark, campaign: Path, say: Say) -> None:
    (benchmark.root / "suite" / "task_greet" / "test_greet.py").write_text("import nonsense_that_is_nowhere\n")

    status, shown = say("rescore", campaign, "--suite", "suite")

    assert status == 2
    assert "could not be judged again: suite/task_greet/test_greet.py cannot be collected: ModuleNotFoundError" in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--agent-model=scripted/reference",), "--agent-rescore asks no model: leave --agent-model out"),
        (("-n2",), "--agent-rescore judges in one process; leave -n out"),
    ],
)
def test_a_rescoring_session_refuses_what_it_cannot_do(
    benchmark: Benchmark, campaign: Path, more: tuple[str, ...], message: str
) -> None:
    result = benchmark.run("suite", f"--agent-rescore={campaign}", *more)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in result.stderr.str()


def test_a_rescoring_session_needs_a_campaign(benchmark: Benchmark) -> None:
    result = benchmark.run_here("suite", "--agent-rescore=nowhere")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert (
        "--agent-rescore=nowhere: must be a campaign's folder; there is no manifest.json in it" in result.stderr.str()
    )


# Merging


@pytest.fixture
def shards(benchmark: Benchmark, made: dict[str, Path]) -> list[Path]:
    """The two tasks of one campaign, made on two machines."""
    return [copied(benchmark, made, task, "-k", task) for task in ("greet", "count")]


def test_shards_become_one_campaign(shards: list[Path], say: Say, tmp_path: Path) -> None:
    """Whatever their order, byte for byte; and the whole can be verified like any campaign."""
    one, two = tmp_path / "one", tmp_path / "two"
    status, shown = say("merge", *shards, "-o", one)
    say("merge", *shards[::-1], "-o", two)

    assert status == 0
    assert "2 campaigns, 4 runs, 4 attempts" in shown
    assert "score 4/4 of 4 planned runs" in shown
    ours, theirs = contents(one), contents(two)
    clock = {"data_pack/run_timing.csv", "data_pack/CHECKSUMS"}  # they hold the folder's name
    assert {name for name in ours if ours[name] != theirs[name]} == clock
    assert say("verify", one, "--suite", "suite")[0] == 0


def test_a_hole_is_refused(benchmark: Benchmark, made: dict[str, Path], shards: list[Path], say: Say) -> None:
    """A shard with one run more leaves the other tasks without it."""
    more = copied(benchmark, made, "more", "-k", "count", "--agent-runs=3")

    status, shown = say("merge", shards[0], more, "-o", "whole")
    assert status == 2
    assert "1 runs are missing: task_greet-run3; add the campaign that holds them, or --allow-holes" in shown
    assert say("merge", shards[0], more, "-o", "whole", "--allow-holes")[0] == 0


def test_an_unfinished_shard_is_refused(shards: list[Path], say: Say) -> None:
    path = shards[0] / "journal.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if '"kind":"concluded"' not in line))

    status, shown = say("merge", *shards, "-o", "whole")

    assert status == 2
    assert "2 runs are missing: task_greet-run1, task_greet-run2" in shown
    assert not (Path(".agentcore") / "campaigns" / "whole").exists()


def test_runs_made_twice_are_counted_once(
    benchmark: Benchmark, made: dict[str, Path], shards: list[Path], say: Say, tmp_path: Path
) -> None:
    """A copy of a shard adds nothing; another session over the same runs is kept and does not count."""
    copy = tmp_path / "copy"
    shutil.copytree(shards[0], copy)
    again = copied(benchmark, made, "again", "-k", "greet")

    status, shown = say("merge", *shards, copy, again, "-o", tmp_path / "whole")

    assert status == 0
    assert "4 campaigns, 4 runs, 6 attempts" in shown
    assert "2 attempts were in several of them, and are here once" in shown
    assert "2 runs had been concluded twice: the first counts, the others are superseded" in shown
    summary = json.loads((tmp_path / "whole" / "data_pack" / "run_summary.json").read_text())
    assert (summary["score"], summary["n_superseded_attempts"]) == (4, 2)
    assert say("verify", tmp_path / "whole", "--suite", "suite")[0] == 0


def test_different_measurements_are_not_merged(
    benchmark: Benchmark, made: dict[str, Path], shards: list[Path], say: Say
) -> None:
    """The difference is named."""
    other = copied(benchmark, made, "warm", "-k", "count", "--agent-model-arg=temperature=0")

    status, shown = say("merge", shards[0], other, "-o", "whole")

    assert status == 2
    assert "are different measurements: parameters {} and {'temperature': 0}; compare them" in shown


def test_different_digests_of_a_task_are_not_merged(
    benchmark: Benchmark, made: dict[str, Path], shards: list[Path], say: Say
) -> None:
    loosened(benchmark)
    other = copied(benchmark, made, "loose", "-k", "greet")

    status, shown = say("merge", *shards, other, "-o", "whole")

    assert status == 2
    assert "task_greet is not the same task in" in shown
    assert "results of different digests never mix" in shown


def test_a_folder_that_is_there_is_not_overwritten(shards: list[Path], say: Say, tmp_path: Path) -> None:
    status, shown = say("merge", *shards, "-o", tmp_path)

    assert status == 2
    assert "is there already; name a new folder" in shown
