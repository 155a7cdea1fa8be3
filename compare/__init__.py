"""GGUF Side by Side: one prompt, several local models, their answers, speeds and memory side by side.

    prompt -> Machine: the files, the line, the loaded children -> Run: a Runner (child process) a model
           -> events, stamped where they happen -> folded into {key: Response}
           -> a snapshot every 0.1 s, and at each new state
           -> columns (page), blocks or a document (command line)

Who does what; a module imports only from those below it (tests/test_map.py holds the rules):

    ui/, __main__.py   the page (the only gradio) and the command line (Typer)
    comparison.py      a comparison as a document
    charts.py          scores, fits and measured speeds as figures (the only plotly)
    claims.py          what the two articles claim, and what the scores say to it
    fit.py             which models fit on which hardware: rows, and sentences about them
    bench.py           what a bench measured: llama-bench's rows, its tables, a sentence
    record.py          the answers a recording is made of, one by one
    library.py         the gallery's prompts with the recorded answers to them, and the score board
    recordings.py      recorded comparisons: what is read of a file, and files written whole
    machine.py         the line of comparisons and benches, the pool of loaded children, what this machine is
    fanout.py          Run: merges and folds the events, divides the threads, stops
    admission.py       whether a model may be fetched and loaded, how much of it on the GPU, what fits instead
    zerogpu.py         a GPU of ZeroGPU, leased for one run: its children in a fork of `spaces` (the only one)
    terms.py           how long such a lease is, and why there is none
    runner.py          the parent's end of one child             hub.py   where a model's file is
    cpu.py             the thread budget                         owner.py what a host sets for its visitors
    hardware.py        machines to fit into, from data/hardware.toml or typed in
    scores.py          published scores, checked row by row  suites.py their suites and models; data only
    gallery.py         the prompts of prompts/*.toml, checked entry by entry
    words.py           every number, state and word shown to a person
    checks.py          what a right answer must hold         numerals.py  the number that a text concludes
    spec.py            what is asked for, parsed once            catalogue.py  the models known by name
    response.py        the fold: all arithmetic of tokens and seconds
    worker.py          the child: its loop                       engine.py  the only llama_cpp
    memory.py          what is taken, free, there                textstream.py  bytes to text, stop strings
    estimate.py        what a model will take, predicted       header.py  what a GGUF says of itself
    events.py  requests.py   the values that cross between parent and child
    cuda.py            CUDA's libraries from pip, loaded before llama.cpp
    proxies.py         the surroundings' proxies, put right before anything speaks HTTP

The child (worker, engine, memory, textstream, estimate, header, events, requests, cuda) knows nothing of the
parent and imports nothing heavy. Threads are started only in hub (one a file that is fetched, one for a
probe), runner (two readers a child), fanout (one a Run), zerogpu (one a lease, and one in its fork) and
worker (one, on stdin).
"""
