# SPDX-License-Identifier: Apache-2.0
"""A use profile: what somebody means to do with a model."""

import msgspec

Figure = int | float


class Use(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody means to do, and who they are; None is *not known*, never zero and never no.

    Attributes:
        commercial: Whether for business or payment.
        mau: Monthly active users now, of all products and affiliates.
        mau_at_release: Those of the calendar month before the licence's version was released.
        dau: Daily active users.
        revenue_month_usd: Revenue in a month, US dollars, affiliates included.
        revenue_year_usd: Revenue in a year, US dollars, affiliates included.
        revenue_12_months_usd: Revenue in the last twelve months, US dollars, affiliates included.
        domicile: Where they live or have their principal place of business: ISO 3166 code, or `EU`.
        serves: Where those are who get the service or the copies: such codes, or `WORLD`.
        entity: What they are, such as `company`, `nonprofit`, `university`, `individual`, `end_user`.
        fine_tune: Whether the model is changed.
        distribute: Whether weights are handed on: those of the model, or of one made from it.
        host: Whether it is offered to others as a service.
        product: Whether it is built into a product.
        train_others: Whether another model is trained on its outputs.
        publish: Whether something is published about it.
        name: Name under which the result is published.
        field: What it is used for, such as `military`; short names.
        competes: Whether they compete with a licensor of the chain.
        runs_model_as_a_service: Whether they, or an affiliate, sell access to models.
    """

    commercial: bool | None = None
    mau: Figure | None = None
    mau_at_release: Figure | None = None
    dau: Figure | None = None
    revenue_month_usd: Figure | None = None
    revenue_year_usd: Figure | None = None
    revenue_12_months_usd: Figure | None = None
    domicile: str | None = None
    serves: tuple[str, ...] | None = None
    entity: str | None = None
    fine_tune: bool | None = None
    distribute: bool | None = None
    host: bool | None = None
    product: bool | None = None
    train_others: bool | None = None
    publish: bool | None = None
    name: str | None = None
    field: tuple[str, ...] | None = None
    competes: bool | None = None
    runs_model_as_a_service: bool | None = None
