"""Work on recordings: evaluating and training detectors, in a process of its own, so that no service pays for its libraries."""
