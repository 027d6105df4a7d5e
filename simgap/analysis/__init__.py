"""What results mean: summaries, statistics, sweeps. Draws nothing and simulates only through plans."""
