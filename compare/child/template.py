"""A model's prompt template: what it writes of messages.

In Jinja, or one of llama.cpp's own by its name. Knows no token, nor what a template may refuse.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from compare.child import llama, sandbox
from compare.protocol.requests import Message

Roles = frozenset[str]


@dataclass(frozen=True, slots=True)
class Template:
    """A template's text, and what it is given beside messages. Its time stands still: the same messages
    give the same text.
    """

    source: str
    bos_text: str = ""
    eos_text: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    """by the names that templates have for their own switches: enable_thinking"""
    now: datetime = field(default_factory=datetime.now)
    dates: list[str] = field(default_factory=list)
    """what it was told of `now`"""

    @property
    def name(self) -> str | None:
        """Of one of llama.cpp's own, where that is all it says; a template in Jinja has braces."""
        source = self.source.strip()
        return None if "{" in source or len(source.split()) != 1 else source

    def write(
        self, messages: Sequence[Message], parts: Roles = frozenset(), *, asks: bool = True
    ) -> str:
        """The text of a conversation. `parts`: the roles whose contents are given as lists of typed parts,
        as models want them that also see; `asks`: ready for the answer to follow. Raises TemplateFault.
        """
        if self.name is not None:
            said = [(message.role, message.content) for message in messages]
            written = llama.written_by(self.name.lower(), said, asks)
            return self.source if written is None else written
        return sandbox.write(
            self.source,
            messages=[{"role": m.role, "content": given(m, parts)} for m in messages],
            add_generation_prompt=asks,
            bos_token=self.bos_text,
            eos_token=self.eos_text,
            strftime_now=self._date,
            tools=None,
            documents=None,
            **self.values,
        )

    def _date(self, form: str) -> str:
        self.dates.append(self.now.strftime(form))
        return self.dates[-1]


def given(message: Message, parts: Roles) -> str | list[dict[str, str]]:
    """A content as a template is given it."""
    text = message.content
    return [{"type": "text", "text": text}] if message.role in parts else text
