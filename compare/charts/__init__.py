"""Scores, fits and measured speeds as figures: a file for each chart with its sentence.

The only plotly. Knows no page.
"""
