"""Figures: plain arrays to matplotlib axes, one file a figure; nothing is computed but what drawing needs."""
