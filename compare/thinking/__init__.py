"""What is thought, set apart from the answer it leads to: in a model's own process and in what servers send.

Knows neither: bytes in, bytes out. Imports nothing heavy.
"""
