"""Places for runs: what keeps a hostile command away from this machine."""
