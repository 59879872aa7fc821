# SPDX-FileCopyrightText: 2026 The maar authors
# SPDX-License-Identifier: MIT
"""What a picture shows, said in words: who wins and by what factor, ours when it loses first of all."""
from plot import factor, number


def amount(figure, row):
    return f"{number(row.median / figure.divide)} {figure.unit}"


def span(c):
    ends = sorted((flip(c.low, c), flip(c.high, c)))
    return f" ({factor(ends[0])} to {factor(ends[1])} over the rounds)"


def flip(x, c):
    """A factor as it is said: of a loss, by how much the other is better."""
    return 1 / x if c.loses else x


def by(c):
    if c.factor is None:
        return ""
    return f" by a factor of {factor(flip(c.factor, c))}{span(c)}" + ("" if c.always else ", but not in every round")


def verdict(figure):
    """(True if maar loses, None if nobody is there to compare with; one sentence)."""
    ours, peer = figure.best("ours"), figure.best("peer")
    what = f"{figure.what}: " if figure.what else ""
    if not ours or not peer:
        if not ours and not peer:
            return None, what + "The machine's own limits; nobody competes."
        if ours:
            return None, f"{what}{ours.name} ({amount(figure, ours)}) has no peer here."
        return None, f"{what}maar has no figure; the best peer is {peer.name}, {amount(figure, peer)}."
    c = figure.verdict()
    if not c:
        return None, f"{what}no difference between {ours.name} and {peer.name}, {amount(figure, ours)}."
    first, second = (peer, ours) if c.loses else (ours, peer)
    return c.loses, (
        f"{what}{'maar loses' if c.loses else 'maar wins'}{by(c)}: {first.name}, {amount(figure, first)}, before "
        f"{second.name}, {amount(figure, second)}."
    )


def beside(figure):
    """Further sentences: forms of ours that lose, peers of another order, the machine, aims, rows without a figure."""
    said = []
    what = f"{figure.what}: " if figure.what else ""
    ours, peer = figure.of("ours"), figure.best("peer")
    c = figure.verdict()
    if c and len(ours) > 1:
        behind = [r.name for r in ours if figure.compare(r, peer).loses]
        if behind and not c.loses:
            said.append(f"{what}Of maar's {len(ours)} forms {len(behind)} lose to {peer.name}: {', '.join(behind)}.")
    for r in figure.of("loose"):
        f = ours and figure.factor(r.median, ours[0].median)
        if f and f > 1:
            said.append(f"{what}{r.name}, which keeps the order of each producer alone, is better by a factor of {factor(f)}.")
    for r in figure.of("machine"):
        f = ours and figure.factor(r.median, ours[0].median)
        if f:
            said.append(f"{what}The machine, {r.name}: {amount(figure, r)}, {factor(f)} times as good as the best of maar's.")
    aims = figure.targets()
    missed = [f"{name}: {text}" for name, text, met in aims if met is False]
    unknown = [f"{name}: {text}" for name, text, met in aims if met is None]
    if aims:
        said.append(f"Of {len(aims)} aims {len(missed)} {'is' if len(missed) == 1 else 'are'} missed" +
                    (": " + "; ".join(missed) if missed else "") + "." +
                    (f" Not known: {'; '.join(unknown)}." if unknown else ""))
    gone = [f"{r.name} ({r.status})" for r in figure.rows if r.median is None and r.status != "ok"]
    if gone:
        said.append("Without a figure: " + ", ".join(gone) + ".")
    return said
