"""Reads the tables of the sources (.def files), which the man pages and the completions are made from."""
import ast
import re

import tree


def rows(path, macro):
    """The arguments of each MACRO(...) row of a .def file, as Python values; words of C stay words."""
    for line in tree.read(path).split('\n'):
        match = re.match(rf'{macro}\((.*)\)\s*$', line)
        if match:
            yield [value(part) for part in split(match.group(1))]


def split(text):
    """Arguments parted by commas outside of quotes."""
    return [part.strip() for part in re.findall(r'(?:"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)\'|[^,"\'])+', text)]


def value(word):
    if word.startswith(('"', "'")):
        return ast.literal_eval(word)
    return None if word in ('NULL', '0') else word
