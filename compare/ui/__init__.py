"""The page: the only gradio. A folder a tab; what tabs share stands beside them.

Loads no model, draws no chart and keeps no clock: what lives long comes in as arguments.
"""
