"""What a GGUF file says of itself, read without believing it.

Knows nothing of memory, of the Hub, or of what llama.cpp makes of a model.
"""
