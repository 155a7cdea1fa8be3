"""Which models there are, and where their files are: on this machine, or on the Hub.

The only huggingface_hub. Starts no model and knows no settings.
"""
