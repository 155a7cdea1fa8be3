"""What leaves the app: a comparison as a document, a bench as llama-bench's rows, fits as rows.

Pure: values in, plain dictionaries and text out; names files, never paths.
"""
