"""Writes docs/rules.md: the public rules and providers, as their own files say.

    rule_reference.py ROOT > rules.md

Runs defs.bzl and all that it loads from the stages below ROOT. Starlark is near
enough to Python for what rule files do when they are loaded; `rule`, `attr` and
`provider` keep what they are told instead of making anything. What a file loads
from elsewhere (//bazel, //third_party, @bazel_skylib) is a name without meaning.
"""

import sys
import types

_STAGES = ["packager", "evaluator", "release"]

_HEAD = """# Rules

What `load("@pedigree//:defs.bzl", ...)` gives. Written from the rules' own
documentation by `bazel run //docs:rules.update`; edit that, not this page.
Attributes that every rule has (`name`, `tags`, `visibility` and the like) are left
out. A test rule takes the common attributes of tests, too.
"""


class Name:
    """Something that is only referred to."""

    def __init__(self, name):
        self.name = name

    def __call__(self, *args, **kwargs):
        return Name(str(args[0]) if args else self.name)

    def __getattr__(self, name):
        return Name(self.name + "." + name)


class Attribute:
    """What an `attr.<kind>` was told."""

    def __init__(self, kind, **told):
        self.kind = kind
        self.told = told


class Attributes:
    """The module `attr`."""

    def __getattr__(self, kind):
        return lambda **told: Attribute(kind, **told)


class Dicts:
    """`dicts` of Skylib, as far as rule files use it when they are loaded."""

    @staticmethod
    def add(*dictionaries):
        return {k: v for d in dictionaries for k, v in d.items()}


class Rule:
    """What `rule` was told; a call is a target of a macro that runs."""

    calls = []

    def __init__(self, implementation, doc, attrs, **told):
        del implementation
        self.doc = doc
        self.attributes = attrs
        self.told = told

    def __call__(self, **kwargs):
        Rule.calls.append((self, kwargs))


class Provider:
    """What `provider` was told."""

    def __init__(self, doc, fields):
        self.doc = doc
        self.fields = fields
        self.name = ""


class Files:
    """The rule files below a root, each run once."""

    def __init__(self, root):
        self.root = root
        self.globals = {}

    def run(self, label):
        """Returns the names that a file, "//package:file.bzl", defines."""
        if label in self.globals:
            return self.globals[label]
        path = self.root + "/" + label[2:].replace(":", "/").lstrip("/")
        names = {
            "Label": Name,
            "attr": Attributes(),
            "load": lambda *args, **kwargs: self.load(names, *args, **kwargs),
            "provider": Provider,
            "rule": Rule,
        }
        for builtin in ["DefaultInfo", "OutputGroupInfo", "config", "native", "struct"]:
            names[builtin] = Name(builtin)
        with open(path, encoding="utf-8") as file:
            exec(compile(file.read(), path, "exec"), names)
        self.globals[label] = names
        for name, value in names.items():
            if isinstance(value, Provider) and not value.name:
                value.name = name
        return names

    def load(self, names, label, *same, **renamed):
        package = label[2:].split("/")[0].split(":")[0]
        known = {"dicts": Dicts} if label == "@bazel_skylib//lib:dicts.bzl" else {}
        if label.startswith("//") and (package in _STAGES or not package):
            known = self.run(label)
        for new, old in [(name, name) for name in same] + list(renamed.items()):
            names[new] = known[old] if known else Name(old)


def indented_less(text):
    """A docstring's lines without their common indentation."""
    lines = text.strip().split("\n")
    indents = [len(l) - len(l.lstrip()) for l in lines[1:] if l.strip()]
    cut = min(indents, default=0)
    return "\n".join(lines[:1] + [line[cut:] for line in lines[1:]])


def split_arguments(docstring):
    """A macro's docstring: its text, and its `Args:` as a dict."""
    text, _, listed = indented_less(docstring).partition("\nArgs:\n")
    arguments = {}
    for line in listed.split("\n"):
        if line.startswith("  ") and not line.startswith("   "):
            name, _, told = line.strip().partition(": ")
            arguments[name] = told
        elif line.strip():
            arguments[name] += " " + line.strip()
    text = text.replace("See the documentation of the rule above.", "")
    return text.strip(), arguments


def cell(text):
    """A text on one line of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def sentence(text):
    """A cell that starts and ends as a sentence does."""
    text = cell(text)
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def shown(value):
    """A default as it is written in a BUILD file."""
    if isinstance(value, Name):
        return "`%s`" % value.name
    if isinstance(value, str):
        return "`\"%s\"`" % value
    return "`%s`" % (value,)


_EMPTY = {"bool": False, "int": 0, "string": ""}


def default_of(attribute):
    told = attribute.told
    if told.get("mandatory"):
        return "required"
    if "default" in told:
        return shown(told["default"])
    if attribute.kind in _EMPTY:
        return shown(_EMPTY[attribute.kind])
    if attribute.kind.endswith("dict"):
        return "`{}`"
    return "`[]`" if attribute.kind.endswith("list") else "none"


def told_values(told):
    """What an attribute takes, besides its type."""
    text = ""
    if told.get("values"):
        text += " One of %s." % ", ".join("`%s`" % v for v in told["values"] if v)
    # All of a list, or all of one of several lists.
    wanted = told.get("providers", [])
    either = wanted if wanted and isinstance(wanted[0], list) else [wanted]
    if wanted:
        text += " With %s." % " or ".join(
            ", ".join("`%s`" % p.name for p in each) for each in either)
    return text


def attribute_row(name, attribute):
    return (name, attribute.kind, default_of(attribute),
            sentence(attribute.told["doc"]) + told_values(attribute.told))


def public_rows(rule):
    return {name: attribute_row(name, attribute)
            for name, attribute in rule.attributes.items()
            if not name.startswith("_")}


def macro_rows(macro, arguments):
    """Rows of a macro, from its arguments and the rule that it calls first."""
    code = macro.__code__
    parameters = code.co_varnames[:code.co_argcount]
    optional = parameters[len(parameters) - len(macro.__defaults__ or ()):]
    Rule.calls.clear()
    macro(**{name: name for name in parameters if name not in optional})
    rule, given = Rule.calls[0]
    rows = public_rows(rule)
    for name in given:
        if name not in parameters:
            rows.pop(name, None)
    for name in parameters:
        if name in ["name", "tags"]:
            continue
        row = rows.get(name, (name, "label", "required", sentence(arguments[name])))
        if name in optional:
            row = (row[0], row[1], "none", row[3])
        rows[name] = row
    return rule, rows


def table(head, rows):
    lines = ["| %s |" % " | ".join(row) for row in [head] + rows]
    return "\n".join([lines[0], "| --- " * len(head) + "|"] + lines[1:])


def rule_section(name, value):
    texts = []
    rule = value
    if isinstance(value, Rule):
        rows = public_rows(rule)
    else:
        text, arguments = split_arguments(value.__doc__)
        rule, rows = macro_rows(value, arguments)
        texts.append(text)
    # The rule of some macros only says that the macro is what to read.
    if "see the macro" not in rule.doc:
        texts.append(indented_less(rule.doc))
    section = ["## " + name] + texts
    provided = [p.name for p in rule.told.get("provides", [])]
    if provided:
        section.append("Provides `%s`." % "`, `".join(provided))
    section.append(table(
        ("attribute", "type", "default", "what"),
        [("`%s`" % r[0], r[1], r[2], r[3]) for r in
         sorted(rows.values(), key=lambda r: (r[2] != "required", r[0]))]))
    return "\n\n".join(section)


def provider_section(name, provider):
    return "\n\n".join([
        "### " + name,
        provider.doc,
        table(("field", "what"), [("`%s`" % field, cell(what))
                                  for field, what in provider.fields.items()]),
    ])


def is_macro(value):
    return isinstance(value, types.FunctionType) and value.__doc__


def reference(root):
    files = Files(root)
    public = files.run("//:defs.bzl")
    rules = {name: value for name, value in public.items()
             if not name.startswith("_") and
             (isinstance(value, Rule) or is_macro(value))}
    sections = [_HEAD.strip(), table(
        ("rule", "what"),
        [("[%s](#%s)" % (name, name), sentence(summary(rules[name])))
         for name in sorted(rules)])]
    sections += [rule_section(name, rules[name]) for name in sorted(rules)]
    sections.append("## Providers\n\nFor rules of your own, from `//STAGE:defs.bzl`.")
    for stage in _STAGES:
        sections += [provider_section(name, value)
                     for name, value in files.run("//%s:defs.bzl" % stage).items()
                     if isinstance(value, Provider) and not name.startswith("_")]
    return "\n\n".join(sections) + "\n"


def summary(rule):
    """The first line of a rule's documentation."""
    doc = rule.doc if isinstance(rule, Rule) else rule.__doc__
    return doc.strip().split("\n")[0]


if __name__ == "__main__":
    sys.stdout.write(reference(sys.argv[1]))
