# Copyright (c) 2026 mailtls.relay contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The picture of benchmarks/ssh.py, drawn without a library."""

from __future__ import annotations

# REUSE-IgnoreStart
LICENCE = [
    "<!-- SPDX-FileCopyrightText: 2026 mailtls.relay contributors -->",
    "<!-- SPDX-License-Identifier: GPL-3.0-or-later -->",
]
# REUSE-IgnoreEnd


def draw(points: list[tuple[int, float]]) -> str:
    """The picture: seconds over hosts, and how it would be if each host took as long as the first."""
    width, height, left, top, right, low = 640, 400, 60, 40, 620, 350
    most = max(seconds for _count, seconds in points)
    alone = points[0][1] / points[0][0]
    step = next(one for one in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if most / one <= 8)
    ceiling = step * (int(most / step) + 1)

    def place(count: float, seconds: float) -> str:
        return f"{left + (right - left) * count / points[-1][0]:.1f},{low - (low - top) * seconds / ceiling:.1f}"

    def text(x: float, y: float, words: str, anchor: str = "middle") -> str:
        return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'

    def line(start: str, end: str, look: str) -> str:
        (x1, y1), (x2, y2) = start.split(","), end.split(",")
        return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" {look}/>'

    parts = [text((left + right) / 2, 22, "Second run of tls_identity and sendmail over SSH, five hosts at a time")]
    for seconds in range(0, ceiling + 1, step):
        parts.append(line(place(0, seconds), place(points[-1][0], seconds), 'stroke="#ddd"'))
        parts.append(text(left - 8, float(place(0, seconds).split(",")[1]) + 4, f"{seconds} s", "end"))
    for count, seconds in points:
        x, y = map(float, place(count, seconds).split(","))
        # The smallest ones stand too close for a name each.
        if count in (1, 5) or count >= 10:
            parts.append(text(x, low + 18, str(count)))
        parts.append(f'<circle cx="{x}" cy="{y}" r="4" fill="#0b62a4"/>')
        if count >= 10:
            parts.append(text(x - 8, y - 8, f"{seconds:.0f} s", "end"))
    parts.append(text((left + right) / 2, low + 38, "hosts"))
    end = min(points[-1][0], ceiling / alone)
    parts.append(line(place(0, 0), place(end, end * alone), 'stroke="#999" stroke-dasharray="6 4"'))
    parts.append(text(right - 8, low - 10, "dashed: one host after the other", "end"))
    path = " ".join(place(*point) for point in points)
    parts.append(f'<polyline points="{path}" fill="none" stroke="#0b62a4" stroke-width="2"/>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
    head += ' font-family="sans-serif" font-size="13">'
    return "\n".join([head, *LICENCE, f'<rect width="{width}" height="{height}" fill="white"/>', *parts, "</svg>\n"])
