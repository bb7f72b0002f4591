"""Pictures of a run as inline SVG: no script, no font, no colour of their own.

Rules:
- A chart is drawn twice, for a wide page and for a phone; the page shows the one that fits. Text that is
  scaled down with the picture cannot be read on a phone.
- Colours are the page's: each one becomes a CSS variable, so light and dark follow the reader.
- No chart draws more points than the eye can tell apart; records, bests and failures are never thinned out.
- A chart without data is not drawn.
"""
