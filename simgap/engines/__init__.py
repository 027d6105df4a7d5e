"""Engines: when the rules are applied. They count physics and know no money."""
