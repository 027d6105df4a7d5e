"""What a study came to, as objects: `run.Result` and `sweep.Sweep`."""
