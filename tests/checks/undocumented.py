"""Finds the undocumented names that Doxygen does not warn about: enumerators,
concepts, macros, and namespaces with all that is in them. The argument is the folder of Doxygen's XML. Run it from
the top of the sources.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree as tree


def is_documented(node):
    return any("".join(part.itertext()).strip()
               for part in map(node.find, ("briefdescription",
                                           "detaileddescription"))
               if part is not None)


def place(node):
    location = node.find("location")
    return f"{location.get('file')}:{location.get('line')}"


def undocumented_in(folder):
    for path in sorted(folder.glob("*.xml")):
        top = tree.parse(path)
        for member in top.iter("memberdef"):
            for value in member.findall("enumvalue"):
                if not is_documented(value):
                    yield (f"{place(member)}: {member.findtext('name')}::"
                           f"{value.findtext('name')} is not documented")
        for compound in top.iter("compounddef"):
            name = compound.findtext("compoundname")
            if (compound.get("kind") in ("concept", "namespace")
                    and name.startswith("troupe") and not is_documented(compound)):
                yield f"{place(compound)}: {name} is not documented"


def undocumented_macros():
    for room in ("runtime", "actors", "actors/nodes"):
        for header in sorted(pathlib.Path(room, "troupe").glob("*.hpp")):
            before = ""
            for number, line in enumerate(header.read_text().splitlines(), 1):
                match = re.match(r"\s*#\s*define\s+(\w+)", line)
                if match and not before.lstrip().startswith("///"):
                    yield f"{header}:{number}: {match[1]} is not documented"
                before = line


found = [*undocumented_in(pathlib.Path(sys.argv[1])), *undocumented_macros()]
print("\n".join(found))
sys.exit(1 if found else 0)
