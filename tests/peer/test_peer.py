"""Every case here: the numbers are right, or the message is."""

import importlib.util
import warnings

import jax
import numpy as np
import pytest

from .cases import all_cases
from .labs import ours

CASES = all_cases()


@pytest.mark.parametrize("name", CASES)
def test_case(name):
    case = CASES[name]
    for module in case.needs:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    if case.error is not None:
        kind, words = case.error
        with warnings.catch_warnings():
            # A warning is raised where it is the message.
            warnings.simplefilter("error" if kind.endswith("Warning") else "ignore")
            with pytest.raises(Exception, match=words) as raised:
                case.run(ours())
        assert kind in [base.__name__ for base in type(raised.value).__mro__]
        return
    found, expected = case.run(ours()), case.expect()
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert np.shape(one) == np.shape(other)
        np.testing.assert_allclose(one, other, rtol=0, atol=case.tolerance)
