"""Benchmarks: published scores as charts, and the articles' claims held against them."""
