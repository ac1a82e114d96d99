"""How fast it is: run each with `python -m benchmarks.NAME` from the clone."""
