"""Which models a visitor may choose: the catalogue's, and the files the owner gave. Never a path."""

from dataclasses import dataclass

from compare import colours, numbers
from compare.asked.settings import LoadSettings
from compare.models.catalogue import MODELS
from compare.models.spec import ModelFile, catalogued, known_models, offered, renewed
from compare.run.machine import Machine
from compare.run.response import Response
from compare.usage import UsageError

OTHERS = [name for name in colours.MODELS if name.startswith("other-")]
"""Colours of files that aren't the catalogue's."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What stands in a column's two menus."""

    model: str
    quant: str | None = None


class Menu:
    """The menus' entries, and what a choice among them means."""

    def __init__(self, machine: Machine, *, elsewhere: bool = True):
        """`elsewhere`: with the models of the owner's servers on other machines."""
        self._machine = machine
        self._own = {file.key: file for file in machine.own}
        first = [offered(spec) for spec in machine.owner.models]
        served = [*(file for file in first if file.server), *machine.served()] if elsewhere else []
        self._served = {file.key: file for file in served}
        self._quants = {file.model: file.quant for file in reversed(first) if not file.server}
        """what the owner has of a model, where it isn't the catalogue's default"""

    def models(self) -> list[tuple[str, str]]:
        """Name and value of each model that can be had: an embedded one only where it came along."""
        had = [m for m in MODELS.values() if not m.package or self.here(Choice(m.id))]
        own = [(_called(file), key) for key, file in self._own.items()]
        served = [(file.name, key) for key, file in self._served.items()]
        return [(model.name, model.id) for model in had] + own + served

    def quants(self, model: str) -> list[str]:
        return [quant.name for quant in MODELS[model].quants] if model in MODELS else []

    def settled(self, choice: Choice) -> Choice:
        """The choice, with the owner's quantization, or the model's default, where it has no such one."""
        if choice.quant in self.quants(choice.model):
            return choice
        model = MODELS.get(choice.model)
        quant = self._quants.get(choice.model, model.default_quant) if model else None
        return Choice(choice.model, quant)

    def named(self, spec: str) -> Choice:
        """The choice that a SPEC of the catalogue, or of a server, means."""
        file = offered(spec)
        return Choice(file.key) if file.server else Choice(file.model, file.quant)

    def another(self, chosen: list[Choice]) -> Choice:
        """What a further column begins with: a model that isn't shown yet, one that is here first."""
        taken = {choice.model for choice in chosen}
        free = [self.settled(Choice(model)) for _, model in self.models() if model not in taken]
        here = [choice for choice in free if self.here(choice)]
        return next(iter(here or free), self.settled(Choice(next(iter(MODELS)))))

    def file(self, choice: Choice) -> ModelFile:
        """The file of a choice. Raises UsageError where it is none of the menu's."""
        if choice.model in self._own:
            self._own[choice.model] = file = renewed(self._own[choice.model])
            return file
        if choice.model in self._served:
            return self._served[choice.model]
        if choice.model not in MODELS:
            raise UsageError(f"There is no model “{choice.model}” here. {known_models()}")
        return catalogued(f"{choice.model}:{choice.quant}" if choice.quant else choice.model)

    def is_elsewhere(self, choice: Choice) -> bool:
        """Whether it is a server's model, even where this menu has none of those."""
        return choice.model.startswith("@")

    def here(self, choice: Choice) -> bool:
        """Whether its file is on this machine."""
        return self._machine.cached(self.file(choice))

    def trouble(self, choice: Choice) -> str | None:
        """Why it can't answer, as far as is known; None where nothing is."""
        return self._machine.trouble(self.file(choice))

    def coming(self, choice: Choice) -> Response | None:
        """Its file on the way here, without anyone having run it; None where it isn't."""
        return None if self.here(choice) else self._machine.coming(self.file(choice))

    def foreseen(self, choice: Choice, load: LoadSettings) -> Response:
        """A column of it that hasn't run, with what it is predicted to take, so loaded."""
        return self._machine.foreseen(self.file(choice), load)

    def examined(self, choice: Choice, load: LoadSettings) -> Response:
        """The same, more exactly where it takes the network to tell."""
        return self._machine.examine(self.file(choice), load)

    def colour(self, choice: Choice) -> str:
        """The class that gives a column its model's colour."""
        others = [*self._own, *self._served]
        if choice.model in others:
            return f"m-{OTHERS[others.index(choice.model) % len(OTHERS)]}"
        return f"m-{choice.model}"

    def notes(self, choice: Choice) -> dict[str, str]:
        """What the menu says beside each quantization: its size, and whether it is here."""
        quants = self.quants(choice.model)
        return {quant: self._note(Choice(choice.model, quant)) for quant in quants}

    def model_notes(self) -> dict[str, str]:
        """The same beside each model, by its name there, of the file that choosing it means."""
        return {name: self._note(self.settled(Choice(model))) for name, model in self.models()}

    def _note(self, choice: Choice) -> str:
        """1.17 GB, here; 638 MB to download; no longer there; on the server lab."""
        file, here = self.file(choice), self.here(choice)
        if file.server is not None:
            return f"on the server {file.server}"
        if file.path is not None and not here:
            return "no longer there"
        size = numbers.size(file.bytes) if file.bytes else ""
        return (f"{size}, here" if size else "here") if here else f"{size} to download".strip()


def _called(file: ModelFile) -> str:
    """A file of one's own by its name, or by what it says of itself where it is named by a hash."""
    return (
        file.key if file.file.startswith(file.name) else f"{file.name} {file.quant or ''}".rstrip()
    )
