"""Fixtures of the engines' tests."""

import pytest
from cases import Witness, packed, values


@pytest.fixture(scope="session")
def ordinary():
    """One replication of a month with every mechanism at work, watched."""
    return Witness(packed(values()))
