"""Which worker runs which item: a fixed partition, so that workers can run ahead of their tests."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pytest
from xdist.workermanage import parse_tx_spec_config


class PartitionScheduling:
    """An xdist scheduler: the k-th of n workers gets every n-th item, and so does the one that replaces it.

    With items a b c d e and two workers, the first gets a c e and the second b d. xdist tells the workers to shut
    down once everything is handed out and nobody has more than one item left. An agent item whose worker died is not
    reported as crashed but handed to the replacement; its record counts how often that happened.
    """

    def __init__(
        self, config: pytest.Config, log: Any, *, parts: Mapping[str, int], agent_items: Collection[str]
    ) -> None:
        self.config = config
        self.log = log
        self.numnodes = len(parse_tx_spec_config(config))
        self.collection: list[str] | None = None
        self._parts = parts
        self._agent_items = agent_items
        self._collections: dict[Any, list[str]] = {}
        self._pending: dict[Any, list[int]] = {}
        self._unassigned: list[int] = []

    @property
    def nodes(self) -> list[Any]:
        """Workers that are up."""
        return list(self._pending)

    @property
    def collection_is_completed(self) -> bool:
        """Has every expected worker collected? One that died since has; its replacement is told on its own."""
        return len(self._collections) >= self.numnodes

    @property
    def tests_finished(self) -> bool:
        """Is nothing left to hand out, and at most the last item in each hand?"""
        if not self.collection_is_completed or self._unassigned:
            return False
        return all(len(pending) <= 1 for pending in self._pending.values())

    @property
    def has_pending(self) -> bool:
        """Is any item not finished?"""
        return bool(self._unassigned) or any(self._pending.values())

    def add_node(self, node: Any) -> None:
        """A worker came up."""
        self._pending[node] = []

    def add_node_collection(self, node: Any, collection: Sequence[str]) -> None:
        """A worker told what it found; all must have found the same."""
        first = next(iter(self._collections.values()), list(collection))
        if list(collection) != first:
            different = sorted(set(first) ^ set(collection)) or list(collection)
            raise pytest.UsageError(
                f"worker {node.gateway.id} collected other tests than the first, e.g. {different[0]!r}; "
                "parameters must be the same in every process"
            )
        self._collections[node] = list(collection)

    def schedule(self) -> None:
        """Hand out what is not handed out yet, each item to the worker whose part it is."""
        if self.collection is None:
            self.collection = next(iter(self._collections.values()))
            self._unassigned = list(range(len(self.collection)))
        up = [node for node in self._pending if node in self._collections and not node.shutting_down]
        takers = {self._parts.get(node.gateway.id): node for node in up}
        if not takers:
            return
        waiting, self._unassigned = self._unassigned, []
        shares: dict[Any, list[int]] = {}
        for index in waiting:
            node = takers.get(index % self.numnodes) or next(iter(takers.values()))
            shares.setdefault(node, []).append(index)
        for node, indices in shares.items():
            self._pending[node].extend(indices)
            node.send_runtest_some(indices)

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        """A worker finished an item."""
        del duration
        self._pending[node].remove(item_index)

    def mark_test_pending(self, item: str) -> None:
        """Somebody wants an item run once more."""
        assert self.collection is not None  # noqa: S101 - it ran once already
        self._unassigned.append(self.collection.index(item))
        self.schedule()

    def remove_pending_tests_from_node(self, node: Any, indices: Sequence[int]) -> None:
        """Answer to a request to steal, which this scheduler never makes."""
        raise RuntimeError(f"{node} gave back {indices}, which nobody asked for")

    def remove_node(self, node: Any) -> str | None:
        """A worker is gone: what it had waits for its replacement. Gives the item it was at, if that is not ours."""
        pending = self._pending.pop(node)
        crashed = None
        if pending and self.collection is not None and self.collection[pending[0]] not in self._agent_items:
            crashed = self.collection[pending.pop(0)]
        self._unassigned = sorted([*pending, *self._unassigned])
        return crashed
