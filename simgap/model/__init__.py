"""The rules of the model: pure scalar functions, compiled, called by every engine."""
