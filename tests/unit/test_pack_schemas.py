"""The published schemas say what packs look like, no more and no less."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_agentcore.report.data_pack import RENDERED, write_pack
from pytest_agentcore.report.data_pack_rows import SCHEMA_VERSION
from pytest_agentcore.report.pack_schemas import DOCUMENTS, schema
from pytest_agentcore.report.rollup import summarise
from tests.unit.test_data_pack_reading import CAMPAIGNS, EXAMINED


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("name", CAMPAIGNS)
def test_every_pack_fits_its_schemas(document: str, name: str, tmp_path: Path) -> None:
    campaign = replace(CAMPAIGNS[name], digests={})
    examined = dict.fromkeys(list(campaign.outcomes)[1:], EXAMINED)
    write_pack(tmp_path, campaign, summarise(campaign), examined)

    jsonschema.validate(json.loads((tmp_path / f"{document}.json").read_text()), schema(document))


@pytest.mark.parametrize("document", DOCUMENTS)
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
