"""Screens as frozen values: a key or scan gives a Move, a context gives a View; nothing else."""
