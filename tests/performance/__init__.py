"""Our own performance check: `make bench`, by hand, on a quiet machine. Not collected by pytest.

    __main__.py   the command: takes all measurements in turn, round after round, and writes the table
    report.py     a line of the table, medians, what is met and what is missed; pure
    answers.py    measurements of models: through the command line, a process, a Machine
    company.py    measurements beside other programs, and steady.py what they are held against
    llama_bench.py  bench beside llama-bench, which it compiles
    pages.py      measurements of the page, in a headless Chromium
    idle.py       measurements of the app and its page while nothing happens
    pure.py       measurements of what is only computed
    stage.py      what measurements need: files, a page with a visitor, programs that surely end
    within.py     bench and a bare loop in one process
    bare.py       the same work with llama-cpp-python alone, as a program of its own

A measurement is a generator: each `next` gives one sample of each of its lines.
"""
