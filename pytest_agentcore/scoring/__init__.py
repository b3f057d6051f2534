"""From a verdict to an outcome, and from outcomes to figures: pure functions."""
