"""How many examples a property is tried on: `make test` draws the same ones every time, `make explore` ten times as many, anew.

A suite that draws anew each time fails on a rare draw once in a hundred runs, at a change that has nothing to do with it. So by
default the draws follow from the test alone and nothing is remembered on disk; the search for what nobody thought of is a command
of its own, and each of its counterexamples is a bug of the product or of the test (`make explore ARGS=--hypothesis-seed=7` draws
what seed 7 drew before). A profile's number does not reach a test that names its own: that one says `examples(n)`, n by default
and ten times n while exploring. Time never fails an example: a busy machine is no fault of what is tested.
"""

from hypothesis import HealthCheck, settings

FACTOR = 10
USUAL = 100

settings.register_profile(
    "same",
    max_examples=USUAL,
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("explore", settings.get_profile("same"), max_examples=USUAL * FACTOR, derandomize=False)
settings.load_profile("same")  # pytest's --hypothesis-profile comes after this, and before any test module is read


def examples(usual: int) -> int:
    """How many examples a test tries that wants `usual` of them by default."""
    return usual * settings().max_examples // USUAL
