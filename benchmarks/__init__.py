"""What the harness costs: ``python -m benchmarks`` measures it against bare threads and prints a table."""
