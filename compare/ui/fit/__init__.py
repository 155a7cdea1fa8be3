"""Fit: which models fit on which hardware."""
