"""The values that everything else passes on: no I/O, no third-party import."""
