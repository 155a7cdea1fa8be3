"""The border to the network: which requests are let in, what is told to whoever watches, how the app ends.

Knows neither Gradio nor a page.
"""
