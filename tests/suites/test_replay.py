"""Every solution of every shipped task, run through the plugin: the verdict is the one that its file names."""

import json
from pathlib import Path

import pytest

from pytest_agentcore.model import scripted
from pytest_agentcore.store.campaign import slug
from tests.conftest import QUICK

SUITE = Path(__file__).parents[2] / "suites" / "agentic_core_v1"
TASKS = sorted(path.parent.name for path in SUITE.glob("*/solutions"))


@pytest.mark.parametrize("task", TASKS)
def test_every_solution_gives_its_verdict(task: str, pytester: pytest.Pytester) -> None:
    """Right answers pass, wrong ones fail in the mode and with the detail of the specification."""
    names = scripted.names(SUITE / task / "solutions")
    models = [f"--agent-model=scripted/{name}" for name in names]
    arguments = ("--agent-runs=1", f"--agent-dir={pytester.path}/store", f"--rootdir={SUITE}", "-n2", "-q")
    pytester.runpytest_subprocess(*QUICK, SUITE / task, *models, *arguments, timeout=300)

    seen, expected = {}, {}
    for name in names:
        campaign = f"*-{slug(f'scripted/{name}')}-agentic-core-v1"
        (path,) = pytester.path.glob(f"store/campaigns/{campaign}/runs/*/*/outcome.json")
        outcome = json.loads(path.read_text())
        wanted = scripted.find(SUITE / task / "solutions", name).expect or {"failure_mode": None}
        seen[name] = {field: outcome[field] for field in wanted}
        expected[name] = dict(wanted)
        assert outcome["passed"] is (wanted["failure_mode"] is None), (name, outcome["message"])
    assert seen == expected
