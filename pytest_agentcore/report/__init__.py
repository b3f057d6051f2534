"""From stored outcomes to what a person reads."""
