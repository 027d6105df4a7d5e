"""What the tests of the shipped scenarios share."""

import importlib.util

from simgap.scenario.load import shipped_paths


def derivation(name):
    """Return the module `derive.py` of a scenario."""
    file = shipped_paths()[name].parent / "derive.py"
    spec = importlib.util.spec_from_file_location(f"{name}_derive", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
