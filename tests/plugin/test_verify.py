"""``verify``: what a stranger finds out about a pack, through the command alone."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_agentcore.report.data_pack import FILES
from tests.plugin.conftest import Say, contents


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


@pytest.mark.slow
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
