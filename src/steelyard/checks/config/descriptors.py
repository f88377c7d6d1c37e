# SPDX-License-Identifier: Apache-2.0
"""Kinds of findings of the probe `config`."""

from steelyard.core.claim import Severity
from steelyard.core.probe import Descriptor

_DO_NOT_LOAD = "Do not load the configuration; take it from the original model"
_LOOK = "Find out what the name stands for before you load the configuration"

DANGEROUS_TARGET = Descriptor(
    id="config.dangerous-target",
    severity=Severity.CRITICAL,
    title="A configuration names a callable that reaches outside",
    page="""
A configuration tells a library to import and call something: `_target_` (hydra, NeMo), `_component_`
(torchtune), `class_path` (Lightning), `loader_module` (MLflow), `target` (latent diffusion), or a YAML tag such as `!new:` or
`!!python/object/apply:`. What it names runs commands or code, loads pickles or native libraries, or
writes files. The library calls it with the arguments that stand beside it when the model is built.
""",
    remedy=_DO_NOT_LOAD,
)
STANDARD_TARGET = Descriptor(
    id="config.standard-target",
    severity=Severity.HIGH,
    title="A configuration names something of the standard library",
    page="""
A configuration names a callable of Python's standard library, and not one of the plain types that
configurations of real models build (`pathlib.Path`, `datetime.timedelta`, `functools.partial` ...). No
layer of a model lives there; the usual reason to name one is to reach something else through it.
""",
    remedy=_DO_NOT_LOAD,
)
FUNCTION_TARGET = Descriptor(
    id="config.function-target",
    severity=Severity.MEDIUM,
    title="A configuration calls a function of a library",
    page="""
A configuration names a function, or a method, of a library that models use. It is not one of those that
are known to build layers, optimizers or transforms, so what calling it does is for a person to look at.
""",
    remedy=_LOOK,
)
UNKNOWN_TARGET = Descriptor(
    id="config.unknown-target",
    severity=Severity.MEDIUM,
    title="A configuration names a class of a library that is not known here",
    page="""
A configuration names a callable of a package that no list here knows: code of the author, or of a
library that few models use. Loading the configuration imports that package and calls it.
""",
    remedy=_LOOK,
)
OBJECT_TAG = Descriptor(
    id="config.object-tag",
    severity=Severity.HIGH,
    title="A YAML tag constructs Python objects",
    page="""
A tag such as `!!python/object:` or `!!python/name:` makes `yaml.unsafe_load` (and loaders of old
versions of PyYAML) import a module and construct or name something of it. Safe loaders refuse the
document, so no configuration of a real model needs such a tag.
""",
    remedy="Load YAML with a safe loader only, and remove the tag",
)
INCLUDE = Descriptor(
    id="config.include",
    severity=Severity.HIGH,
    title="A configuration takes in a file from elsewhere",
    page="""
A tag such as `!include:` of HyperPyYAML puts another file in its place, and honours the tags in that file
as well. The path is absolute, climbs out of the model's folder or is an address, so what is built and
called is decided by a file that does not come with the model; or the file is not named as YAML, so that nobody
takes it for a configuration, and its tags were not looked at (medium).
""",
    remedy="Read the file that is named, and put it into the model's folder as YAML",
)
DUPLICATE_KEY = Descriptor(
    id="config.duplicate-key",
    severity=Severity.MEDIUM,
    title="An object has two members of the same name",
    page="""
Parsers disagree about which of two members of the same name counts: Python's takes the last, others
the first, strict ones refuse. A configuration can so say one thing to the tool that checks it and
another to the tool that loads it. Both values were examined here.
""",
    remedy="Keep the one that is meant",
)
NOT_PARSED = Descriptor(
    id="config.not-parsed",
    severity=Severity.LOW,
    title="A configuration cannot be parsed",
    page="""
The file is named as JSON or YAML, or begins like it, but cannot be parsed to its end. Loaders will
refuse it, or read what other parsers do not. Where something in it might matter, a gap in `coverage`
says that it was not examined.
""",
    remedy="Repair the file, or remove it if nothing needs it",
)
OTHER_INDEX = Descriptor(
    id="config.other-index",
    severity=Severity.MEDIUM,
    title="Requirements come from another package index",
    page="""
A requirements file, project file or conda environment makes the installer ask an index or a list of
links other than PyPI and the well-known ones of PyTorch and NVIDIA. Whoever runs it decides what gets
installed, also under the names of well-known packages.
""",
    remedy="Install from an index you trust, with versions and hashes pinned",
)
DIRECT_REQUIREMENT = Descriptor(
    id="config.direct-requirement",
    severity=Severity.MEDIUM,
    title="A package is installed straight from an address",
    page="""
A requirement names a repository or a file at an address instead of a released package. What is there
can change at any time, and installing it runs its code.
""",
    remedy="Use a released version, or pin a commit that you have read",
)
LOCAL_REQUIREMENT = Descriptor(
    id="config.local-requirement",
    severity=Severity.MEDIUM,
    title="A package is installed from a file",
    page="""
A requirement names an archive or folder, of the model or of the machine. Installing it runs its code,
which is not that of any published package.
""",
    remedy="Use a released version of the package",
)
UNCHECKED_HOST = Descriptor(
    id="config.unchecked-host",
    severity=Severity.MEDIUM,
    title="A host is trusted without its certificate",
    page="""
The option `--trusted-host` switches off the check of a package host's certificate, so that anybody on
the way can replace the packages.
""",
    remedy="Remove the option",
)
OTHER_BASE = Descriptor(
    id="config.other-base",
    severity=Severity.MEDIUM,
    title="A Modelfile builds on a file from elsewhere",
    page="""
`FROM` or `ADAPTER` of a Modelfile names an address, an absolute path, or one that climbs out of the folder. What
runs is then not the model that was looked at, but whatever lies there on the machine that builds it.
""",
    remedy="Name a file of the folder, or a model of a registry with its tag",
)
REMOTE_STEP = Descriptor(
    id="config.remote-step",
    severity=Severity.MEDIUM,
    title="A container build fetches something and uses it",
    page="""
A Dockerfile adds a file from an address, or downloads something and runs it in the same step. What the
image contains is decided by whoever controls the address when it is built.
""",
    remedy="Pin what is fetched by its digest, or copy it into the build",
)

DESCRIPTORS = (
    DANGEROUS_TARGET,
    STANDARD_TARGET,
    FUNCTION_TARGET,
    UNKNOWN_TARGET,
    OBJECT_TAG,
    INCLUDE,
    DUPLICATE_KEY,
    NOT_PARSED,
    OTHER_INDEX,
    DIRECT_REQUIREMENT,
    LOCAL_REQUIREMENT,
    UNCHECKED_HOST,
    OTHER_BASE,
    REMOTE_STEP,
)
