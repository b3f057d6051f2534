"""Runs in flight: sandbox, agent, frozen workspace."""
