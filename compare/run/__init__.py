"""One comparison or bench on this machine: files, children, threads, events, figures.

The only folder that starts a model's process. Knows no page, no gallery and no sentences.
"""
