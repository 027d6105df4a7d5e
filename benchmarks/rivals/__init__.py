"""The common part, written plainly by hand for other simulation tools: one small module each.

Each has `run(items, seed) -> Done`, which builds the model, times its run alone, and tells what was done.
"""
