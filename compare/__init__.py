"""GGUF Side by Side: one prompt, several local models, their answers, speeds and memory side by side.

    what is asked -> Machine: the files, the line, the loaded children -> Run: a child process a model
        -> events, stamped where they happen -> folded into {key: Response}
        -> a snapshot every 0.1 s, and at each new state
        -> columns (page), blocks or a document (command line)

From the top; a folder imports only from those below its line (tests/test_map.py holds the rules):

    ui/  cli/     the page, a folder a tab, around it what tabs share; the command line, a file a command
    web/          before Gradio's server: what is let in, and for how long a connection waits; what is told
                  of runs; how the app ends
    charts/       scores, fits and speeds as figures, in each model's colour
    serve/        this app's models for other machines, on Ray Serve: replicas that each hold one child
    gallery/      the prompts, the checks of an answer, its recordings, the score board
    saved/        what leaves the app: a comparison as a document or text, a bench as llama-bench's rows
    words/        columns, sentences, and the table of measures, as a person is told them
    run/          Machine queues a Run, which has a Runner a column (runner.py: the seam and the local one;
                  remote.py: one on a server); schedule.py says who loads and who starts; response.py folds
                  events into measures.py; line.py whose turn it is, examiner.py what a model would take
                  and counter.py how many tokens a prompt has, before anyone runs it
    memory/       what a model will take, whether it may load, and on which hardware it fits
    asked/        settings with limits and defaults; a comparison or bench as it is asked for; numbers as they
                  are typed (typed.py); a host's limits
    remote/       engines on other machines: the owner's servers, what they are, and their answers as events
    models/       the catalogue; from a SPEC to its file, on this disk or from the Hub
    scores/       published scores, and what two articles claim of them
    gguf/         what a file says of itself
    thinking/     what is thought set apart from its answer, here and in what servers send: apart.py, by the
                  table in marks.py
    protocol/     the requests and events that cross between a model's process and its parent
    child/        that process: prompt.py makes tokens of what is asked, in the template, its sandbox and its
                  next turn (template.py, switch.py, conversation.py, sandbox.py, turns.py, tokens.py);
                  answer.py reads, samples (sampler.py) and stops; count.py only counts a prompt's tokens;
                  pace.py says how many threads pay; llama.py and sampler.py the only llama_cpp; imported by
                  nobody

Beside them usage.py (what is wrong in what is asked), numbers.py (figures as they are read), letters.py
(what of a text is shown), colours.py (the colour of each model), proxies.py (the surroundings', put right
before anything speaks HTTP) and data/.
Each is said once, and the rest follows: a setting in asked/settings.py, a model in models/catalogue.py, a
measure in run/measures.py, a check in gallery/checks.py, a host's variable in asked/owner.py, a kind of
file that holds no model for text in gguf/kinds.py.
Threads are started only in app.py (two, at the start), models/ (one a file that is fetched, two for a probe),
run/ (one a Run, three a child, two a GPU's lease, a clock for each child that idles), remote/ (one, the loop
of all servers) and child/ (one, on stdin).
"""
