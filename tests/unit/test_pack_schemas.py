"""The published schemas say what packs look like, no more and no less."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from pytest_agentcore.errors import ConfigError
from pytest_agentcore.report import pack_schemas, prediction_report
from pytest_agentcore.report.data_pack import RENDERED, write_pack
from pytest_agentcore.report.data_pack_rows import SCHEMA_VERSION
from pytest_agentcore.report.pack_schemas import DOCUMENTS, PREDICTIONS, schema
from pytest_agentcore.report.prediction_file import TEMPLATE, read_prediction
from pytest_agentcore.report.rollup import summarise
from pytest_agentcore.store.predictions import register
from tests.unit.test_data_pack_reading import CAMPAIGNS, EXAMINED


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("name", CAMPAIGNS)
def test_every_pack_fits_its_schemas(document: str, name: str, tmp_path: Path) -> None:
    campaign = replace(CAMPAIGNS[name], digests={})
    examined = dict.fromkeys(list(campaign.outcomes)[1:], EXAMINED)
    write_pack(tmp_path, campaign, summarise(campaign), examined)

    jsonschema.validate(json.loads((tmp_path / f"{document}.json").read_text()), schema(document))


@pytest.mark.parametrize("document", [*DOCUMENTS, "predictions_scoring"])
def test_schemas_are_sound_and_strict(document: str) -> None:
    """A field that nobody described is refused, and so is another version."""
    described = schema(document)
    jsonschema.Draft202012Validator.check_schema(described)

    assert described["properties"]["schema_version"] == {"const": SCHEMA_VERSION}
    assert all(part.get("additionalProperties") is not True for part in objects(described))


def objects(part: Any) -> list[Mapping[str, Any]]:
    """Every schema of an object inside a schema."""
    if isinstance(part, dict):
        own = [part] if part.get("type") == "object" else []
        return [*own, *(found for value in part.values() for found in objects(value))]
    return [found for value in part for found in objects(value)] if isinstance(part, list) else []


def test_every_document_but_the_manifest_has_a_schema() -> None:
    """A manifest's parts are the session's; it has a format number of its own."""
    assert {f"{document}.json" for document in DOCUMENTS} == {
        name for name in RENDERED if name.endswith(".json") and name != "manifest.json"
    }


def test_all_schemas_that_ship_are_named() -> None:
    folder = Path(pack_schemas.__file__).with_name("schemas")

    assert {f"{name}.schema.json" for name in (*DOCUMENTS, *PREDICTIONS)} == {path.name for path in folder.iterdir()}


GOOD: dict[str, Any] = {
    "title": "t",
    "author": "a",
    "campaign": {"suite": "s", "model": "x/m"},
    "headline": {"range": [18, 22], "point": 20, "probability": 0.6},
    "predictions": {"P1": "task_09 <= 0", "P2": {"says": "w", "holds": "total < 20", "probability": 0.3}},
}


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({}, True),
        ({"headline": None}, True),
        ({"predictions": {}}, True),
        ({"author": 7}, True),
        ({"campaign": {"suite": "s", "model": "x/m", "profile": "3x"}}, True),
        ({"campaign": {"suite": "s"}}, False),
        ({"campaign": {"suite": "s", "model": "x/m", "modle": "y"}}, False),
        ({"campaign": []}, False),
        ({"headline": {"range": [18]}}, False),
        ({"headline": {"range": [18.5, 22]}}, False),
        ({"headline": {"range": [-1, 22]}}, False),
        ({"headline": {"point": 20}}, False),
        ({"headline": {"range": [1, 2], "probability": 1}}, False),
        ({"headline": {"range": [1, 2], "odds": 1}}, False),
        ({"predictions": {"P1": {"says": "no statement"}}}, False),
        ({"predictions": {"P1": 3}}, False),
        ({"predictions": {"P1": "x" * 501}}, False),
        ({"predictions": {"headline": "total > 1"}}, False),
        ({"predictions": []}, False),
        ({"autor": "a"}, False),
        ({"title": None}, False),
    ],
)
def test_the_schema_of_a_prediction_says_what_is_registered(change: dict[str, Any], good: bool) -> None:
    """An editor that knows the schema and the command that registers say the same."""
    data = {**GOOD, **change}
    fits = jsonschema.Draft202012Validator(schema("prediction")).is_valid(data)
    try:
        read_prediction(json.dumps(data).encode(), "it")
        accepted = True
    except ConfigError:
        accepted = False

    assert (fits, accepted) == (good, good)


def test_a_template_and_a_scoring_fit_their_schemas(tmp_path: Path) -> None:
    """What the commands themselves write."""
    campaign = CAMPAIGNS["published"]
    suite, model = campaign.identity.suite, campaign.identity.model
    text = TEMPLATE.format(about="suite", title='"t"', author='"a"', suite=json.dumps(suite), model=json.dumps(model))
    jsonschema.validate(yaml.safe_load(text), schema("prediction"))
    register(tmp_path, text.encode(), existed=())
    scored = prediction_report.scored(tmp_path, campaign, summarise(campaign))

    assert len(scored) == 1
    jsonschema.validate(prediction_report.document([(campaign, scored)]), schema("predictions_scoring"))
