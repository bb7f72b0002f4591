"""The morning report: what happened, whether it was worth it, and what to do next.

    replay ─► view (facts) ─► summary (arithmetic) ─► document (words) ─► page, markdown, results block
                         └──► charts (pictures, only when altair is installed) ─┘

Rules of this package:
- The verdict comes first, then what is to be done, then the evidence.
- Facts, words and layout are three things: `view` knows no language, `document` no markup, the writers
  no facts.
- Everything quoted from a run goes through `safe.clean`; nothing in a page can run or reach the network.
"""
