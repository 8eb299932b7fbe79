"""How the demo city was drawn: the hand-drawn plan becomes outlines, water and streets. `python -m simulators.city` redraws it."""
