"""What a small Python function returns, worked out step by step and never run.

Arithmetic, comparisons, lists, conditions and loops; nothing else has a meaning here, so nothing can be
touched. What is more than that, or takes too long, is TooMuch, and a person must judge.
"""

import ast
import operator
from collections.abc import Callable, Sequence
from typing import Any

import regex

MAX_STEPS = 20_000
MAX_NUMBER = 10**12
MAX_ITEMS = 1000
MAX_NODES = 2_000


class NoFunction(ValueError):
    """Why there is no such function; the text follows an answer's name."""


class TooMuch(Exception):
    """What can't be worked out here."""


class _Returned(Exception):
    """The end of a function; the value is its argument."""


class _Left(Exception):
    """`break`; `continue` is its subclass."""


class _Next(_Left):
    """`continue`."""


_BINARY: dict[type, Callable] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_, ast.BitXor: operator.xor,
}  # fmt: skip
_UNARY: dict[type, Callable] = {
    ast.Not: operator.not_,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
}
_COMPARED: dict[type, Callable] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Is: operator.is_, ast.IsNot: operator.is_not,
    ast.In: lambda a, b: a in b, ast.NotIn: lambda a, b: a not in b,
}  # fmt: skip
_CALLED: dict[str, Callable] = {
    "abs": abs, "bool": bool, "int": int, "float": float, "len": len, "max": max, "min": min, "sum": sum,
    "divmod": divmod, "round": round, "sorted": sorted, "list": list, "range": range, "any": any, "all": all,
    "str": str, "print": lambda *_: None, "isinstance": isinstance,
}  # fmt: skip
_TYPES = {"int": int, "float": float, "bool": bool, "str": str}


def function(answer: str, name: str) -> ast.FunctionDef | ast.Lambda:
    """The last function of this name in an answer's code. Raises NoFunction."""
    found = None
    for block in _blocks(answer, name):
        try:
            tree = ast.parse(block)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in tree.body:
            match node:
                case ast.FunctionDef(name=defined) if defined == name:
                    found = node
                case ast.Assign(targets=[ast.Name(id=defined)], value=ast.Lambda() as value):
                    found = value if defined == name else found
    if found is None:
        raise NoFunction(f"has no function {name} that can be read")
    return found


def _blocks(answer: str, name: str) -> list[str]:
    """What may be code: what is fenced; else what is indented under a `def`, line by line."""
    fenced = regex.findall(r"```[^\n]*\n(.*?)(?:```|\Z)", answer, flags=regex.DOTALL)
    if fenced:
        return fenced
    lines = answer.strip().strip("`").splitlines()
    blocks = []
    for i, line in enumerate(lines):
        if regex.match(rf"def {name}\b|{name}\s*=\s*lambda\b", line):
            end = next((j for j in range(i + 1, len(lines)) if lines[j][:1].strip()), len(lines))
            blocks.append("\n".join(lines[i:end]))
    return blocks


def call(of: ast.FunctionDef | ast.Lambda, arguments: Sequence[Any]) -> Any:
    """What it returns; its prints are nothing. Raises TooMuch."""
    if sum(1 for _ in ast.walk(of)) > MAX_NODES:
        raise TooMuch("it is long")
    try:
        return _Working(of).call(arguments)
    except (_Left, RecursionError) as error:
        raise TooMuch("it doesn't end") from error


class _Working:
    """One function being worked out."""

    def __init__(self, of: ast.FunctionDef | ast.Lambda):
        self.of = of
        self.left = MAX_STEPS
        self.depth = 0

    def call(self, arguments: Sequence[Any]) -> Any:
        parameters = [each.arg for each in self.of.args.args]
        if len(parameters) != len(arguments):
            return f"no value, since it takes {len(parameters)} arguments"
        self.depth += 1
        if self.depth > 100:
            raise TooMuch("it calls itself without end")
        names = dict(zip(parameters, arguments, strict=True))
        try:
            if isinstance(self.of, ast.Lambda):
                return self.value(self.of.body, names)
            self.block(self.of.body, names)
        except _Returned as returned:
            return returned.args[0]
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            return f"no value, but {type(error).__name__}"
        finally:
            self.depth -= 1
        return None

    def block(self, statements: Sequence[ast.stmt], names: dict[str, Any]) -> None:
        for statement in statements:
            self.step()
            self.statement(statement, names)

    def step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise TooMuch("it takes long")

    def statement(self, statement: ast.stmt, names: dict[str, Any]) -> None:
        match statement:
            case ast.Return(value=value):
                raise _Returned(self.value(value, names) if value else None)
            case ast.Expr(value=value):
                self.value(value, names)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                names[name] = self.value(value, names)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                names[name] = self.value(value, names)
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
                names[name] = self.binary(op, names[name], self.value(value, names))
            case ast.If(test=test, body=body, orelse=orelse):
                self.block(body if self.value(test, names) else orelse, names)
            case ast.For(target=ast.Name(id=name), iter=iterated, body=body, orelse=[]):
                self.loop(name, self.value(iterated, names), body, names)
            case ast.While(test=test, body=body, orelse=[]):
                while self.value(test, names) and self.once(body, names):
                    self.step()
            case ast.Pass():
                pass
            case ast.Break():
                raise _Left
            case ast.Continue():
                raise _Next
            case _:
                raise TooMuch(f"it has a statement of the kind {type(statement).__name__}")

    def loop(self, name: str, items: Any, body: Sequence[ast.stmt], names: dict[str, Any]) -> None:
        for item in items:
            names[name] = item
            self.step()
            if not self.once(body, names):
                break

    def once(self, body: Sequence[ast.stmt], names: dict[str, Any]) -> bool:
        """Once through a loop; whether to go on."""
        try:
            self.block(body, names)
        except _Next:
            return True
        except _Left:
            return False
        return True

    def value(self, node: ast.expr, names: dict[str, Any]) -> Any:
        self.step()
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self.named(name, names)
            case ast.BinOp(left=left, op=op, right=right):
                return self.binary(op, self.value(left, names), self.value(right, names))
            case ast.UnaryOp(op=op, operand=operand):
                return _UNARY[type(op)](self.value(operand, names))
            case ast.BoolOp(op=op, values=values):
                return self.both(isinstance(op, ast.And), values, names)
            case ast.Compare(left=left, ops=ops, comparators=others):
                values = [self.value(each, names) for each in (left, *others)]
                return all(
                    _COMPARED[type(op)](*pair)
                    for op, *pair in zip(ops, values, values[1:], strict=False)
                )
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self.value(body if self.value(test, names) else orelse, names)
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                return [self.value(each, names) for each in parts]
            case ast.Subscript(value=value, slice=ast.Slice(lower=low, upper=high, step=None)):
                ends = (end and self.value(end, names) for end in (low, high))
                return self.value(value, names)[slice(*ends)]
            case ast.Subscript(value=value, slice=index):
                return self.value(value, names)[self.value(index, names)]
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self.called(name, [self.value(each, names) for each in arguments])
            case ast.Attribute(value=ast.Name(id="math"), attr="inf"):
                return float("inf")
        raise TooMuch(f"it has an expression of the kind {type(node).__name__}")

    def named(self, name: str, names: dict[str, Any]) -> Any:
        known = _TYPES | names
        if name not in known:
            raise TooMuch(f"it uses {name}")
        return known[name]

    def both(self, stop: bool, values: Sequence[ast.expr], names: dict[str, Any]) -> Any:
        for each in values:
            value = self.value(each, names)
            if bool(value) is not stop:
                break
        return value

    def binary(self, op: ast.operator, left: Any, right: Any) -> Any:
        if type(op) not in _BINARY:
            raise TooMuch(f"it has an operator of the kind {type(op).__name__}")
        if isinstance(op, ast.Mult | ast.Mod) and not _numbers(left, right):
            raise TooMuch("it multiplies what is no number")
        return _bounded(_BINARY[type(op)](left, right))

    def called(self, name: str, arguments: list[Any]) -> Any:
        if isinstance(self.of, ast.FunctionDef) and name == self.of.name:
            return self.call(arguments)
        if name not in _CALLED:
            raise TooMuch(f"it calls {name}")
        return _bounded(_CALLED[name](*arguments))


def _numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) for value in values)


def _bounded(value: Any) -> Any:
    if isinstance(value, int) and abs(value) > MAX_NUMBER:
        raise TooMuch("its numbers are large")
    if isinstance(value, list | str | range) and len(value) > MAX_ITEMS:
        raise TooMuch("its lists are long")
    return value
