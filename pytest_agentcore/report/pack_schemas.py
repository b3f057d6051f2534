"""The JSON Schemas of a data pack's documents, and of predictions, as they ship with the package."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

DOCUMENTS = ("run_summary", "per_task_results", "evidence_index", "evidence_patterns")
"""Each describes the file of its name with ``.json``, which is in every pack."""
PREDICTIONS = ("prediction", "predictions_scoring")
"""What an author writes before a campaign, and what a pack holds of it afterwards."""


def schema(document: str) -> dict[str, Any]:
    """The schema (draft 2020-12) of one of :data:`DOCUMENTS` or :data:`PREDICTIONS`."""
    path = files("pytest_agentcore.report") / "schemas" / f"{document}.schema.json"
    data: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return data
