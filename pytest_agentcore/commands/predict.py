"""``pytest-agentcore predict``: write down what a campaign will show, before it runs, and score it after."""

from __future__ import annotations

import argparse
from pathlib import Path

from pytest_agentcore.commands.campaigns import add_campaigns, add_min_coverage, campaign_folders
from pytest_agentcore.commands.output import ascii_only, deliver, json_text
from pytest_agentcore.errors import ConfigError

SUMMARY = "register predictions before a campaign, and score them after it"


def add(parser: argparse.ArgumentParser) -> None:
    """Three steps, each a subcommand."""
    steps = parser.add_subparsers(title="steps", dest="step", required=True)
    new = steps.add_parser("new", help="print a prediction to fill in")
    new.add_argument("--suite", default="agentic_core_v1")
    new.add_argument("--model", default="provider/MODEL")
    new.add_argument("--author", default="unknown")
    new.add_argument("--title", default="untitled")
    new.add_argument("--output", metavar="FILE", help="write to this file in place of standard output")
    register = steps.add_parser("register", help="keep a prediction with its digest and the time")
    register.add_argument("file", help="YAML, see: pytest-agentcore predict new")
    register.add_argument("--agent-dir", default=".agentcore", metavar="DIR", help="where campaigns are kept")
    score = steps.add_parser("score", help="hold registered predictions against campaigns")
    add_campaigns(score)
    add_min_coverage(score)
    score.add_argument("--format", choices=("text", "md", "json"), default="text", help="default: text")
    score.add_argument("--output", metavar="FILE", help="write to this file in place of standard output")


def run(options: argparse.Namespace) -> int:
    """Do the step; a prediction that missed is no failure, so the status is 0."""
    steps = {"new": _new, "register": _register, "score": _score}
    deliver(steps[options.step](options), getattr(options, "output", None))
    return 0


def _new(options: argparse.Namespace) -> str:
    from json import dumps

    from pytest_agentcore.report.prediction_file import ABOUT, TEMPLATE

    # Text in JSON's quotes is text in YAML, whatever it holds.
    quoted = {name: dumps(getattr(options, name)) for name in ("title", "author", "suite", "model")}
    return TEMPLATE.format(about=", ".join(ABOUT), **quoted).removesuffix("\n")


def _register(options: argparse.Namespace) -> str:
    from pytest_agentcore.report.prediction_file import read_prediction
    from pytest_agentcore.report.prediction_report import matches
    from pytest_agentcore.store.campaign import read_record
    from pytest_agentcore.store.predictions import register

    path, directory = Path(options.file), Path(options.agent_dir)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{options.file!r} cannot be read: {error.strerror}") from None
    prediction = read_prediction(data, str(path))
    folders = sorted(manifest.parent for manifest in (directory / "campaigns").glob("*/manifest.json"))
    existed = [folder.name for folder in folders if matches(prediction, read_record(folder).identity)]
    kept = register(directory, data, existed=existed)
    told = [f"registered {kept.name} at {kept.registered_at}", f"sha256 {kept.sha256}"]
    if kept.existed:
        told.append(f"late for campaigns of this that exist already: {', '.join(kept.existed)}")
    return "\n".join([*told, "publish the digest where others can see its date: this machine's clock proves nothing"])


def _score(options: argparse.Namespace) -> str:
    from pytest_agentcore.report import prediction_report
    from pytest_agentcore.report.rollup import summarise
    from pytest_agentcore.store.campaign import read_record

    directory = Path(options.agent_dir)
    records = [read_record(folder) for folder in campaign_folders(directory, options.campaign)]
    found = [
        (record, prediction_report.scored(directory, record, summarise(record, min_coverage=options.min_coverage)))
        for record in records
    ]
    if options.format == "json":
        return json_text(prediction_report.document(found))
    if options.format == "md":
        return "\n\n".join("\n".join(prediction_report.markdown_lines(record, all_)) for record, all_ in found)
    plain = options.output is None and ascii_only()
    return "\n\n".join(
        "\n".join(prediction_report.text_lines(record, all_, ascii_only=plain)) for record, all_ in found
    )
