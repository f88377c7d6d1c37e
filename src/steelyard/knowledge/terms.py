# SPDX-License-Identifier: Apache-2.0
"""The shape of a licence: what its text says, and with which section.

Every file of `licences/` is one `Licence`; `licences/README.md` explains how to add one.
"""

from typing import Literal

import msgspec

Value = Literal["yes", "no", "if", "silent", "unknown"]
"""What a text says: `silent` = nothing, `unknown` = that part was not read or not verified."""

May = Literal["no", "unknown", "if", "yes"]
"""What may be built on, worst first."""

Question = Literal["use", "commercial", "redistribute", "derivatives", "hosted_service"]
QUESTIONS: tuple[Question, ...] = (
    "use",
    "commercial",
    "redistribute",
    "derivatives",
    "hosted_service",
)
"""run at all | for business or payment | hand on unchanged | modify, fine-tune, merge, quantise |
offer to third parties as a service."""

Read = Literal["full", "operative", "standard", "part", "secondary", "none"]
"""whole text | its grant, conditions, limits and outputs | well-known text, not read anew | parts only |
not the text but cards or reports of it | known by name only."""

Kind = Literal[
    "permissive",
    "copyleft",
    "public-domain",
    "data",
    "rail",
    "community",
    "nc",
    "nd",
    "research",
    "unknown",
]
Trigger = Literal[
    "use",
    "modify",
    "redistribute",
    "derivative",
    "hosted",
    "derivative_hosted",
    "product",
    "train_on_outputs",
    "commercial",
    "publication",
]
Duty = Literal[
    "include_licence",
    "notice_file",
    "retain_notices",
    "state_changes",
    "display",
    "name_prefix",
    "passdown",
    "aup",
    "use_latest",
    "register",
    "share_alike",
    "source",
    "machine_generated_label",
    "seek_health_authorisation",
]
Metric = Literal[
    "mau",
    "dau",
    "revenue_month_usd",
    "revenue_year_usd",
    "revenue_12_months_usd",
    "competes_with_licensor",
]
Effect = Literal[
    "needs_licence", "no_rights", "licence_ends", "commercial_barred", "display_required"
]


class Term(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A value, and the section it rests on."""

    value: Value
    section: str


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Grants(_Strict, frozen=True, kw_only=True):
    """What the text grants."""

    use: Term
    commercial: Term
    redistribute: Term
    derivatives: Term
    hosted_service: Term
    sublicense: Term
    patent_grant: Term
    irrevocable: Term


class Threshold(_Strict, frozen=True, kw_only=True):
    """A figure of the licensee above which something changes.

    Attributes:
        metric: Monthly or daily active users, revenue in US dollars, or competing at all.
        over: Strictly more than this; with `inclusive` this much too. True for `competes_*`.
        scope: Whose figure.
        at: That of the calendar month before the release, or at any time.
        effect: What follows.
        section: Where the text says so.
        inclusive: Whether just so much counts as over.
        only_if: Further condition.
    """

    metric: Metric
    over: int | bool
    scope: str
    at: Literal["version_release_date", "ongoing"]
    effect: Effect
    section: str
    inclusive: bool = False
    only_if: str = ""

    @property
    def commercial_alone(self) -> bool:
        """Tell whether it looks at commercial use alone."""
        own_product = self.scope.startswith("your commercial product")
        return self.effect == "commercial_barred" or own_product


class Obligation(_Strict, frozen=True, kw_only=True):
    """A duty.

    Attributes:
        when: What triggers it.
        do: What to do.
        section: Where the text says so.
        text: Words to display or to put into a file, or the beginning of a name.
        only_if: `threshold` | `family:<name>` | `snapshot:<file>`: the duty exists only then.
    """

    when: tuple[Trigger, ...]
    do: Duty
    section: str
    text: str = ""
    only_if: str = ""


class Outputs(_Strict, frozen=True, kw_only=True):
    """What the text says of what the model puts out."""

    train_other_models: Term | None = None
    distil_is_derivative: Term | None = None
    commercial_use_of_output: Term | None = None
    licensor_claims_output: Term | None = None
    licensor_owns_output: Term | None = None
    licensee_owns_output: Term | None = None
    output_must_respect_limits: Term | None = None


class Territory(_Strict, frozen=True, kw_only=True):
    """Regions the text shuts out.

    Attributes:
        barred: Countries and groups of countries.
        who: Whom it shuts out, in words.
        applies_to: Any model under the text, or those that take more than text only.
        section: Where the text says so.
        by: What counts: where the licensee is at home, whom it serves, or both.
        exempt: Who is not shut out, in words.
        exempt_entities: The same, as use profiles have it.
        note: Anything else.
    """

    barred: tuple[str, ...]
    who: str
    applies_to: Literal["any", "multimodal"]
    section: str
    by: tuple[Literal["domicile", "serves"], ...] = ("domicile", "serves")
    exempt: str = ""
    exempt_entities: tuple[str, ...] = ()
    note: str = ""


class Exclusion(_Strict, frozen=True, kw_only=True):
    """Licensees whom the text grants something less than others.

    Attributes:
        entities: What they are, as use profiles have it.
        questions: What they are not granted.
        section: Where the text says so.
    """

    entities: tuple[str, ...]
    questions: tuple[Question, ...]
    section: str


class UsePolicy(_Strict, frozen=True, kw_only=True):
    """An acceptable-use policy the text takes in; it may change under the same address."""

    incorporated: Term
    url: str
    changes_over_time: Value


class Termination(_Strict, frozen=True, kw_only=True):
    """How the licence ends."""

    section: str
    breach: str = ""
    on_end: str = ""
    litigation: str = ""
    remote_restriction: Value = "silent"


class Conflict(_Strict, frozen=True, kw_only=True):
    """A place where the text pulls two ways: reported with both sections, never resolved."""

    topic: str
    sections: tuple[str, ...]
    say: str


class Licence(_Strict, frozen=True, kw_only=True):
    """One licence text, as far as it was read; facts in our own words, not legal advice.

    Attributes:
        id: Our name for the text: the SPDX id where there is one.
        name: Name for people.
        spdx_or_ref: SPDX id, or ScanCode's LicenseRef, or None.
        hf_tags: Values of `license:` in a model card that may mean this text.
        aliases: Other names it goes by; a name may belong to several texts.
        families: Where the text is usually met; a hint, never a fact about a model.
        osi_approved: Whether the Open Source Initiative approved it.
        read: How much of the text the facts rest on.
        rechecked: Whether the operative clauses were compared with the text a second time.
        sources: Where the text was read.
        as_of: Date of the facts, YYYY-MM-DD.
        url: Of the text or its use policy.
        release_date: The date that thresholds `at: version_release_date` look at.
        facts: What it grants.
        excluded: Licensees it grants less.
        field_of_use_barred: Short names; `see_policy` = listed outside the text.
    """

    id: str
    name: str
    spdx_or_ref: str | None
    hf_tags: tuple[str, ...]
    aliases: tuple[str, ...]
    families: str
    kind: Kind
    osi_approved: bool
    read: Read
    rechecked: bool
    sources: tuple[str, ...]
    as_of: str
    url: str
    facts: Grants
    release_date: str = ""
    thresholds: tuple[Threshold, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    outputs: Outputs = Outputs()
    geo: tuple[Territory, ...] = ()
    excluded: tuple[Exclusion, ...] = ()
    aup: UsePolicy | None = None
    field_of_use_barred: tuple[str, ...] = ()
    termination: Termination | None = None
    conflicts: tuple[Conflict, ...] = ()
    law: str = ""
    notes: tuple[str, ...] = ()
