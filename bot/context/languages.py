"""Define the languages whose code is parsed, and how each writes a definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Language:
    """A language and its parser."""

    name: str
    grammar: str  # the parser's name
    extensions: tuple[str, ...]
    definitions: Mapping[str, str]  # from a syntax node to the kind of symbol it defines
    # nodes that define a function only where their value is one (``const f = () => 1``)
    valued: frozenset[str] = frozenset()
    comment: str = "//"


_SCRIPT = {
    "function_declaration": "function", "generator_function_declaration": "function", "class_declaration": "class",
    "method_definition": "function", "variable_declarator": "function", "pair": "function",
    "assignment_expression": "function",
}  # fmt: skip
_TYPED = _SCRIPT | {
    "abstract_class_declaration": "class", "interface_declaration": "interface", "enum_declaration": "enum",
    "type_alias_declaration": "type", "internal_module": "module", "public_field_definition": "function",
}  # fmt: skip
_VALUED = frozenset(
    ("variable_declarator", "public_field_definition", "field_definition", "pair", "assignment_expression")
)
_C = {
    "function_definition": "function", "struct_specifier": "struct", "union_specifier": "struct",
    "enum_specifier": "enum", "type_definition": "type", "preproc_function_def": "macro",
}  # fmt: skip

LANGUAGES = (
    Language(
        "python", "python", ("py", "pyi", "pyx"),
        {"function_definition": "function", "class_definition": "class"}, comment="#",
    ),
    Language(
        "javascript", "javascript", ("js", "jsx", "mjs", "cjs"), _SCRIPT | {"field_definition": "function"}, _VALUED,
    ),
    Language("typescript", "typescript", ("ts", "mts", "cts"), _TYPED, _VALUED),
    Language("tsx", "tsx", ("tsx",), _TYPED, _VALUED),
    Language(
        "go", "go", ("go",),
        {"function_declaration": "function", "method_declaration": "function", "type_spec": "type"},
    ),
    Language(
        "rust", "rust", ("rs",),
        {"function_item": "function", "function_signature_item": "function", "struct_item": "struct",
         "enum_item": "enum", "union_item": "struct", "trait_item": "trait", "impl_item": "impl",
         "mod_item": "module", "type_item": "type", "macro_definition": "macro"},
    ),
    Language(
        "java", "java", ("java",),
        {"class_declaration": "class", "interface_declaration": "interface", "enum_declaration": "enum",
         "record_declaration": "class", "annotation_type_declaration": "interface",
         "method_declaration": "function", "constructor_declaration": "function"},
    ),
    Language("c", "c", ("c",), _C),
    Language(
        "cpp", "cpp", ("cc", "cpp", "cxx", "c++", "h", "hh", "hpp", "hxx", "ipp", "inl", "cu", "cuh"),
        _C | {"class_specifier": "class", "namespace_definition": "module"},
    ),
    Language(
        "csharp", "csharp", ("cs",),
        {"class_declaration": "class", "struct_declaration": "struct", "interface_declaration": "interface",
         "enum_declaration": "enum", "record_declaration": "class", "method_declaration": "function",
         "constructor_declaration": "function", "property_declaration": "property",
         "local_function_statement": "function"},
    ),
    Language(
        "ruby", "ruby", ("rb", "rake", "gemspec"),
        {"method": "function", "singleton_method": "function", "class": "class", "module": "module"}, comment="#",
    ),
    Language(
        "php", "php", ("php",),
        {"function_definition": "function", "method_declaration": "function", "class_declaration": "class",
         "interface_declaration": "interface", "trait_declaration": "trait", "enum_declaration": "enum"},
    ),
    Language(
        "kotlin", "kotlin", ("kt", "kts"),
        {"function_declaration": "function", "class_declaration": "class", "object_declaration": "class"},
    ),
)  # fmt: skip

TYPES = frozenset(("class", "struct", "interface", "trait", "impl", "enum", "type", "module"))
_BY_NAME = {language.name: language for language in LANGUAGES}
_BY_EXTENSION = {extension: language for language in LANGUAGES for extension in language.extensions}


def language_of(path: str) -> Language | None:
    """Return the language of a path's extension; None for plain text."""
    return _BY_EXTENSION.get(PurePosixPath(path).suffix.removeprefix(".").lower())


def language_named(name: str) -> Language | None:
    return _BY_NAME.get(name)
