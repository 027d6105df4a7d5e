"""Random numbers without state: counter-based words, quantile functions, and draws of the unknowns."""
