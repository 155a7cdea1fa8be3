"""One comparison or bench on this machine: files, children, threads, events, figures.

The only folder that starts a model's process. Knows no page and no gallery, and of sentences only why
something failed.
"""
