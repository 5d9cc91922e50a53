"""How far the machines of this folder wander: the same short way each time, or a long one from a seed that is told."""

from __future__ import annotations

import os
import random
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

# Set it to walk the very same way again.
SEED_VARIABLE = "BOS_TEST_SEED"
# Set it to have a failure made as short as can be, which takes minutes: each try asks the database anew.
SHRINK_VARIABLE = "BOS_TEST_SHRINK"


def quick(examples: int, steps: int = 50) -> settings:
    """The same examples in every run. examples: sequences; steps: at most so many in each."""
    return settings(_plain(), max_examples=examples, stateful_step_count=steps, derandomize=True)


def wide(examples: int, steps: int = 50) -> settings:
    """Other examples in every run, see `roam`."""
    return settings(_plain(), max_examples=examples, stateful_step_count=steps, derandomize=False)


def _plain() -> settings:
    return settings(
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink) if os.environ.get(SHRINK_VARIABLE) else (Phase.generate,),
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


def walk(make: Callable[[], RuleBasedStateMachine], given: settings) -> None:
    run_state_machine_as_test(make, settings=given)


def roam(make: Callable[[], RuleBasedStateMachine], given: settings) -> None:
    """The same from a seed of the environment or of chance."""
    run_state_machine_as_test(seed(tell_seed())(make), settings=given)


def tell_seed() -> int:
    chosen = int(os.environ.get(SEED_VARIABLE) or random.SystemRandom().randrange(2**32))
    print(f"{SEED_VARIABLE}={chosen}")
    return chosen
