"""The Compare tab: one prompt, several models, side by side."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, closing
from dataclasses import replace
from functools import partial, wraps
from inspect import isasyncgenfunction, isgeneratorfunction

import gradio as gr

from compare import numbers
from compare.gallery.gallery import Library
from compare.gallery.judge import judge
from compare.models.catalogue import EMBEDDED_PAIR
from compare.models.spec import ModelFile
from compare.run.machine import Machine
from compare.run.response import Response
from compare.run.run import Run
from compare.ui import drawn, recordings
from compare.ui.compare.column import Updates, column
from compare.ui.compare.form import (
    PLACES,
    Form,
    choices,
    filled,
    read,
    settings_fields,
    with_choices,
)
from compare.ui.compare.session import Session
from compare.ui.markup import MATHS, letters
from compare.ui.menu import Choice, Menu
from compare.ui.parts import refused
from compare.ui.wiring import AT_ONCE, PLAIN, PUBLIC, QUEUED
from compare.usage import UsageError
from compare.words import sentence
from compare.words.column import announcements, short
from compare.words.column import names as names_of

HEADLINE = "<h1>One prompt, several local models. <span>Answers, speed and memory side by side.</span></h1>"
ADD = "Add a model"
ARRIVING_S = 1.0
"""How often the page tells of downloads that nobody waits for in a run."""
EXAMPLES = (
    "Who are you?",
    "How fast can a snake fly?",
    "1, 4, 9, 16, __, 36: which number is missing?",
)


def compare_tab(
    demo: gr.Blocks, machine: Machine, now: Callable[[], float], library: Library
) -> Callable[[Callable, gr.Textbox], None]:
    """The tab in `demo`. `now`: the clock the machine's events are stamped with.

    Returns what makes another tab's event run the prompt of the gallery whose id a field holds.
    """
    menu = Menu(machine)
    session = gr.State(Session())
    showcase = library.showcase(EXAMPLES)
    shown_first = {take.spec: take for take in showcase.takes} if showcase else {}
    plain = {"apply_default_css": False, "js_on_load": None}

    gr.HTML(HEADLINE, elem_id="headline", **plain)
    with gr.Column(elem_id="ask"):
        prompt = gr.Textbox(
            lines=1, max_lines=8, label="Prompt", show_label=False, container=False,
            placeholder="Ask every model the same thing…", elem_id="prompt",
        )  # fmt: skip
        with gr.Row(elem_id="tools"):
            mode = gr.Radio(
                [("Together", "together"), ("In turn", "in-turn")], value="together", label="Order",
                show_label=False, container=False, min_width=0, elem_id="mode",
            )  # fmt: skip
            with gr.Accordion("Settings", open=False, elem_id="settings"):
                settings = settings_fields()
            cost = gr.HTML(elem_id="cost", **plain)
            small = gr.Button("Try the small pair now", min_width=0, elem_id="small")
            start = gr.Button("Run", variant="primary", min_width=0, elem_id="run")
            stop = gr.Button("Stop", variant="primary", min_width=0, elem_id="stop")
    said = gr.HTML(elem_id="said", **plain)
    with gr.Row(elem_id="try"):
        gr.HTML("<span>Try</span>", elem_id="try-label", **plain)
        with gr.Row(elem_id="examples"):
            examples = [gr.Button(text, min_width=0, size="sm") for text in EXAMPLES]
        add = gr.Button(ADD, min_width=0, size="sm", elem_id="add")
    pager = gr.HTML(elem_id="pager", **plain)
    with gr.Row(elem_id="columns"):
        columns = {place: column(place, menu) for place in PLACES}
    summary = gr.HTML(elem_id="summary", **plain)
    verdicts = gr.HTML(elem_id="verdicts", **plain)
    with gr.Row(elem_id="account"):
        with gr.Accordion("All measures", open=False, elem_id="all-measures"):
            table = gr.HTML(elem_id="table", **plain)
            rendered = gr.Markdown(elem_id="rendered", latex_delimiters=MATHS)
        seed = gr.Button("Seed", min_width=0, size="sm", elem_id="seed")
    beside = gr.Markdown(elem_id="beside", latex_delimiters=MATHS)
    spoken = gr.HTML(elem_id="spoken", **plain)
    shelf = gr.HTML(elem_id="shelf", **plain)

    def opened(state: Session) -> Updates:
        """The page as it opens: the articles' pair, or the embedded one and why."""
        specs, state.reason = machine.start_pair()
        updates: Updates = {}
        for place in PLACES[len(specs) :]:
            updates |= taken_away(state, place)
        for place, spec in enumerate(specs, start=1):
            updates |= put(state, place, menu.named(spec))
        values = dict.fromkeys(form.inputs, "") | {"mode": "together"}
        return updates | offer(state, values) | result(state) | notice(state)

    def put(state: Session, place: int, choice: Choice) -> Updates:
        """A model into a column; what stood there of an earlier run goes."""
        state.chosen[place] = menu.settled(choice)
        state.keys.pop(place, None)
        take = shown_first[key_of(state, place)] if shows_recorded(state, place) else None
        return columns[place].opened(menu, state.chosen[place], take)

    def key_of(state: Session, place: int) -> str:
        return menu.file(state.chosen[place]).key

    def shows_recorded(state: Session, place: int) -> bool:
        """Beside a live answer a recorded one would be taken for live, too."""
        return not state.keys and key_of(state, place) in shown_first

    def taken_away(state: Session, place: int) -> Updates:
        state.chosen.pop(place, None)
        state.keys.pop(place, None)
        return columns[place].closed()

    def offer(state: Session, values: dict) -> Updates:
        """What Run would do: download or not, how long it would take, and what could be had at once."""
        return {
            start: sentence.run_label([menu.file(choice) for choice in missing(state)]),
            cost: costing(state, values),
            add: gr.update(value=ADD, visible=len(state.chosen) < len(PLACES), interactive=True),
            shelf: drawn.shelf({menu.file(c).name: menu.notes(c) for c in state.chosen.values()}),
        }

    def missing(state: Session) -> list[Choice]:
        """What a run would have to download first; a file on its way here already isn't asked for."""
        chosen = state.chosen.values()
        return [c for c in chosen if not menu.here(c) and menu.coming(c) is None]

    def costing(state: Session, values: dict) -> str:
        """How long a run would take, where that is known; its class says which buttons show beside it."""
        try:
            asked = with_choices({**values, "prompt": values["prompt"] or "?"}, state.chosen)
            took = machine.expected_s(read(asked, menu))
        except UsageError:
            took = None
        away = [choice for choice in state.chosen.values() if not menu.here(choice)]
        pair_here = all(menu.here(menu.named(spec)) for spec in EMBEDDED_PAIR)
        kind = "missing" if pair_here and missing(state) else ""
        coming = [menu.file(choice) for choice in away if menu.coming(choice)]
        told = sentence.coming_note(coming) or numbers.expected(None if away else took)
        return f'<span class="{kind}">{letters(told)}</span>'

    def notice(state: Session, *texts: str) -> Updates:
        texts = (state.reason, *texts) if state.reason else texts
        lines = "".join(f"<p>{letters(text)}</p>" for text in texts)
        return {said: lines}

    def files(state: Session) -> dict[int, ModelFile]:
        """The file of each open column, under the key it has or had in its run."""
        found = {place: menu.file(choice) for place, choice in sorted(state.chosen.items())}
        return {p: replace(file, key=state.keys.get(p, file.key)) for p, file in found.items()}

    def names(state: Session) -> dict[str, str]:
        return names_of(list(files(state).values()))

    def paged(state: Session) -> str:
        shown, called = state.shown(), names(state)
        return drawn.pager(
            [
                (menu.colour(state.chosen[place]), called[file.key], short(shown.get(ran)))
                for place, file in files(state).items()
                for ran in [state.keys.get(place)]
            ]
        )

    def result(state: Session) -> Updates:
        """Pager, sentence and table, from what the columns show."""
        shown, called = state.shown(), names(state)
        updates = {
            pager: paged(state),
            summary: drawn.summary(sentence.summary(shown, called), ran=bool(shown)),
        }  # fmt: skip
        if shown:
            updates[table] = drawn.measures(shown, state.comparison, called)
            updates[rendered] = drawn.rendered(shown, called)
            updates[seed] = sentence.seed_label(state.comparison.sampling.seed)
        return updates | judged(state, called)

    def judged(state: Session, called: dict[str, str]) -> Updates:
        """The checks of finished answers, and what was recorded of the same prompt.

        Before the first run a recording, where no column shows one.
        """
        shown = state.shown()
        if not shown:
            keys = [menu.file(choice).key for choice in state.chosen.values()]
            elsewhere = showcase and not any(key in shown_first for key in keys)
            return {verdicts: "", beside: recordings.quoted_all(showcase) if elsewhere else ""}
        prompt = library.prompt_of(state.comparison.prompt, state.comparison.system)
        if prompt is None:
            return {verdicts: "", beside: ""}
        for key, response in shown.items():
            if response.state == "finished" and key not in state.verdicts:
                state.verdicts[key] = judge(prompt.check, response.text)
        told = {key: state.verdicts[key] for key in shown if key in state.verdicts}
        return {
            verdicts: recordings.verdicts(told, called) if told else "",
            beside: recordings.recorded(library.comparisons(prompt)),
        }

    def examined(state: Session) -> Updates:
        """What the models that aren't here are predicted to take, looked up on the Hub: seconds, once."""
        missing = {p: choice for p, choice in state.chosen.items() if not menu.here(choice)}
        found = {place: columns[place].examined(menu, choice) for place, choice in missing.items()}
        updates: Updates = {}
        for place, choice in missing.items():
            if place not in state.keys and state.chosen.get(place) == choice:  # still idle
                updates |= found[place]
        return updates or gr.skip()

    async def arriving(state: Session, **values) -> AsyncIterator[Updates]:
        """While files of columns that haven't run are on their way here all the same: how far they are.

        A coroutine: a visitor who looks on takes no thread. One of them is enough for a page.
        """
        if state.watches:
            return
        state.watches, before = True, None
        try:
            while not state.run:
                idle = [place for place in state.chosen if place not in state.keys]
                idle = [place for place in idle if not shows_recorded(state, place)]
                coming = {place for place in idle if menu.coming(state.chosen[place])}
                updates: Updates = {}
                for place in coming | ((before or set()) & set(idle)):
                    updates |= columns[place].arriving(menu, state.chosen[place])
                if coming != before:
                    updates |= offer(state, values)
                if updates:
                    yield updates
                if not coming:
                    return
                before = coming
                await asyncio.sleep(ARRIVING_S)
        finally:
            state.watches = False

    def model_chosen(place: int, state: Session, model: str | None, **values) -> Updates:
        """A model, with its default quantization. Heard when a menu is left too, without a change."""
        now_shown = state.chosen.get(place)
        if not model or (now_shown and now_shown.model == model):
            return gr.skip()
        return changed(place, state, Choice(model), values)

    def quant_chosen(place: int, state: Session, quant: str | None, **values) -> Updates:
        now_shown = state.chosen.get(place)
        if not quant or not now_shown:
            return gr.skip()
        return changed(place, state, Choice(now_shown.model, quant), values)

    def changed(place: int, state: Session, choice: Choice, values: dict) -> Updates:
        if state.run or menu.settled(choice) == state.chosen.get(place):
            return gr.skip()
        state.reason = None
        return put(state, place, choice) | offer(state, values) | result(state) | notice(state)

    def added(state: Session, **values) -> Updates:
        free = [place for place in PLACES if place not in state.chosen]
        if state.run or not free:
            return gr.skip()
        updates = put(state, free[0], menu.another(list(state.chosen.values())))
        return updates | offer(state, values) | result(state)

    def removed(place: int, state: Session, **values) -> Updates:
        if state.run:
            return gr.skip()
        return taken_away(state, place) | offer(state, values) | result(state)

    def weighed(state: Session, **values) -> Updates:
        """A setting changed: a run may now take another time."""
        return gr.skip() if state.run else {cost: costing(state, values)}

    def run(state: Session, **values) -> Iterator[Updates]:
        """Sends the prompt to every column."""
        if state.run:
            return
        try:
            comparison = read(values, menu)
        except UsageError as error:
            raise refused(error) from error
        state.chosen = {place: menu.settled(choice) for place, choice in choices(values).items()}
        keys = [file.key for file in comparison.models]
        state.keys = dict(zip(sorted(state.chosen), keys, strict=True))
        state.comparison, state.responses, state.verdicts = comparison, {}, {}
        yield from watched(state, machine.compare(comparison), values)

    def run_small(state: Session, **values) -> Iterator[Updates]:
        """The embedded pair, instead of what would have to be downloaded first."""
        if state.run:
            return
        updates: Updates = {}
        for place in PLACES[len(EMBEDDED_PAIR) :]:
            updates |= taken_away(state, place)
        for place, spec in enumerate(EMBEDDED_PAIR, start=1):
            updates |= put(state, place, menu.named(spec))
        yield updates | offer(state, values) | result(state)
        yield from run(state, **with_choices(values, state.chosen))

    def run_prompt(state: Session, prompt_id: str, **values) -> Iterator[Updates]:
        """A prompt of the gallery, with its settings: on the models chosen, else on those recorded.

        Where neither are on this machine, only filled in: a download is begun by Run alone.
        """
        prompt = library.gallery.prompts.get(prompt_id)
        if state.run or prompt is None:
            return
        texts = filled(prompt, library.comparisons(prompt))
        updates: Updates = {fields[name]: text for name, text in texts.items()}
        recorded = [take.answer for c in library.comparisons(prompt)[:1] for take in c.takes]
        others = [Choice(answer.model, answer.quant) for answer in recorded][: len(PLACES)]
        if (
            not all(map(menu.here, state.chosen.values()))
            and others
            and all(map(menu.here, others))
        ):
            for place in PLACES:
                if place <= len(others):
                    updates |= put(state, place, others[place - 1])
                elif place in state.chosen:
                    updates |= taken_away(state, place)
        state.keys, state.reason = {}, None
        values = with_choices({**values, **texts}, state.chosen)
        yield updates | offer(state, values) | result(state) | notice(state)
        if all(map(menu.here, state.chosen.values())):
            yield from run(state, **values)

    def run_again(place: int, state: Session, **values) -> Iterator[Updates]:
        """One column once more, asked the same; the others keep their answers."""
        if state.run or place not in state.keys:
            return
        models = tuple(file for file in state.comparison.models if file.key == state.keys[place])
        state.verdicts.pop(state.keys[place], None)
        going = machine.compare(replace(state.comparison, models=models))
        yield from watched(state, going, values)

    def watched(state: Session, going: Run, values: dict) -> Iterator[Updates]:
        """The page while a run lasts: of each snapshot what has changed on it."""
        state.run = going
        # What this host capped holds for the whole page; a column that runs again leaves the others in.
        state.comparison = replace(going.comparison, models=state.comparison.models)
        try:
            yield running(state) | notice(state, *going.comparison.notices)
            with closing(going.snapshots()) as snapshots:
                for responses in snapshots:
                    said_so_far = state.responses
                    state.responses = {**said_so_far, **responses}
                    drawing = answers(state, said_so_far) | result(state)
                    drawing |= speech(state, said_so_far)
                    # What is left out, Gradio builds anew each time; what is repeated costs it nothing.
                    yield state.holds | drawing
        finally:
            going.stop()
            state.run = None
        yield at_rest(state, values)

    def running(state: Session) -> Updates:
        updates = dict(state.holds)
        for place, choice in state.chosen.items():
            updates |= columns[place].locked(choice)
        return updates | {
            add: gr.update(interactive=False), cost: '<span class="running"></span>',
        }  # fmt: skip

    def at_rest(state: Session, values: dict) -> Updates:
        updates = dict(state.holds)
        for place in state.chosen:
            updates |= columns[place].unlocked()
        return updates | offer(state, values)

    def given_up(state: Session, **values) -> Updates:
        """The page after a run that something unforeseen ended; after one that was refused, as it was."""
        return gr.skip() if state.run else at_rest(state, values)

    def answers(state: Session, before: dict[str, Response]) -> Updates:
        """The columns that have moved on."""
        updates: Updates = {}
        for place, key in state.keys.items():
            response, choice = state.responses[key], state.chosen[place]
            if response.ended and response == before.get(key):
                continue
            updates |= columns[place].shows(
                response, menu.file(choice), now(), colour=menu.colour(choice), names=names(state),
                max_seconds=state.comparison.max_seconds,
            )  # fmt: skip
        return updates

    def speech(state: Session, before: dict[str, Response]) -> Updates:
        """For screen readers: which states changed and, at the end, the sentence."""
        sentences = announcements(before, state.responses, names(state))
        if sentences and all(response.ended for response in state.responses.values()):
            sentences.append(str(sentence.summary(state.shown(), names(state))))
        return {spoken: f"<span>{letters(' '.join(sentences))}</span>"} if sentences else {}

    def stop_all(state: Session) -> None:
        if going := state.run:
            going.stop()

    def stop_one(place: int, state: Session) -> None:
        if going := state.run:
            going.stop(state.keys.get(place))

    def keep_seed(state: Session):
        return str(state.comparison.sampling.seed) if state.comparison else gr.skip()

    form = Form(prompt, mode, settings)
    fields = form.inputs
    models = {f"model_{place}": each.model for place, each in columns.items()}
    quants = {f"quant_{place}": each.quant for place, each in columns.items()}
    written = {"inputs": [session], "inputs_kwargs": form.inputs}
    asked = {"inputs": [session], "inputs_kwargs": {**form.inputs, **models, **quants}}
    outside = [
        cost, start, said, add, pager, summary, table, rendered, seed, spoken,
        shelf, verdicts, beside,
    ]  # fmt: skip
    parts = [*outside, *(part for each in columns.values() for part in each.parts)]
    outputs = [*parts, *(each.box for each in columns.values())]

    def remembering(handler: Callable) -> Callable:
        """The handler, with what it shows kept in `holds`."""

        def kept(state: Session, updates: Updates) -> Updates:
            for part in parts:
                new = updates.get(part, {})
                if not isinstance(new, dict):
                    state.holds[part] = new
                elif "value" in new:
                    state.holds[part] = new["value"]
            return updates

        @wraps(handler)
        def once(state: Session, *args, **values) -> Updates:
            return kept(state, handler(state, *args, **values))

        @wraps(handler)
        def throughout(state: Session, *args, **values) -> Iterator[Updates]:
            with closing(handler(state, *args, **values)) as going:
                for updates in going:
                    yield kept(state, updates)

        @wraps(handler)
        async def meanwhile(state: Session, *args, **values) -> AsyncIterator[Updates]:
            async with aclosing(handler(state, *args, **values)) as going:
                async for updates in going:
                    yield kept(state, updates)

        if isasyncgenfunction(handler):
            return meanwhile
        return throughout if isgeneratorfunction(handler) else once

    shown_figures = [each.figures for each in columns.values()]
    examine = {"fn": remembering(examined), "inputs": [session], "outputs": shown_figures, **QUEUED}
    arrive = {"fn": remembering(arriving), **written, "outputs": parts, **QUEUED, **PLAIN}

    def looked_into(chosen) -> None:
        """What follows a choice of models: what takes longer to know, and what changes by itself."""
        chosen.then(**examine)
        chosen.then(**arrive)

    looked_into(demo.load(remembering(opened), [session], outputs, **QUEUED))
    begins = [start.click, prompt.submit]
    lasting = {"outputs": parts, **QUEUED, **PLAIN}
    failed = {"fn": remembering(given_up), **written, "outputs": parts, **QUEUED}
    gr.on(begins, remembering(run), **asked, api_name="run", **lasting | PUBLIC).failure(**failed)
    small.click(remembering(run_small), **written, **lasting | {"outputs": outputs}).failure(
        **failed
    )
    stop.click(stop_all, [session], None, **AT_ONCE)
    looked_into(add.click(remembering(added), **written, outputs=outputs, **QUEUED))
    seed.click(keep_seed, [session], settings["seed"], **AT_ONCE)
    costly = [mode.input, settings["max_tokens"].blur]
    gr.on(costly, remembering(weighed), **written, outputs=[cost], **AT_ONCE)
    for example in examples:
        example.click(None, None, prompt, js=f"() => {example.value!r}", **AT_ONCE)
    for place, each in columns.items():
        # Each menu is sent alone: the other may still hold an entry of the model before.
        for part, heard in ((each.model, model_chosen), (each.quant, quant_chosen)):
            inputs = {"inputs": [session, part], "inputs_kwargs": form.inputs}
            looked_into(
                part.input(remembering(partial(heard, place)), **inputs, outputs=outputs, **QUEUED)
            )
        each.remove.click(
            remembering(partial(removed, place)), **written, outputs=outputs, **QUEUED
        )
        each.stop.click(partial(stop_one, place), [session], None, **AT_ONCE)
        again = each.again.click(remembering(partial(run_again, place)), **written, **lasting)
        again.failure(**failed)
        each.copy.click(None, each.written, None, js="text => copyText(text)", **AT_ONCE)

    def run_here(when: Callable, prompt_id: gr.Textbox) -> None:
        """The event `when` runs the prompt whose id the field holds."""
        taken = {"inputs": [session, prompt_id], "inputs_kwargs": form.inputs}
        shown = {"outputs": [*outputs, *fields.values()]}
        when(remembering(run_prompt), **taken, **lasting | shown).failure(**failed)

    return run_here
